"""Requests reach the backend's origin alone, carry the credentials of their family, and are bounded in every way."""

from __future__ import annotations

import gzip
import http.cookies
import logging
import pickle
import socket
import time
from email.utils import formatdate
from pathlib import Path

import httpx2
import pytest
from tests.clients.loopback import Answer, Loopback, as_json, connection_to, served

from exportkit.clients import ApiSession, BackendClient, BackendClientV2, ConnectedBackend, Connection
from exportkit.clients.api_session import decoded
from exportkit.clients.client_errors import (
    AnswerTooLarge,
    AuthenticationError,
    AuthorizationError,
    ClientConnectionError,
    ClientError,
    ClientResponseIncompleteError,
    ClientTimeoutError,
    GpuUnavailableError,
    HostileAnswer,
    HostilePaging,
    HTTPError,
    NotFoundError,
    RateLimitError,
    ServerError,
    ValidationError,
)
from exportkit.clients.credentials import Family
from exportkit.testing import FaultyTransport

CANARIES = ("canary-access", "canary-user", "canary-agent")


def test_each_family_gets_its_own_syntax_and_nothing_else(backend: Loopback, clients: ConnectedBackend) -> None:
    backend.on("/projects/1/", as_json({"id": 1}))
    backend.on("/v2/async_jobs/j/", as_json({"data": {"id": "j"}, "meta": {}}))
    clients.v1.get_project(1)
    clients.v2.async_jobs.retrieve("j")
    first, second = (asked.headers for asked in backend.asked)
    assert first["synapse-access-token"] == "Token syn_canary-access"
    assert first["authorization"] == "Token canary-user"
    assert first["synapse-tenant"] == "Token acme"
    assert first["synapse-agent"] == "Token canary-agent"
    assert second["synapse-access-token"] == "syn_canary-access"
    assert second["authorization"] == "Token canary-user"
    assert "synapse-agent" not in second


def test_a_mark_of_the_way_in_goes_with_every_request_once(backend: Loopback) -> None:
    url = f"{backend.url}/sdk/tasks/?project=1&page=2&url_host=internal"
    backend.on("/sdk/tasks/", as_json({"results": [], "next": url}), as_json({"results": [], "next": None}))
    with BackendClient.connected(connection_to(backend.url, url_host="internal")) as client:
        assert list(client.rows("task", {"project": 1})) == []
    assert [[value for key, value in asked.query if key == "url_host"] for asked in backend.asked] == [["internal"]] * 2


def test_a_base_with_a_path_is_kept(backend: Loopback) -> None:
    backend.on("/base/projects/1/", as_json({"id": 1}))
    with BackendClient.connected(connection_to(backend.url + "/base/")) as client:
        assert client.get_project(1) == {"id": 1}


def test_cookies_are_not_kept(backend: Loopback, clients: ConnectedBackend) -> None:
    cookie = http.cookies.SimpleCookie({"session": "1"})["session"].OutputString()
    backend.on("/projects/1/", as_json({"id": 1}, Set_Cookie=cookie))
    clients.v1.get_project(1)
    clients.v1.get_project(1)
    assert "cookie" not in backend.asked[1].headers


