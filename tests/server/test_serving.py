"""Starting and ending: what is announced, what is refused, what is left behind."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.server.served import launched, start, write_bundle

from exportkit.cli.main import main
from exportkit.errors import SettingRefused
from exportkit.server.serving import _listening
from exportkit.server.settings import ServerSettings

LINE: dict[str, Any] = {"id": 1, "data": {"annotations": []}}


def refusal(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str]:
    """Exit code and sentence of a server that does not start."""
    with pytest.raises(SystemExit) as ended:
        main(["serve", "--port", "0", *map(str, words)])
    assert isinstance(ended.value.code, int)
    said = capsys.readouterr()
    assert said.out == ""
    assert "Traceback" not in said.err
    return ended.value.code, said.err


def test_the_first_line_tells_everything_a_client_needs(tmp_path: Path, bundle: Path) -> None:
    with start("--load", bundle, "--data", tmp_path) as server:
        project = server.get(f"/projects/{server.project}/")
        assert project["configuration"] == {"classification": {}}
        version = server.get(f"/ground_truth_dataset_versions/{server.version}/")
        assert version["is_released"] is False
        dataset = server.get(f"/v2/ground-truth-datasets/{version['ground_truth_dataset']['id']}/")["data"]
        assert dataset["project_id"] == server.project
        session = server.post(f"/storages/{server.storage}/session/", {"purpose": "write"})
        location = session.pop("configuration")["location"]
        assert Path(location).is_absolute()
        assert Path(location).is_dir()
        assert session == {"provider": "file_system", "expires_at": None, "contract_version": 1}
        server.post(f"/storages/{server.storage}/session/", {"purpose": "destroy"}, 400)
        shown = server.get(f"/storages/{server.storage}/", with_configuration="true")
        assert shown["configuration"] == {"location": location}
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(30) == 0
    assert server.told == []


def test_a_bundle_that_was_loaded_is_found_again(tmp_path: Path, bundle: Path) -> None:
    with start("--load", bundle, "--data", tmp_path) as server:
        first = server.announced
    with start("--load", bundle, "--data", tmp_path) as server:
        again = server.announced
        assert server.get("/sdk/tasks/")["count"] == 25
    assert first == again.through(first.url)


def test_the_classification_of_a_manifest_becomes_that_of_the_project(tmp_path: Path) -> None:
    classes = {"bounding_box": {"classification_schema": [{"code": "car"}]}}
    loaded = write_bundle(tmp_path / "b", [LINE], classification=classes)
    with start("--load", loaded, "--data", tmp_path / "d") as server:
        assert server.get(f"/projects/{server.project}/")["configuration"] == {"classification": classes}


def test_without_a_folder_nothing_is_left_behind(bundle: Path) -> None:
    with start("--load", bundle) as server:
        data = server.folder.parent.parent
        assert data.stat().st_mode & 0o077 == 0
    assert not data.exists()


def test_exports_in_a_folder_that_nobody_named_are_kept(bundle: Path) -> None:
    import shutil

    with start("--load", bundle) as server:
        data = server.folder.parent.parent
        prefix = server.ended_job(server.enqueue())["data"]["manifest"]["prefix"]
        place = server.folder / prefix
    assert (place / "manifest.json").exists()
    shutil.rmtree(data)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_open_streams_do_not_hold_up_the_end(tmp_path: Path, bundle: Path, how: signal.Signals) -> None:
    with start("--load", bundle, "--data", tmp_path, "--workers", "0") as server:
        path = f"/v2/async_jobs/{server.enqueue()}/progress/"
        with server.client.stream("GET", path) as stream:
            lines = stream.iter_lines()
            assert next(lines).startswith("retry")
            server.process.send_signal(how)
            assert not any("completed" in line for line in lines)
        assert server.process.wait(30) == 0


def test_a_token_of_a_file_is_taken_and_kept_private(
    tmp_path: Path, bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    token = tmp_path / "token"
    token.write_text("my-own-token-of-enough-letters\n")
    token.chmod(0o644)
    code, said = refusal(capsys, "--token-file", token)
    assert (code, "chmod 600" in said) == (2, True)
    token.chmod(0o600)
    with start("--load", bundle, "--data", tmp_path / "d", "--token-file", token) as server:
        assert server.announced.token == "my-own-token-of-enough-letters"
        assert server.get("/v2/capabilities/")["data"]["streams"] == ["ndjson"]


def test_a_public_address_is_refused_without_certificate_and_token(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (("--host", "0.0.0.0"), ("--host", "::"), ("--host", "192.0.2.1", "--tls-cert", "c")):
        code, said = refusal(capsys, *words)
        assert code == 2
        assert "--token-file" in said


@pytest.mark.parametrize(
    ("lines", "place", "what"),
    [
        ([LINE, {"id": "a", "data": {}}], "line 2", "id"),
        ([{"id": 2**63, "data": {}}], "line 1", "id"),
        ([{"id": 1.5, "data": {}}], "line 1", "id"),
        ([{"id": True, "data": {}}], "line 1", "id"),
        ([{"data": {}}], "line 1", "id"),
        ([LINE, {"id": 2}, LINE], "line 3", "id 1"),
        ([{"id": 1, "pgh_id": 5}, {"id": 2, "pgh_id": 5}], "line 2", "pgh_id 5"),
        ([{"id": 1, "pgh_id": "x"}], "line 1", "pgh_id"),
        ([LINE, b"[1]"], "line 2", "object"),
        ([LINE, b"{"], "line 2", "JSON"),
        ([b'{"id":1,"data":{"x":NaN}}'], "line 1", "finite"),
        ([b'{"id":1,"data":{"x":1e999}}'], "line 1", "finite"),
        ([b'{"id":1,"data":{"x":"\xff"}}'], "line 1", "UTF-8"),
        ([b'{"id":1,"data":' + b"[" * 300 + b"]" * 300 + b"}"], "line 1", "nests"),
        ([b'{"id":1,"data":{"x":"\\ud800"}}'], "line 1", "surrogate"),
    ],
)
def test_what_rows_cannot_hold_is_refused_with_file_and_line_and_leaves_no_row(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], lines: list[Any], place: str, what: str
) -> None:
    code, said = refusal(capsys, "--load", write_bundle(tmp_path / "b", lines), "--data", tmp_path / "d")
    assert code == 4
    assert "part-00001.jsonl" in said
    assert place in said.lower()
    assert what in said
    import sqlite3

    database = sqlite3.connect(tmp_path / "d" / "exportkit.db")
    assert [database.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in ("task", "document")] == [0, 0]
    database.close()


def test_an_id_of_another_bundle_is_refused_in_its_tenant_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with start("--load", write_bundle(tmp_path / "a", [LINE]), "--data", tmp_path / "d"):
        pass
    other = write_bundle(tmp_path / "b", [{"id": 1, "data": {"annotations": [1]}}])
    code, said = refusal(capsys, "--load", other, "--data", tmp_path / "d")
    assert (code, "--tenant" in said) == (4, True)
    with start("--load", other, "--data", tmp_path / "d", "--tenant", "b") as server:
        assert server.get("/sdk/tasks/")["count"] == 1


@pytest.mark.parametrize(
    ("words", "code", "what"),
    [
        (("--load", "no-such-bundle"), 2, "no-such-bundle"),
        (("--database", "mysql://x/y"), 2, "PostgreSQL"),
        (("--database", "postgresql://nobody:canary@127.0.0.1:1/none"), 5, "does not answer"),
        (("--storage", "ftp://x"), 2, "s3://"),
        (("--tenant", "a b"), 2, "tenant"),
        (("--token-file", "no-such-file"), 2, "no-such-file"),
        (("--chaos", "no-such-file"), 2, "no-such-file"),
        (("--data", "/proc/none"), 7, "/proc/none"),
    ],
)
def test_a_mistake_of_the_command_line_is_one_plain_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], code: int, what: str
) -> None:
    found, said = refusal(capsys, *(("--data", str(tmp_path)) if "--data" not in words else ()), *words)
    assert found == code
    assert what in said
    assert "canary" not in said
    assert said.count("\n") == 1


def test_a_port_that_is_taken_is_told(tmp_path: Path, served: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["serve", "--port", served.url.rpartition(":")[2], "--data", str(tmp_path)])
    assert ended.value.code == 7
    assert "--port" in capsys.readouterr().err


def test_a_setting_that_is_none_is_refused_by_its_name() -> None:
    for name, value in (
        ("EXPORTKIT_SERVER_URL_SECONDS", "901"),
        ("TASK_INLINE_MAX_BYTES", "-1"),
        ("EXPORTKIT_SERVER_LEASE_SECONDS", "soon"),
    ):
        with pytest.raises(SettingRefused, match=name):
            ServerSettings.from_environment(data="d", database="x", storage=None, environment={name: value})


def test_the_failure_of_a_start_is_one_object_with_json(tmp_path: Path) -> None:
    process = launched("--load", tmp_path / "none", "--data", tmp_path / "d")
    try:
        told, _ = process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    assert json.loads(told)["exit_error"]["code"] == process.returncode == 2


def test_connections_send_what_they_have_at_once() -> None:
    """A socket that is not known to be of TCP waits 40 ms between the head and the body of every answer."""

    async def accepted() -> int:
        found: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            sock = writer.get_extra_info("socket")
            found.set_result(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        with _listening("127.0.0.1", 0) as listener:
            server = await asyncio.start_server(greet, sock=listener)
            _, writer = await asyncio.open_connection(*listener.getsockname())
            delay = await found
            writer.close()
            await writer.wait_closed()
            server.close()
            await server.wait_closed()
        return delay

    assert asyncio.run(accepted())
