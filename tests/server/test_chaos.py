"""Faults on request: each one as its rule says, the same in every run."""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send
from tests.server.served import Served, start, write_bundle

from exportkit.errors import UsageError
from exportkit.server.chaos import Chaos
from exportkit.server.chaos_rules import ChaosPlan, ChaosRule, read_chaos

RULES = """
seed: 3
rules:
  - {route: /v2/tasks/, after: 0, times: 3, status: [503, 429, 200], headers: {Retry-After: "7"}}
  - {route: /v2/tasks/bulk-fetch/, ids: [3], status: [500, 500, 500, 500], times: 4}
  - {route: /v2/assignments/, drop_ids: [2], duplicate_ids: [3], extra_ids: [99], reorder: true}
  - {route: /sdk/tasks/, count_error: 5, next: "http://evil.example/sdk/tasks/"}
  - {route: /sdk/assignments/, cursor_pages: 1}
  - {route: /v2/assignments/bulk-fetch/, cut: 20}
  - {route: /v2/assignments/stream/, pause: 0.001, piece: 7}
  - {route: /v2/tasks/stream/, pause: 2, piece: 7}
  - {route: /v2/async_jobs/*/progress/, event_bytes: 2000000}
  - {route: /healthz, probability: 0.5, status: [500, 500, 500, 500, 500, 500, 500, 500, 500, 500]}
"""


@pytest.fixture(scope="module")
def chaotic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("chaos")
    (folder / "rules.yaml").write_text(RULES)
    lines: list[Any] = [{"id": number, "data": {"annotations": []}} for number in range(1, 6)]
    loaded = write_bundle(folder / "b", lines)
    with start("--load", loaded, "--data", folder / "d", "--chaos", folder / "rules.yaml") as server:
        yield server


def test_a_sequence_of_statuses_comes_in_its_order_and_then_no_more(chaotic: Served) -> None:
    answers = [chaotic.client.get("/v2/tasks/") for _ in range(4)]
    assert [one.status_code for one in answers] == [503, 429, 200, 200]
    assert [one.headers.get("retry-after") for one in answers] == ["7", "7", "7", None]
    assert answers[0].json()["error"]["code"] == "unavailable"


def test_one_poisonous_id_spoils_the_requests_that_name_it(chaotic: Served) -> None:
    def fetch(*ids: int) -> int:
        return chaotic.client.post("/v2/tasks/bulk-fetch/", json={"ids": ids}).status_code

    assert [fetch(1, 2, 3), fetch(1, 2), fetch(3), fetch(4, 5, 13)] == [500, 200, 500, 200]


def test_rows_are_left_out_doubled_added_and_out_of_order(chaotic: Served) -> None:
    rows = chaotic.get("/v2/assignments/")["data"]
    assert [one["id"] for one in rows] == [99, 1, 3, 3, 4, 5]


def test_counts_are_wrong_and_the_next_page_leads_elsewhere(chaotic: Served) -> None:
    page = chaotic.get("/sdk/tasks/", page_size=2)
    assert (page["count"], page["applied_count"]) == (10, 10)
    assert page["next"] == "http://evil.example/sdk/tasks/"


def test_a_cursor_dies_after_its_pages(chaotic: Served) -> None:
    page = chaotic.get("/sdk/assignments/", pagination="cursor", page_size=1)
    page = chaotic.get(page["next"])
    assert chaotic.client.get(page["next"]).status_code == 410


def test_a_body_is_cut(chaotic: Served) -> None:
    with pytest.raises(httpx2.RemoteProtocolError):
        chaotic.client.post("/v2/assignments/bulk-fetch/", json={"ids": [1]})


def test_a_slow_body_comes_whole_and_in_pieces(chaotic: Served) -> None:
    chunks = chunks_of(chaotic, "/v2/assignments/stream/")

    assert b"".join(chunks).endswith(b'"applied_filter":{}}\n')
    assert max(map(len, chunks)) == 7


def chunks_of(served: Served, path: str) -> list[bytes]:
    """The body as it was sent, piece by piece, however the network put them together."""
    target = httpx2.URL(served.url)
    asked = [f"GET {path} HTTP/1.1", f"Host: {target.host}", "Connection: close"]
    asked += [f"{name}: {value}" for name, value in served.client.headers.items() if name.startswith("synapse-")]
    with socket.create_connection((target.host, target.port)) as connection, connection.makefile("rb") as answer:
        connection.sendall("\r\n".join([*asked, "", ""]).encode())
        while answer.readline() != b"\r\n":
            """The headers are over with an empty line."""
        chunks = []
        while size := int(answer.readline(), 16):
            chunks.append(answer.read(size + 2)[:-2])
    return chunks


def test_between_the_pieces_of_a_slow_body_is_a_pause(chaotic: Served) -> None:
    with chaotic.client.stream("GET", "/v2/tasks/stream/", timeout=0.5) as answer, pytest.raises(httpx2.ReadTimeout):
        answer.read()


def test_a_huge_event_comes_before_the_others(chaotic: Served) -> None:
    events = chaotic.events(chaotic.enqueue())
    assert len(events[0]["data"]["filler"]) == 2_000_000
    assert events[-1]["event"] == "async_job.completed"


def test_what_is_drawn_is_drawn_by_the_seed(chaotic: Served) -> None:
    drawn = random.Random(3)
    found = [chaotic.bare.get("/healthz").status_code for _ in range(8)]
    assert found == [500 if drawn.random() < 0.5 else 200 for _ in range(8)]


def statuses_of_requests_that_come_together(count: int, **rule: Any) -> list[int]:
    """What so many requests are answered, each of which begins before any is answered."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await Response()(scope, receive, send)

    async def asked(chaos: Chaos) -> int:
        found: list[int] = []

        async def send(message: Message) -> None:
            found.append(message.get("status", 0))

        scope = {"type": "http", "method": "GET", "path": "/x", "query_string": b"", "headers": []}
        await chaos(scope, lambda: asyncio.sleep(0, {"type": "http.request"}), send)
        return found[0]

    async def all_asked() -> list[int]:
        chaos = Chaos(answer, ChaosPlan(rules=(ChaosRule(**rule),)))
        return list(await asyncio.gather(*(asked(chaos) for _ in range(count))))

    return asyncio.run(all_asked())


def test_requests_that_come_together_are_met_by_one_status_each() -> None:
    assert statuses_of_requests_that_come_together(4, status=(503, 200, 502), delay=0.01) == [503, 200, 502, 200]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("rules: [{colour: red}]", "line 1"),
        ("rules:\n  - {route: /x}\n  - {status: [99]}", "line 3"),
        ("rules: 5", "line 1"),
        ("- a", "chaos"),
        ("rules: [", "YAML"),
    ],
)
def test_a_rule_that_is_none_is_refused_with_its_line(tmp_path: Path, text: str, what: str) -> None:
    path = tmp_path / "chaos.yaml"
    path.write_text(text)
    with pytest.raises(UsageError, match=what):
        read_chaos(path)