def test_netrc_and_proxies_of_the_environment_are_left_alone(
    backend: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login u password p\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    backend.on("/projects/1/", as_json({"id": 1}))
    with BackendClient.connected(Connection(backend.url, tenant="acme")) as client:
        client.get_project(1)
    assert "authorization" not in backend.asked[0].headers


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(backend: Loopback, clients: ConnectedBackend, status: int) -> None:
    foreign = Loopback()
    with served(foreign) as url:
        backend.on("/projects/1/", Answer(status=status, headers={"Location": f"{url}/projects/1/?x=secret"}))
        with pytest.raises(HostileAnswer, match="redirection") as caught:
            clients.v1.get_project(1)
    assert foreign.asked == []
    assert caught.value.exit_code == 4
    assert "secret" not in str(caught.value)
    assert len(backend.asked) == 1


@pytest.mark.parametrize(
    "target",
    [
        "http://evil.example/sdk/tasks/",
        "//evil.example/sdk/tasks/",
        "https://127.0.0.1:{port}/",
        "http://127.0.0.1:1/",
        "http://127.0.0.1:{port}@evil.example/",
        "http://u:p@127.0.0.1:{port}/",
        "http://127.0.0.1:{port}\\@evil.example/",
        "\\\\evil.example/",
        "http://evil.example:{port}/",
        "http://127.0.0.1.evil.example:{port}/",
        "http://127.0.0.1:{port}.evil.example/",
        "ftp://127.0.0.1:{port}/",
        "http://127.0.0.1:99999/",
        "http://[::1",
        "http://127.0.0.1:{port}/ x",
        "/a\r\nHost: evil.example",
    ],
)
def test_no_other_origin_is_ever_asked(backend: Loopback, clients: ConnectedBackend, target: str) -> None:
    port = backend.url.rpartition(":")[2]
    with pytest.raises(HostilePaging) as caught:
        clients.session.call("GET", target.format(port=port), family=Family.V1, read=len)
    assert caught.value.exit_code == 4
    assert backend.asked == []


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (400, ValidationError, 2),
        (401, AuthenticationError, 6),
        (403, AuthorizationError, 6),
        (404, NotFoundError, 2),
        (408, ClientTimeoutError, 5),
        (409, HTTPError, 2),
        (422, ValidationError, 2),
        (429, RateLimitError, 5),
        (500, ServerError, 5),
        (502, ServerError, 5),
        (503, ServerError, 5),
    ],
)
def test_each_status_has_its_error_and_exit_code(
    backend: Loopback, clients: ConnectedBackend, status: int, kind: type[ClientError], code: int
) -> None:
    backend.on("/projects/1/", as_json({"detail": "because."}, status))
    with pytest.raises(kind) as caught:
        clients.v1.get_project(1)
    assert caught.value.status_code == status
    assert caught.value.exit_code == code
    assert str(caught.value) == f"{status}: GET /projects/1/ was refused: because."
    again = pickle.loads(pickle.dumps(caught.value))
    assert (type(again), str(again), again.body) == (kind, str(caught.value), {"detail": "because."})


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"error": {"code": "c", "message": "m", "details": None}, "meta": {}}, "m"),
        ({"error": {"code": "c", "message": "m", "details": [{"field": "f.x", "message": "no"}]}}, "m; f.x: no"),
        ({"error": {"code": "c"}}, "c"),
        ({"project": ["is unknown", "is odd"]}, "project: is unknown, is odd"),
        ("text", "text"),
        (["x"], "Bad Request"),
        ({"error": {"message": "a\u001b[31m\nb"}}, "a [31m b"),
        ({"detail": "see https://s3.example/a?X-Sig=secret now"}, "see https://s3.example/a now"),
        ({"detail": "the token syn_canary-access is old"}, "the token *** is old"),
        ({"detail": "x" * 1000}, "x" * 300),
    ],
)
def test_the_servers_words_reach_the_user_in_one_line_without_secrets(
    backend: Loopback, clients: ConnectedBackend, body: object, words: str
) -> None:
    backend.on("/projects/1/", as_json(body, 400))
    with pytest.raises(ValidationError) as caught:
        clients.v1.get_project(1)
    assert str(caught.value) == f"400: GET /projects/1/ was refused: {words}."


@pytest.mark.parametrize("body", [b"<html>", b"[1]", b"", b"{", b'{"a": "\xff"}', b"null"])
def test_what_is_not_the_expected_json_is_asked_for_again_and_then_a_temporary_failure(
    backend: Loopback, clients: ConnectedBackend, body: bytes
) -> None:
    backend.on("/projects/1/", Answer(body))
    with pytest.raises(ClientResponseIncompleteError) as caught:
        clients.v1.get_project(1)
    assert caught.value.exit_code == 5
    assert len(backend.asked) == 4


def test_a_nest_without_end_is_refused(backend: Loopback, clients: ConnectedBackend) -> None:
    for depth in (1_500, 100_000):
        backend.on("/projects/1/", Answer(b'{"a":' + b"[" * depth + b"]" * depth + b"}"))
        with pytest.raises(AnswerTooLarge, match="deeper") as caught:
            clients.v1.get_project(1)
        assert caught.value.exit_code == 4
    assert len(backend.asked) == 2


def test_an_answer_is_bounded_by_its_decoded_size(backend: Loopback) -> None:
    bomb = gzip.compress(b" " * (8 << 20) + b"{}")
    assert len(bomb) < 20_000
    backend.on("/projects/1/", Answer(bomb, headers={"Content-Encoding": "gzip"}))
    with ApiSession(connection_to(backend.url), most=1 << 20) as session, pytest.raises(AnswerTooLarge):
        session.call("GET", "/projects/1/", family=Family.V1, read=len)
    with ApiSession(connection_to(backend.url)) as session:
        assert session.call("GET", "/projects/1/", family=Family.V1, read=decoded(dict)) == {}


