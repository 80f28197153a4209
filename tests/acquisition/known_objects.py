"""Objects that a test has at hand, in the place of those behind URLs."""

from __future__ import annotations

from exportkit.clients.objects import FetchFailed, ObjectFetcher

__all__ = ["Fetcher"]


class Fetcher(ObjectFetcher):
    """Knows what lies behind its URLs, and notes what is asked for."""

    def __init__(self, contents: dict[str, bytes], missing: type[FetchFailed] = FetchFailed) -> None:
        self.contents = contents
        self.asked: list[str] = []
        self._missing = missing

    def file(self, url: str, descriptor: int, *, size: int | None = None, sha256: str | None = None) -> int:
        self.asked.append(url)
        if url not in self.contents:
            raise self._missing("it is not there")
        with open(descriptor, "wb", closefd=False) as file:
            return file.write(self.contents[url])
