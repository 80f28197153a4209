"""Events of a job: tolerant, bounded, taken up where they broke off, and never for ever."""

from __future__ import annotations

from contextlib import suppress
from threading import Event, Thread
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.clients.loopback import Answer, Loopback, connection_to, events

from exportkit.clients import ConnectedBackend
from exportkit.clients.client_errors import StreamError, StreamLimitExceededError
from exportkit.clients.progress_stream import ProgressStream

PATH = "/v2/async_jobs/j/progress/"
HELLO: tuple[str, Any] = ("connected", {})
DONE = ("async_job.completed", {"data": {"count": 2}})


def progress(processed: int, total: int = 9) -> tuple[str, Any]:
    return "async_job.progress", {"processed_count": processed, "total_count": total}


def names(clients: ConnectedBackend) -> list[str]:
    return [event["event"] for event in clients.v2.async_jobs.stream_progress("j")]


def test_events_come_with_name_and_body_up_to_the_last(backend: Loopback, clients: ConnectedBackend) -> None:
    backend.on(PATH, events(HELLO, progress(1), ("heartbeat", {}), DONE, progress(5)))
    assert list(clients.v2.async_jobs.stream_progress("j")) == [
        {"event": "connected"},
        {"event": "async_job.progress", "processed_count": 1, "total_count": 9},
        {"event": "heartbeat"},
        {"event": "async_job.completed", "data": {"count": 2}},
    ]
    assert backend.asked[0].headers["accept"] == "*/*"


@pytest.mark.parametrize(
    ("sent", "event"),
    [
        (b"data: {}\n\n", {"event": "message"}),
        (b'event: x\ndata: {\ndata: "a": 1}\n\n', {"event": "x", "a": 1}),
        (b'event:x\r\ndata:{"a":1}\r\n\r\n', {"event": "x", "a": 1}),
        (b"event: x\rdata: 5\r\r", {"event": "x", "data": 5}),
        (b"event: x\ndata: [1]\n\n", {"event": "x", "data": [1]}),
        (b"event: x\ndata: {broken\n\n", {"event": "x"}),
        (b"event: x\ndata: \xff\xfe\n\n", {"event": "x"}),
        (b'event: x\ndata: {"event": "y", "a": "\\u0000"}\n\n', {"event": "x", "a": "\0"}),
        (b"event: x\ndata: " + b"[" * 100_000 + b"\n\n", {"event": "x"}),
        (b": comment\nnonsense\nfoo: bar\nevent:   x  \ndata:\n\n", {"event": "x"}),
        (b"event: x\nid: a\0b\nretry: soon\ndata: {}\n\n", {"event": "x"}),
    ],
)
def test_an_event_is_read_as_far_as_it_can_be(
    backend: Loopback, clients: ConnectedBackend, sent: bytes, event: dict[str, Any]
) -> None:
    backend.on(PATH, events(sent, DONE))
    first, last = clients.v2.async_jobs.stream_progress("j")
    assert first == event
    assert last["event"] == "async_job.completed"


def test_a_stream_that_ends_early_is_taken_up_behind_its_last_event(
    backend: Loopback, clients: ConnectedBackend, waits: list[float]
) -> None:
    backend.on(
        PATH,
        events(HELLO, b"id: 7\nevent: async_job.progress\ndata: {}\n\n"),
        Answer(b"event: heart", headers={"Content-Type": "text/event-stream"}, is_cut=True),
        events(HELLO, DONE),
    )
    assert names(clients) == ["connected", "async_job.progress", "connected", "async_job.completed"]
    assert [asked.headers.get("last-event-id") for asked in backend.asked] == [None, "7", "7"]
    assert len(waits) == 2
    assert 2.5 <= waits[0] <= 5
    assert 5 <= waits[1] <= 10


@pytest.mark.parametrize(("told", "seconds"), [(b"3000", 3.0), (b"0", 1.0), (b"soon", 5.0), (b"99999999", 60.0)])
def test_the_server_says_how_long_a_reconnection_waits(
    backend: Loopback, clients: ConnectedBackend, waits: list[float], told: bytes, seconds: float
) -> None:
    backend.on(PATH, events(b"retry: " + told + b"\n\n", HELLO), events(DONE))
    assert names(clients)[-1] == "async_job.completed"
    assert seconds / 2 <= waits[0] <= seconds


@pytest.mark.timeout(60)
def test_whoever_closes_the_client_does_not_wait_for_a_silent_stream(backend: Loopback) -> None:
    hello = b"event: connected\ndata: {}\n\n"
    backend.on(PATH, Answer(headers={"Content-Type": "text/event-stream"}, chunks=(hello, 50.0)))
    is_open = Event()

    def listen() -> None:
        with suppress(Exception):
            for _ in clients.v2.async_jobs.stream_progress("j"):
                is_open.set()

    with ConnectedBackend(connection_to(backend.url)) as clients:
        listener = Thread(target=listen)
        listener.start()
        is_open.wait()
    listener.join(20)

    assert not listener.is_alive()
    assert len(backend.asked) == 1


