"""Where the backend is and who asks, from the environment and from the user's file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from exportkit.clients import Connection
from exportkit.clients.credentials import Family, headers_for
from exportkit.errors import UsageError


def stored(home: Path, mode: int = 0o600, **values: Any) -> Path:
    path = home / ".synapse" / "config.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(values))
    path.chmod(mode)
    return path


def test_the_environment_alone_gives_a_connection(tmp_path: Path) -> None:
    found = Connection.of_environment(
        {
            "SYNAPSE_HOST": "https://API.example:8443/base/",
            "SYNAPSE_ACCESS_TOKEN": "syn_1",
            "SYNAPSE_PLUGIN_RUN_USER_TOKEN": "user",
            "SYNAPSE_PLUGIN_RUN_TENANT": "acme",
            "SYNAPSE_PLUGIN_RUN_URL_HOST": "internal",
            "SYNAPSE_BACKEND_V2_ACCESS_TOKEN": "syn_2",
            "SYNAPSE_BACKEND_V2_DRF_TOKEN": "drf",
            "SYNAPSE_BACKEND_V2_TENANT": "acme2",
            "SYNAPSE_BACKEND_V2_TIMEOUT_READ": "12",
            "SYNAPSE_BACKEND_V2_TIMEOUT_CONNECT": "2.5",
        },
        home=tmp_path,
    )
    assert found is not None
    assert found.host == "https://api.example:8443/base"
    assert found.origin == ("https", "api.example", 8443)
    assert (found.read_timeout, found.connect_timeout, found.url_host) == (12.0, 2.5, "internal")
    assert headers_for(found, Family.V1) == {
        "Synapse-Access-Token": "Token syn_1",
        "Authorization": "Token user",
        "Synapse-Tenant": "Token acme",
    }
    assert headers_for(found, Family.V2) == {
        "SYNAPSE-ACCESS-TOKEN": "syn_2",
        "Authorization": "Token drf",
        "SYNAPSE-Tenant": "Token acme2",
    }


def test_the_tenant_of_the_second_interface_may_be_sent_bare() -> None:
    bare = Connection("https://a.example", tenant="acme", tenant_token_prefix=False)
    assert headers_for(bare, Family.V2) == {"SYNAPSE-Tenant": "acme"}
    assert headers_for(bare, Family.V1) == {"Synapse-Tenant": "Token acme"}


def test_the_users_file_completes_the_environment(tmp_path: Path) -> None:
    stored(tmp_path, host="https://a.example", access_token="file", tenant="t")
    found = Connection.of_environment({"SYNAPSE_PLUGIN_RUN_TENANT": "mine"}, home=tmp_path)
    assert found is not None
    assert (found.host, found.tenant) == ("https://a.example", "mine")
    assert found.access_token == SecretStr("file")


def test_tokens_of_the_file_do_not_go_to_another_host(tmp_path: Path) -> None:
    stored(tmp_path, host="https://a.example", access_token="file", user_token="u")
    assert Connection.of_environment({"SYNAPSE_HOST": "https://b.example"}, home=tmp_path) is None
    assert Connection.of_environment({"SYNAPSE_HOST": "https://A.example/"}, home=tmp_path) is not None


@pytest.mark.parametrize("environ", [{}, {"SYNAPSE_HOST": "https://a.example"}, {"SYNAPSE_ACCESS_TOKEN": "x"}])
def test_without_host_or_token_there_is_no_connection(tmp_path: Path, environ: dict[str, str]) -> None:
    assert Connection.of_environment(environ, home=tmp_path) is None


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_file_with_tokens_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    stored(tmp_path, mode, host="https://a.example", access_token="canary")
    with pytest.raises(UsageError, match="chmod 600") as caught:
        Connection.of_environment({}, home=tmp_path)
    assert "canary" not in str(caught.value)
    token = tmp_path / "token"
    token.write_text("canary\n")
    token.chmod(mode)
    with pytest.raises(UsageError, match="chmod 600"):
        Connection.of_environment({"SYNAPSE_HOST": "https://a.example"}, home=tmp_path, token_file=token)


def test_a_token_file_replaces_every_token_of_the_environment(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("  syn_file\n")
    token.chmod(0o600)
    environ = {
        "SYNAPSE_HOST": "https://a.example",
        "SYNAPSE_ACCESS_TOKEN": "old",
        "SYNAPSE_BACKEND_V2_DRF_TOKEN": "old",
    }
    found = Connection.of_environment(environ, home=tmp_path, token_file=token)
    assert found is not None
    assert headers_for(found, Family.V1) == {"Synapse-Access-Token": "Token syn_file"}
    assert headers_for(found, Family.V2) == {"SYNAPSE-ACCESS-TOKEN": "syn_file"}


def test_a_token_file_replaces_every_token_of_the_users_file_too(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("syn_file\n")
    token.chmod(0o600)
    stored(tmp_path, host="https://a.example", access_token="other", user_token="other", tenant="t")
    found = Connection.of_environment({}, home=tmp_path, token_file=token)
    assert found is not None
    assert (found.host, found.tenant, found.user_token) == ("https://a.example", "t", None)
    assert found.access_token == SecretStr("syn_file")


@pytest.mark.parametrize("content", [b"", b"  \n", b"\xff\xfe", b"a\nb", "schlüssel".encode()])
def test_a_token_file_without_a_token_is_refused(tmp_path: Path, content: bytes) -> None:
    token = tmp_path / "token"
    token.write_bytes(content)
    token.chmod(0o600)
    with pytest.raises(UsageError, match="token file"):
        Connection.of_environment({"SYNAPSE_HOST": "https://a.example"}, home=tmp_path, token_file=token)


@pytest.mark.parametrize("content", ["[]", "{", '{"host": 1}', "[" * 100_000])
def test_a_file_that_is_no_object_of_texts_is_refused(tmp_path: Path, content: str) -> None:
    path = stored(tmp_path)
    path.write_text(content)
    with pytest.raises(UsageError, match=r"config\.json"):
        Connection.of_environment({}, home=tmp_path)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "a.example",
        "ftp://a.example",
        "https://",
        "https://u:p@a.example",
        "https://a.example?x=1",
        "https://a b",
        "https://a:0",
        "https://a:99999",
    ],
)
def test_a_host_that_is_no_address_is_refused(host: str) -> None:
    with pytest.raises(UsageError):
        Connection(host)


@pytest.mark.parametrize("value", ["abc", "0", "-1", "inf", "nan"])
def test_a_time_out_that_is_none_is_refused(tmp_path: Path, value: str) -> None:
    environ = {"SYNAPSE_HOST": "https://a", "SYNAPSE_ACCESS_TOKEN": "x", "SYNAPSE_BACKEND_V2_TIMEOUT_READ": value}
    with pytest.raises(UsageError, match="SYNAPSE_BACKEND_V2_TIMEOUT_READ"):
        Connection.of_environment(environ, home=tmp_path)


def test_no_token_shows_in_a_connection() -> None:
    made = Connection("https://a.example", access_token=SecretStr("canary"), user_token=SecretStr("canary"))
    assert "canary" not in f"{made!r} {made}"
