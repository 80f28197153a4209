"""Object stores that are down, slow, elsewhere, or not what they seem."""

from __future__ import annotations

import errno
import os
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from email.utils import formatdate
from http.client import HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.clients.loopback import connection_to
from tests.clients.object_store import Store, body

from exportkit.clients import BackendClient, RetryBudget
from exportkit.clients.address_policy import AddressPolicy, AddressRefused
from exportkit.clients.client_errors import CertificateRefused
from exportkit.clients.download import Download
from exportkit.clients.objects import FetchFailed, ObjectFetcher, ObjectGone

DOCUMENT = b'{"annotations": []}'


Fetching = Callable[..., ObjectFetcher]


@pytest.fixture
def fetcher_with() -> Iterator[Fetching]:
    """Makes fetchers that do not wait, and closes them."""
    made: list[ObjectFetcher] = []

    def make(policy: AddressPolicy | None = None, **more: Any) -> ObjectFetcher:
        made.append(ObjectFetcher(policy or AddressPolicy(), **{"sleep": lambda _: None, **more}))
        return made[-1]

    yield make
    for fetcher in made:
        fetcher.close()


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.mark.parametrize("number", [errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN])
def test_a_way_that_is_lost_within_an_answer_is_taken_again(
    store: Store, fetcher_with: Fetching, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    read1, failures = HTTPResponse.read1, iter([OSError(number, os.strerror(number))])

    def failing(response: HTTPResponse, size: int) -> bytes:
        for failure in failures:
            raise failure
        return read1(response, size)

    monkeypatch.setattr(HTTPResponse, "read1", failing)
    assert fetcher_with().json(store.serve("/a", DOCUMENT)) == {"annotations": []}
    assert len(store.asked) == 2


def test_a_disk_that_is_full_is_no_failure_of_the_host(
    store: Store, fetcher_with: Fetching, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(*_: Any) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Download, "write", full)
    with (tmp_path / "f").open("wb") as file, pytest.raises(OSError, match="No space") as caught:
        fetcher_with().file(store.serve("/a", DOCUMENT), file.fileno())
    assert caught.value.errno == errno.ENOSPC
    assert len(store.asked) == 1


def test_a_host_that_is_down_keeps_nobody_else_waiting(store: Store, fetcher_with: Fetching) -> None:
    now = [0.0]
    fetcher = fetcher_with(clock=lambda: now[0])
    down = f"http://127.0.0.1:{closed_port()}/a"
    with pytest.raises(FetchFailed, match="cannot be reached"):
        fetcher.json(down)
    with pytest.raises(FetchFailed, match="was not asked, since its host failed 5 times"):
        fetcher.json(down)
    assert fetcher.json(store.serve("/a", DOCUMENT)) == {"annotations": []}


def test_a_host_that_is_up_again_is_asked_again(store: Store, fetcher_with: Fetching) -> None:
    now = [0.0]
    fetcher = fetcher_with(clock=lambda: now[0])
    port = closed_port()
    with pytest.raises(FetchFailed):
        fetcher.json(f"http://127.0.0.1:{port}/a")
    now[0] = 31.0
    server = ThreadingHTTPServer(("127.0.0.1", port), _handler_of(DOCUMENT))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        assert fetcher.json(f"http://127.0.0.1:{port}/a") == {"annotations": []}
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_retries_come_out_of_the_budget_of_the_run(store: Store, fetcher_with: Fetching) -> None:
    budget = RetryBudget(share=0, least=2)
    fetcher = fetcher_with(budget=budget)
    with pytest.raises(FetchFailed, match="retries of this run are spent"):
        fetcher.json(store.serve("/a", body(b"", 503)))
    assert len(store.asked) == 3
    assert budget.retries == 2


def test_a_body_that_trickles_is_given_up(store: Store, fetcher_with: Fetching) -> None:
    now = [0.0]

    def clock() -> float:
        now[0] += 40
        return now[0]

    def trickle(request: Any) -> None:
        request.send_response(200)
        request.send_header("Content-Length", "20")
        request.end_headers()
        for _ in range(20):
            request.wfile.write(b" ")
            request.wfile.flush()
            time.sleep(0.005)

    with pytest.raises(FetchFailed, match="slower than"):
        fetcher_with(clock=clock, attempts=2).json(store.serve("/a", trickle))


def test_a_body_above_the_limit_is_refused_before_and_while_it_comes(
    store: Store, monkeypatch: pytest.MonkeyPatch, fetcher_with: Fetching
) -> None:
    monkeypatch.setattr("exportkit.clients.objects._MOST_PAYLOAD", 1000)

    def unannounced(request: Any) -> None:
        request.send_response(200)
        request.send_header("Connection", "close")
        request.end_headers()
        request.wfile.write(b" " * 2000)
        request.close_connection = True

    for answer in (body(b" " * 2000), unannounced):
        with pytest.raises(FetchFailed, match="1000"):
            fetcher_with().json(store.serve("/a", answer))
    assert len(store.asked) == 2


def test_an_encoding_that_was_not_asked_for_is_refused(store: Store, fetcher_with: Fetching) -> None:
    with pytest.raises(FetchFailed, match="encoding"):
        fetcher_with().json(store.serve("/a", body(b"\x1f\x8b", Content_Encoding="gzip")))
    assert store.asked[0][1]["Accept-Encoding"] == "identity"


def test_a_page_in_the_place_of_a_file_is_refused_and_a_page_that_is_meant_is_not(
    store: Store, tmp_path: Path, fetcher_with: Fetching
) -> None:
    page = body(b"<html>", Content_Type="text/html; charset=utf-8")
    for path, is_meant in (("/a.jpg", False), ("/a.html", True)):
        descriptor = os.open(tmp_path / path[1:], os.O_RDWR | os.O_CREAT)
        try:
            if is_meant:
                assert fetcher_with().file(store.serve(path, page), descriptor) == 6
            else:
                with pytest.raises(FetchFailed, match="page for people"):
                    fetcher_with().file(store.serve(path, page), descriptor)
        finally:
            os.close(descriptor)


def test_a_nest_without_end_is_refused_at_once(store: Store, fetcher_with: Fetching) -> None:
    with pytest.raises(FetchFailed, match="deeper"):
        fetcher_with().json(store.serve("/a", b"[" * 100_000 + b"]" * 100_000))
    assert len(store.asked) == 1


def test_clocks_that_differ_are_told_beside_a_dead_url(store: Store, fetcher_with: Fetching) -> None:
    late = formatdate(time.time() + 3600, usegmt=True)

    def answer(request: Any) -> None:
        request.send_response_only(403)
        request.send_header("Date", late)
        request.send_header("Content-Length", "0")
        request.end_headers()

    with pytest.raises(ObjectGone, match="differs from ours by 60 minutes"):
        fetcher_with().json(store.serve("/a", answer))


def test_a_backend_elsewhere_leads_nobody_to_this_machine(store: Store, fetcher_with: Fetching) -> None:
    url = store.serve("/a", DOCUMENT)
    for remote in ("https://api.example", "http://10.0.0.9:8000"):
        with pytest.raises(AddressRefused, match="this machine"):
            fetcher_with(AddressPolicy.for_backend(remote)).json(url)
    assert store.asked == []
    for near in ("http://127.0.0.1:1", "http://localhost:8000", ""):
        assert fetcher_with(AddressPolicy.for_backend(near)).json(url) == {"annotations": []}


def test_a_host_that_the_user_named_is_asked_wherever_it_is(
    store: Store, monkeypatch: pytest.MonkeyPatch, fetcher_with: Fetching
) -> None:
    monkeypatch.setenv("EXPORTKIT_ALLOWED_HOSTS", "127.0.0.1")
    policy = AddressPolicy.for_backend("https://api.example")
    assert fetcher_with(policy).json(store.serve("/a", DOCUMENT)) == {"annotations": []}


@pytest.mark.parametrize(
    "host", ["0177.0.0.1", "0x7f.1", "2130706433", "127.1", "0", "[::ffff:127.0.0.1]", "[::]", "0.0.0.0"]
)
def test_an_odd_way_to_write_this_machine_is_not_its_name(store: Store, host: str, fetcher_with: Fetching) -> None:
    port = store.url.rpartition(":")[2]
    with pytest.raises((AddressRefused, FetchFailed)):
        fetcher_with(attempts=1).json(f"http://{host}:{port}/a")
    assert store.asked == []


# -- TLS -----------------------------------------------------------------------------------------------------


def _handler_of(content: bytes) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Tests need no log."""

    return Handler


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """An HTTPS server whose certificate nobody knows, and that certificate."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate and is not installed")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(b'{"id": 1}'))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}", certificate
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_certificate_that_nobody_knows_is_not_believed(secure: tuple[str, Path], fetcher_with: Fetching) -> None:
    url, _ = secure
    with BackendClient.connected(connection_to(url)) as client, pytest.raises(CertificateRefused, match="--cacert"):
        client.get_project(1)
    with pytest.raises(FetchFailed, match="--cacert"):
        fetcher_with().json(f"{url}/a")


def test_a_certificate_that_the_user_trusts_is_believed(secure: tuple[str, Path], fetcher_with: Fetching) -> None:
    url, certificate = secure
    with BackendClient.connected(connection_to(url, cacert=certificate)) as client:
        assert client.get_project(1) == {"id": 1}
    assert fetcher_with(cacert=certificate).json(f"{url}/a") == {"id": 1}
