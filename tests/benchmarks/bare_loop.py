"""Run by a benchmark with a Python that has aiohttp: fetches what the in-process head fetches and throws it away.

Reads ``{"connection": {…}, "presigned": bool}``: one stream of rows, or slim pages, whole rows by two hundred and each
payload by itself. Prints a line when it begins, and at the end what it took as one JSON object.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import resource
import sys
import time
from typing import Any

# Imported by name: the environment in which types are checked does not have it.
aiohttp: Any = importlib.import_module("aiohttp")

#: Requests on their way at once.
_AT_ONCE = 32


async def streamed(session: Any, url: str) -> int:
    """Bytes of all rows over one connection."""
    size = 0
    async with session.get(f"{url}/v2/tasks/stream/", params={"project": "1"}) as answer:
        assert answer.status == 200
        async for piece in answer.content.iter_any():
            size += len(piece)
    return size


async def by_payload(session: Any, url: str) -> int:
    """Bytes of all payloads, each behind a URL of its own."""
    size = 0
    following: str | None = f"{url}/v2/tasks/?project=1&per_page=1000"
    while following is not None:
        page = json.loads(await content(session.get(following)))
        following = page["meta"]["pagination"]["next_cursor"]
        ids = [row["id"] for row in page["data"]]
        chunks = [ids[start : start + 200] for start in range(0, len(ids), 200)]
        found = await asyncio.gather(*(rows_of(session, url, chunk) for chunk in chunks))
        size += sum(await asyncio.gather(*(payload(row["data"]["presigned_url"]) for rows in found for row in rows)))
    return size


async def rows_of(session: Any, url: str, ids: list[int]) -> list[dict[str, Any]]:
    asked = session.post(f"{url}/v2/tasks/bulk-fetch/?response_mode=presigned", json={"ids": ids})
    rows: list[dict[str, Any]] = json.loads(await content(asked))["data"]
    return rows


async def payload(url: str) -> int:
    """Bytes behind a signed URL, asked for without any credentials."""
    return len(await content(ANONYMOUS[0].get(url)))


async def content(asked: Any) -> bytes:
    async with asked as answer:
        assert answer.status == 200
        body: bytes = await answer.read()
        return body


#: The session that has no credentials.
ANONYMOUS: list[Any] = []


async def fetched(given: dict[str, Any], presigned: bool) -> int:
    headers = {"SYNAPSE-ACCESS-TOKEN": given["token"], "SYNAPSE-Tenant": given["tenant"]}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=_AT_ONCE)) as anonymous,
    ):
        ANONYMOUS.append(anonymous)
        return await (by_payload if presigned else streamed)(session, given["url"])


def main() -> None:
    """Fetch and tell."""
    asked = json.load(sys.stdin)
    print("begun", flush=True)
    begun, cpu = time.perf_counter(), time.process_time()
    size = asyncio.run(fetched(asked["connection"], asked["presigned"]))
    seconds, used = time.perf_counter() - begun, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"seconds": seconds, "cpu": used, "peak": peak << 10, "bytes": size}))


if __name__ == "__main__":
    main()
