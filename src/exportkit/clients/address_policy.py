"""Where bytes may be fetched from: which schemes and hosts, and which machines behind them."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from typing import Self
from urllib.parse import SplitResult, urlsplit

__all__ = ["AddressPolicy", "AddressRefused", "plain_url"]


_TRUST_IT = "name it in EXPORTKIT_ALLOWED_HOSTS to trust it."


class AddressRefused(ValueError):
    """A URL that is not fetched. The message names it without its query, which may be a signature."""


@dataclass(frozen=True)
class AddressPolicy:
    """HTTPS to public addresses; plain HTTP to this machine and to the hosts that the user named.

    `trusted` are hosts, with a port where one is meant: the configured backend and the words of
    ``EXPORTKIT_ALLOWED_HOSTS``. With `is_remote` the configured backend is another machine, and nothing that it says
    may lead to this one.
    """

    trusted: frozenset[str] = frozenset()
    is_remote: bool = False

    @classmethod
    def of_environment(cls) -> Self:
        """For the backend of ``SYNAPSE_HOST``."""
        return cls.for_backend(os.environ.get("SYNAPSE_HOST", ""))

    @classmethod
    def for_backend(cls, host: str) -> Self:
        """For what a backend refers to; ``EXPORTKIT_ALLOWED_HOSTS``, a list with commas, is trusted besides."""
        parts = urlsplit(host)
        backend = parts.netloc.rpartition("@")[2]
        words = [backend, *os.environ.get("EXPORTKIT_ALLOWED_HOSTS", "").split(",")]
        return cls(
            frozenset(word.strip().lower() for word in words if word.strip()),
            is_remote=bool(backend) and not _is_this_machine(parts.hostname or ""),
        )

    def judge(self, url: str) -> SplitResult:
        """The parts of a URL that may be asked for. Raises AddressRefused."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise AddressRefused("The URL cannot be read.") from None
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise AddressRefused(f"The URL {plain_url(url)!r} is no http or https address.")
        if parts.username is not None or parts.password is not None:
            raise AddressRefused(f"The URL of {parts.hostname} carries a user name; it is not fetched.")
        if port == 0:
            raise AddressRefused(f"The URL {plain_url(url)!r} has no usable port.")
        if any(ord(character) < 33 or ord(character) == 127 for character in url):
            raise AddressRefused("The URL holds a blank or a control character.")
        return parts

    def admit(self, parts: SplitResult, address: str) -> None:
        """Judge the machine that answered, so that no name can stand for another one. Raises AddressRefused."""
        if self._is_trusted(parts):
            return
        machine = ipaddress.ip_address(address.partition("%")[0])
        mapped = getattr(machine, "ipv4_mapped", None)
        machine = mapped or machine
        if machine.is_loopback:
            # Only by its own name: a stranger's name that leads here is an attempt.
            if _is_this_machine(parts.hostname or "") and not self.is_remote:
                return
            raise AddressRefused(f"The host {parts.hostname} leads to this machine; it is not asked.")
        if not machine.is_global or machine.is_multicast:
            raise AddressRefused(f"The host {parts.hostname} lies in a private network; {_TRUST_IT}")
        if parts.scheme != "https":
            raise AddressRefused(f"The host {parts.hostname} is asked by plain http; {_TRUST_IT}")

    def _is_trusted(self, parts: SplitResult) -> bool:
        return (parts.hostname or "").lower() in self.trusted or parts.netloc.lower() in self.trusted


def _is_this_machine(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def plain_url(url: str) -> str:
    """A URL without query, fragment and user, fit for a message."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "(unreadable URL)"
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}"[:200] if host else parts.path[:200]