def test_an_error_event_ends_the_stream_and_raises_nothing(backend: Loopback, clients: ConnectedBackend) -> None:
    backend.on(PATH, events(HELLO, ("error", {"message": "lost the database"})))
    assert names(clients) == ["connected", "error"]


@pytest.mark.parametrize("alive", [("heartbeat", {}), progress(1)])
def test_progress_and_heartbeats_renew_the_patience(
    backend: Loopback, clients: ConnectedBackend, alive: tuple[str, Any]
) -> None:
    backend.on(PATH, *[events(HELLO, alive)] * 12, events(DONE))
    assert names(clients)[-1] == "async_job.completed"
    assert len(backend.asked) == 13


def test_five_reconnections_without_a_sign_of_life_are_the_end(
    backend: Loopback, clients: ConnectedBackend, waits: list[float]
) -> None:
    backend.on(PATH, events(HELLO))
    with pytest.raises(StreamError, match="5 reconnections"):
        names(clients)
    assert len(backend.asked) == 6
    assert max(waits) <= 60


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_is_waited_for_as_long_as_it_asks(
    backend: Loopback, clients: ConnectedBackend, waits: list[float], status: int
) -> None:
    backend.on(
        PATH,
        Answer(status=status, headers={"Retry-After": "11"}),
        Answer(status=status, headers={"Retry-After": "900"}),
        events(DONE),
    )
    assert names(clients) == ["async_job.completed"]
    assert waits == [11.0, 60.0]


@pytest.mark.parametrize("status", [204, 400, 401, 403, 404, 410, 500, 502, 504, 301])
def test_any_other_answer_ends_the_stream_at_once(backend: Loopback, clients: ConnectedBackend, status: int) -> None:
    backend.on(PATH, Answer(status=status))
    with pytest.raises(StreamError):
        names(clients)
    assert len(backend.asked) == 1


def test_an_event_above_a_mebibyte_is_not_taken(backend: Loopback, clients: ConnectedBackend) -> None:
    for huge in ([b"data: " + b"x" * (1 << 20), b"\n\n"], [b"data: " + b"x" * 1000 + b"\n"] * 2000):
        backend.on(PATH, events(HELLO, *huge))
        with pytest.raises(StreamLimitExceededError):
            names(clients)
    assert len(backend.asked) == 2


def test_what_is_no_stream_of_events_is_not_read(backend: Loopback, clients: ConnectedBackend) -> None:
    backend.on(PATH, Answer(b"event: async_job.completed\ndata: {}\n\n", headers={"Content-Type": "text/html"}))
    with pytest.raises(StreamError):
        names(clients)


def test_a_stream_that_falls_silent_is_a_stream_that_ended(backend: Loopback) -> None:
    backend.on(PATH, events(HELLO, b"", DONE), events(DONE))
    backend.on(PATH, Answer(headers={"Content-Type": "text/event-stream"}, chunks=(b": hi\n\n", 5.0)), events(DONE))
    with ConnectedBackend(connection_to(backend.url), sleep=lambda _: None) as clients:
        stream = ProgressStream(clients.session, PATH, heartbeat=0.1)
        assert [event["event"] for event in stream] == ["async_job.completed"]
    assert len(backend.asked) == 2


def test_comments_alone_are_silence(backend: Loopback) -> None:
    now = [0.0]

    def clock() -> float:
        now[0] += 1
        return now[0]

    talk = Answer(headers={"Content-Type": "text/event-stream"}, chunks=(b": still here\n\n", 0.001) * 200)
    backend.on(PATH, talk, events(DONE))
    with ConnectedBackend(connection_to(backend.url), sleep=lambda _: None, clock=clock) as clients:
        stream = ProgressStream(clients.session, PATH, heartbeat=10)
        assert [event["event"] for event in stream] == ["async_job.completed"]


@given(st.lists(st.binary(max_size=200), max_size=8))
def test_no_bytes_make_the_reader_fail_otherwise_than_by_giving_up(chunks: list[bytes]) -> None:
    import httpx2

    from exportkit.clients import ApiSession

    class Bytes(httpx2.SyncByteStream):
        def __iter__(self) -> Any:
            return iter(chunks)

    def answer(_request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, headers={"Content-Type": "text/event-stream"}, stream=Bytes())

    transport = httpx2.MockTransport(answer)
    with ApiSession(connection_to("http://127.0.0.1:1"), transport=transport, sleep=lambda _: None) as session:
        try:
            for event in ProgressStream(session, PATH):
                assert isinstance(event["event"], str)
        except StreamError:
            pass
