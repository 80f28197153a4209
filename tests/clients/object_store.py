"""An object store on this machine that answers as each test tells it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

Answer = Callable[[Any], None]


@dataclass
class Store:
    """Bodies and behaviours by path, and what was asked."""

    url: str = ""
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    connections: set[Any] = field(default_factory=set)

    def serve(self, path: str, *answers: bytes | Answer) -> str:
        """Answer in turn; the last answer stays. Returns the URL."""
        self.answers[path] = [body(answer) if isinstance(answer, bytes) else answer for answer in answers]
        return self.url + path


def body(content: bytes, status: int = 200, **headers: str) -> Answer:
    """A whole answer, or a part where a range is asked for under its tag."""

    def answer(request: Any) -> None:
        wanted = request.headers.get("Range")
        given, code = content, status
        if wanted and request.headers.get("If-Range") == headers.get("ETag"):
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            given, code = content[start:], 206
        request.send_response(code)
        request.send_header("Content-Length", str(len(given)))
        if code == 206:
            request.send_header("Content-Range", f"bytes {len(content) - len(given)}-{len(content) - 1}/{len(content)}")
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(given)

    return answer


def cut(content: bytes, after: int, **headers: str) -> Answer:
    """An answer that breaks off."""

    def answer(request: Any) -> None:
        request.send_response(200)
        request.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(content[:after])
        request.close_connection = True

    return answer


@pytest.fixture
def store() -> Iterator[Store]:
    found = Store()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = self.path.split("?")[0]
            found.asked.append((self.path, dict(self.headers)))
            found.connections.add(self.client_address)
            answers = found.answers.get(path)
            if not answers:
                body(b"", 404)(self)
                return
            (answers.pop(0) if len(answers) > 1 else answers[0])(self)

        def log_message(self, *_: Any) -> None:
            """Tests read what was asked from the store."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    found.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield found
    server.shutdown()
    server.server_close()
    thread.join()
