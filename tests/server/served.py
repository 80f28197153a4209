"""A real server in a process of its own, and how tests talk to it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx2
from tests.server.process import Announced, ServerProcess, launched

__all__ = ["Announced", "Served", "launched", "lines_of", "start", "write_bundle"]

_PATIENCE: Final = 60.0


@dataclass
class Served:
    """A server that answers: what it announced, its process, and a client with its credentials."""

    announced: Announced
    process: subprocess.Popen[str]
    client: httpx2.Client = field(repr=False)
    #: A client that shows nothing of itself.
    bare: httpx2.Client = field(repr=False)
    told: list[str] = field(default_factory=list, repr=False)

    @property
    def url(self) -> str:
        return self.announced.url

    @property
    def project(self) -> int:
        return self.announced.project_id

    @property
    def version(self) -> int:
        return self.announced.dataset_version_id

    @property
    def storage(self) -> int:
        return self.announced.storage_id

    def get(self, path: str, status: int = 200, **params: Any) -> Any:
        """The JSON of an answer with the status that is expected."""
        return self._json(self.client.get(path, params=params or None), status)

    def post(self, path: str, body: Any = None, status: int = 200, **headers: str) -> Any:
        sent = None if body is None else json.dumps(body).encode()
        return self._json(self.client.post(path, content=sent, headers=headers), status)

    def anonymous(self, path: str, **headers: str) -> httpx2.Response:
        """A request without any credential, as presigned URLs are fetched."""
        return self.bare.get(path, headers=headers)

    def enqueue(self, target: str = "task", **changed: Any) -> str:
        """The id of a new export of everything that was loaded."""
        scope: dict[str, Any] = {"project": self.project}
        if target == "ground_truth":
            scope = {"ground_truth_dataset_versions": [self.version]}
        body = {"storage_id": self.storage, "path": "exports/x", "targets": [target], "filter": scope} | changed
        return str(self.post("/v2/plugin_exports/", body, 202)["data"]["job_id"])

    def ended_job(self, job_id: str) -> dict[str, Any]:
        """The detail of a job, once its stream has ended."""
        self.events(job_id)
        detail: dict[str, Any] = self.get(f"/v2/async_jobs/{job_id}/")["data"]
        return detail

    def events(self, job_id: str, last_event_id: str | None = None) -> list[dict[str, Any]]:
        """Every event of a job until its stream ends."""
        headers = {} if last_event_id is None else {"Last-Event-ID": last_event_id}
        path = f"/v2/async_jobs/{job_id}/progress/"
        with self.client.stream("GET", path, headers=headers) as answer:
            assert answer.status_code == 200, answer.read()
            assert answer.headers["content-type"].startswith("text/event-stream")
            return list(parsed_events(answer.iter_lines()))

    @property
    def folder(self) -> Path:
        """Where the storage of a local server lies."""
        return Path(self.post(f"/storages/{self.storage}/session/", {"purpose": "read"})["configuration"]["location"])

    @staticmethod
    def _json(answer: httpx2.Response, status: int) -> Any:
        assert answer.status_code == status, f"{answer.status_code}: {answer.text[:2000]}"
        return answer.json()


def parsed_events(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    event: dict[str, Any] = {}
    for line in lines:
        name, _, value = line.partition(":")
        if not line:
            if "event" in event:
                yield event
            event = {}
        elif name == "data":
            event["data"] = json.loads(value)
        elif name:
            event[name] = value.strip()


@contextmanager
def start(*options: str | Path, environment: Mapping[str, str] | None = None) -> Iterator[Served]:
    """Start a server on a free port and end it with the block, as Ctrl-C does."""
    running = ServerProcess.begun(*options, environment=environment)
    announced = running.announced
    headers = {"Synapse-Access-Token": f"Token {announced.token}", "Synapse-Tenant": f"Token {announced.tenant}"}
    try:
        with (
            httpx2.Client(base_url=announced.url, headers=headers, timeout=_PATIENCE) as client,
            httpx2.Client(base_url=announced.url, timeout=_PATIENCE) as bare,
        ):
            yield Served(announced, running.process, client, bare, running.told)
    finally:
        running.stop()


def write_bundle(folder: Path, lines: list[bytes | dict[str, Any]], target: str = "task", **facts: Any) -> Path:
    """A bundle with these lines, whatever they hold."""
    text = b"".join((line if isinstance(line, bytes) else _compact(line)) + b"\n" for line in lines)
    (folder / target).mkdir(parents=True)
    (folder / target / "part-00001.jsonl").write_bytes(text)
    part = {"path": f"{target}/part-00001.jsonl", "records": len(lines), "cumulative_records": len(lines)}
    entry = {"dir": target, "records": len(lines), "parts": [part]}
    (folder / "manifest.json").write_text(json.dumps({"prefix": "x", "targets": {target: entry}, **facts}))
    return folder


def _compact(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def lines_of(served: Served, detail: Mapping[str, Any], target: str = "task") -> list[bytes]:
    """The lines of the bundle of a completed job, read from the storage as its manifest says."""
    manifest = detail["data"]["manifest"]
    root = served.folder / manifest["prefix"]
    parts = [(root / part["path"]).read_bytes() for part in manifest["targets"][target]["parts"]]
    return b"".join(parts).splitlines()
