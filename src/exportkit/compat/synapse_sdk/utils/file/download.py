"""Files fetched by their address."""

from __future__ import annotations

from contextlib import closing

from exportkit.clients.objects import ObjectFetcher

__all__ = ["download_json"]


def download_json(url: str, *, timeout: float = 30) -> object:
    """The JSON value behind a URL, by the rules for payloads (wire contract §7); ``timeout`` in seconds.

    No message of an error holds the query of the URL.
    """
    with closing(ObjectFetcher(timeout=timeout)) as fetcher:
        return fetcher.json(url)
