"""The proxy breaks a connection exactly as planned, and leaves every other one alone."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from exportkit.testing import Fault, FaultProxy, FaultyTransport

BODY = bytes(range(256)) * 8


@pytest.fixture
def asked() -> list[str]:
    return []


@pytest.fixture
def proxy(asked: list[str]) -> Iterator[FaultProxy]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", str(len(BODY)))
            self.end_headers()
            self.wfile.write(BODY)

        def log_message(self, *_: Any) -> None:
            """The test reads what was asked."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    with FaultProxy(f"http://127.0.0.1:{server.server_port}") as made:
        yield made
    server.shutdown()
    server.server_close()
    thread.join()


def get(proxy: FaultProxy, timeout: float = 5.0) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=timeout)
    try:
        connection.request("GET", "/a", headers={"Connection": "close"})
        return connection.getresponse().read()
    finally:
        connection.close()


def raw(proxy: FaultProxy) -> tuple[bytes, bool]:
    """Every byte of an answer, and whether the connection was reset."""
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as connection:
        connection.sendall(b"GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        seen = b""
        try:
            while piece := connection.recv(65536):
                seen += piece
        except ConnectionResetError:
            return seen, True
    return seen, False


def test_nothing_planned_is_nothing_changed(proxy: FaultProxy) -> None:
    assert get(proxy) == BODY
    (passed,) = proxy.connections
    assert passed.request.startswith(b"GET /a")
    assert passed.answer.endswith(BODY)


@pytest.mark.parametrize("is_reset", [False, True])
@pytest.mark.parametrize("after", [0, 1, 17, 100, 500])
def test_an_answer_is_cut_at_the_byte(proxy: FaultProxy, after: int, is_reset: bool) -> None:
    proxy.plan(Fault(cut_answer_after=after, is_reset=is_reset))
    seen, was_reset = raw(proxy)
    assert was_reset == is_reset
    assert len(seen) == after or (is_reset and len(seen) <= after)
    assert get(proxy) == BODY


def test_a_request_is_cut_at_the_byte(proxy: FaultProxy, asked: list[str]) -> None:
    proxy.plan(Fault(cut_request_after=9))
    assert raw(proxy)[0] == b""
    assert proxy.connections[0].request == b"GET /a HT"
    assert asked == []


def test_an_answer_may_be_swallowed_after_the_server_gave_it(proxy: FaultProxy, asked: list[str]) -> None:
    proxy.plan(Fault(swallows_answer=True))
    assert raw(proxy) == (b"", False)
    assert asked == ["/a"]


def test_a_bit_is_turned_where_it_was_planned(proxy: FaultProxy) -> None:
    good, _ = raw(proxy)
    place = len(good) - 5
    proxy.plan(Fault(flip_answer_bit_at=place))
    bad, _ = raw(proxy)
    assert [position for position, (a, b) in enumerate(zip(good, bad, strict=True)) if a != b][-1] == place
    assert good[place] ^ bad[place] == 1


def test_a_connection_may_freeze(proxy: FaultProxy) -> None:
    proxy.plan(Fault(freeze_answer_after=200))
    with pytest.raises(TimeoutError):
        get(proxy, timeout=0.3)


def test_a_connection_may_be_refused_or_the_whole_host_be_down(proxy: FaultProxy) -> None:
    proxy.plan(Fault(refuses=True))
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        get(proxy)
    proxy.down()
    with pytest.raises(ConnectionRefusedError):
        get(proxy)
    proxy.up()
    assert get(proxy) == BODY


def test_the_end_of_an_answer_may_come_while_the_request_stays_open(proxy: FaultProxy) -> None:
    proxy.plan(Fault(cut_answer_after=30, is_half_close=True))
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as connection:
        connection.sendall(b"GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        seen = b""
        while piece := connection.recv(65536):
            seen += piece
        connection.sendall(b"still here")
    assert len(seen) == 30


def test_latency_and_bandwidth_change_no_byte(proxy: FaultProxy) -> None:
    proxy.always = Fault(latency=0.05, bandwidth=20_000)
    assert get(proxy) == BODY


def test_open_connections_can_be_dropped(proxy: FaultProxy) -> None:
    proxy.plan(Fault(freeze_answer_after=0))
    failures: list[Exception] = []

    def ask() -> None:
        try:
            get(proxy)
        except (OSError, http.client.HTTPException) as error:
            failures.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    while not proxy.connections or not proxy.connections[0].answer:
        assert thread.is_alive()
    proxy.drop()
    thread.join(5)
    assert len(failures) == 1


def test_its_url_names_the_proxy_in_the_scheme_of_the_server(proxy: FaultProxy) -> None:
    assert urlsplit(proxy.url)[:2] == ("http", f"127.0.0.1:{proxy.port}")


# -- the transport in memory -----------------------------------------------------------------------------------


def test_a_transport_fails_at_the_calls_that_were_named() -> None:
    arrived: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        arrived.append(request.url.path)
        return httpx2.Response(200)

    faults: dict[int, Any] = {
        2: httpx2.ConnectError,
        3: lambda _request: httpx2.Response(503),
        4: httpx2.ReadError("mine"),
    }
    faulty = FaultyTransport(httpx2.MockTransport(answer), faults)
    with httpx2.Client(transport=faulty) as client:
        assert client.get("http://x/1").status_code == 200
        with pytest.raises(httpx2.ConnectError):
            client.get("http://x/2")
        assert client.get("http://x/3").status_code == 503
        with pytest.raises(httpx2.ReadError, match="mine"):
            client.get("http://x/4")
        assert client.get("http://x/5").status_code == 200
    assert faulty.calls == 5
    assert arrived == ["/1", "/5"]


def test_a_lost_answer_is_one_that_the_server_gave() -> None:
    arrived: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        arrived.append(request.url.path)
        return httpx2.Response(200)

    faulty = FaultyTransport(httpx2.MockTransport(answer), {1: httpx2.ReadTimeout}, after_answer=True)
    with httpx2.Client(transport=faulty) as client, pytest.raises(httpx2.ReadTimeout):
        client.post("http://x/1")
    assert arrived == ["/1"]


@pytest.mark.parametrize(("target", "port"), [("https://x.example", 443), ("http://x.example", 80), ("https://x:8", 8)])
def test_the_server_behind_is_looked_for_at_the_port_of_its_scheme(target: str, port: int) -> None:
    with FaultProxy(target) as proxy:
        assert proxy._target[1] == port