def test_an_encoding_that_cannot_be_read_is_refused(backend: Loopback, clients: ConnectedBackend) -> None:
    backend.on("/projects/1/", Answer(b"no gzip", headers={"Content-Encoding": "gzip"}))
    with pytest.raises(HostileAnswer):
        clients.v1.get_project(1)


def test_an_answer_that_trickles_for_ever_is_given_up(backend: Loopback) -> None:
    now = [0.0]

    def clock() -> float:
        now[0] += 30
        return now[0]

    backend.on("/projects/1/", Answer(chunks=(b" ", 0.01) * 60 + (b"{}",)))
    with (
        ConnectedBackend(connection_to(backend.url), clock=clock, sleep=lambda _: None) as clients,
        pytest.raises(ClientTimeoutError, match="more than 600 seconds"),
    ):
        clients.v1.get_project(1)


def test_a_silent_server_is_given_up_by_the_read_time_out(backend: Loopback) -> None:
    backend.on("/projects/1/", Answer(chunks=(b"{", 30.0, b"}")))
    connection = connection_to(backend.url, read_timeout=0.2)
    with ConnectedBackend(connection, sleep=lambda _: None) as clients, pytest.raises(ClientTimeoutError):
        clients.v1.get_project(1)
    assert len(backend.asked) == 4


def test_nobody_there_is_a_temporary_failure_that_names_the_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    waits: list[float] = []
    with (
        ConnectedBackend(connection_to(f"http://127.0.0.1:{port}"), sleep=waits.append) as clients,
        pytest.raises(ClientConnectionError, match="SYNAPSE_HOST") as caught,
    ):
        clients.v1.get_project(1)
    assert caught.value.exit_code == 5
    assert not caught.value.was_sent
    assert len(waits) == 3


def test_log_entries_that_may_have_arrived_are_not_sent_twice_but_a_jobs_state_may_be(backend: Loopback) -> None:
    inner = httpx2.HTTPTransport()
    backend.on("/logs/", as_json({}))
    backend.on("/jobs/7/../8/", as_json({}))
    faulty = FaultyTransport(inner, {1: httpx2.ReadTimeout, 3: httpx2.ConnectError}, after_answer=True)
    with ConnectedBackend(connection_to(backend.url), transport=faulty, sleep=lambda _: None) as clients:
        with pytest.raises(ClientResponseIncompleteError):
            clients.v1.create_logs({"event": "message"})
        clients.v1.create_logs([{"event": "message"}])
        clients.v1.update_job("7/../8", {"status": "RUNNING"})
    assert [asked.json for asked in backend.to("/logs/")] == [{"event": "message"}, [{"event": "message"}]]
    assert len(backend.to("/jobs/7/../8/")) == 2


def test_clocks_that_differ_are_told_once(
    backend: Loopback, clients: ConnectedBackend, caplog: pytest.LogCaptureFixture
) -> None:
    backend.on("/projects/1/", as_json({"id": 1}, Date=formatdate(time.time() - 1200, usegmt=True)))
    clients.v1.get_project(1)
    clients.v1.get_project(1)
    told = [record.getMessage() for record in caplog.records if "clocks" in record.getMessage()]
    assert len(told) == 1
    assert "20 minutes" in told[0]
    assert clients.session.clock_skew == pytest.approx(-1200, abs=5)


def test_no_secret_is_in_any_log_or_error(
    backend: Loopback, clients: ConnectedBackend, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    backend.on("/projects/1/", as_json({"id": 1}), as_json({"detail": "syn_canary-access"}, 401), Answer(b"", 500))
    texts = [repr(clients.session), repr(vars(clients.connection)), repr(clients.v1)]
    clients.v1.get_project(1)
    for _ in range(2):
        with pytest.raises(ClientError) as caught:
            clients.v1.get_project(1)
        error: BaseException | None = caught.value
        while error is not None:
            texts.append(f"{error!r} {error}")
            error = error.__cause__
    everything = caplog.text + "".join(texts)
    assert not [canary for canary in CANARIES if canary in everything]


def test_both_clients_end_with_their_session(backend: Loopback) -> None:
    with BackendClientV2.connected(connection_to(backend.url)) as client:
        backend.on("/v2/capabilities/", as_json({"data": {"streams": ["ndjson"]}, "meta": {}}))
        assert client.streams_rows
    with pytest.raises(RuntimeError):
        client.async_jobs.retrieve("x")


def test_a_device_that_is_not_free_has_its_own_error(backend: Loopback, clients: ConnectedBackend) -> None:
    backend.on("/projects/1/", as_json({"detail": "none", "error_type": "gpu_unavailable"}, 503))
    with pytest.raises(GpuUnavailableError):
        clients.v1.get_project(1)
