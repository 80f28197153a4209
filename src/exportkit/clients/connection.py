"""Where the backend is and who asks: read from the environment, then from the user's file."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self
from urllib.parse import SplitResult, urlsplit

import msgspec
from pydantic import SecretStr

from exportkit.errors import UsageError
from exportkit.storage.refusals import shown
from exportkit.storage.token_file import read_token_file

__all__ = ["Connection"]

_CONFIG = Path(".synapse") / "config.json"
_DEFAULT_PORTS = {"http": 80, "https": 443}
#: Bits of a mode that let others read.
_OTHERS = stat.S_IRGRP | stat.S_IWGRP | stat.S_IROTH | stat.S_IWOTH


@dataclass(frozen=True)
class Connection:
    """A backend and the credentials for it; nothing of them shows in ``repr``. Times are in seconds.

    ``access_token`` and ``user_token`` identify the caller, ``tenant`` selects the tenant (wire contract, section 1).
    The ``v2_`` ones replace them for the second interface. ``read_timeout`` is the longest silence within an answer,
    ``total_timeout`` the longest time that one answer may take.
    """

    host: str
    access_token: SecretStr | None = None
    user_token: SecretStr | None = None
    tenant: str | None = None
    agent_token: SecretStr | None = None
    v2_access_token: SecretStr | None = None
    v2_user_token: SecretStr | None = None
    v2_tenant: str | None = None
    tenant_token_prefix: bool = True
    url_host: str | None = None
    connect_timeout: float = 5.0
    read_timeout: float = 30.0
    total_timeout: float = 600.0
    #: File with certificates that are trusted beside those of the system.
    cacert: Path | None = None

    def __post_init__(self) -> None:
        """Raises UsageError for a host that is no http or https address."""
        object.__setattr__(self, "host", _judged(self.host))

    @property
    def parts(self) -> SplitResult:
        """The host taken apart."""
        return urlsplit(self.host)

    @property
    def origin(self) -> tuple[str, str, int]:
        """Scheme, name and port: what a URL must share to be asked with these credentials."""
        return origin_of(self.parts)

    @classmethod
    def of_environment(
        cls,
        environ: Mapping[str, str] | None = None,
        *,
        home: Path | None = None,
        host: str | None = None,
        token_file: Path | None = None,
        cacert: Path | None = None,
    ) -> Self | None:
        """From arguments, ``SYNAPSE_*`` variables and ``.synapse/config.json`` of the home folder, in this order.

        A token file replaces every other token. None where host or credentials are not given anywhere. Tokens of the
        file go to the host of the file alone: where another one is asked for, they stay where they are. Raises
        UsageError for a file that others can read or that is no JSON object, and for what is no number of seconds.
        """
        given = os.environ if environ is None else environ
        token = read_token_file(token_file) if token_file is not None else None
        found = _of_variables(given, host)
        if not (found.get("host") and (token or found.get("access_token") or found.get("user_token"))):
            found = _completed(found, (home or Path.home()) / _CONFIG)
        if token is not None:
            found = {key: value for key, value in found.items() if not key.endswith("_token")}
            found["access_token"] = SecretStr(token)
        if not found.get("host") or not any(found.get(key) for key in _IDENTIFYING):
            return None
        return cls(**found, cacert=cacert)

    def with_timeouts(self, *, connect: float | None = None, read: float | None = None) -> Self:
        """The same with other time-outs, in seconds."""
        return replace(
            self,
            connect_timeout=self.connect_timeout if connect is None else connect,
            read_timeout=self.read_timeout if read is None else read,
        )


_IDENTIFYING = ("access_token", "user_token", "v2_access_token", "v2_user_token")
_VARIABLES = {
    "host": "SYNAPSE_HOST",
    "access_token": "SYNAPSE_ACCESS_TOKEN",
    "user_token": "SYNAPSE_PLUGIN_RUN_USER_TOKEN",
    "tenant": "SYNAPSE_PLUGIN_RUN_TENANT",
    "url_host": "SYNAPSE_PLUGIN_RUN_URL_HOST",
    "v2_access_token": "SYNAPSE_BACKEND_V2_ACCESS_TOKEN",
    "v2_user_token": "SYNAPSE_BACKEND_V2_DRF_TOKEN",
    "v2_tenant": "SYNAPSE_BACKEND_V2_TENANT",
    "read_timeout": "SYNAPSE_BACKEND_V2_TIMEOUT_READ",
    "connect_timeout": "SYNAPSE_BACKEND_V2_TIMEOUT_CONNECT",
}


def origin_of(parts: SplitResult) -> tuple[str, str, int]:
    """Scheme, name and port of a URL, with the port that its scheme has by default. Raises ValueError."""
    return parts.scheme, (parts.hostname or "").lower(), parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)


def _of_variables(environ: Mapping[str, str], host: str | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, variable in _VARIABLES.items():
        value = environ.get(variable, "").strip()
        if not value:
            continue
        if key.endswith("_timeout"):
            found[key] = _seconds(variable, value)
        else:
            found[key] = SecretStr(value) if key.endswith("_token") else value
    if host is not None:
        found["host"] = host
    return found


def _completed(found: dict[str, Any], path: Path) -> dict[str, Any]:
    """With what the user's file says about the same host."""
    try:
        text = path.read_bytes()
        mode = path.stat().st_mode
    except OSError:
        return found
    if mode & _OTHERS:
        raise UsageError(f"{shown(path)} holds tokens and can be read by others; run: chmod 600 {shown(path)}")
    try:
        values = msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.MsgspecError, RecursionError):
        raise UsageError(f"{shown(path)} is no JSON object; write it anew or remove it.") from None
    stored = {key: values[key] for key in ("host", "access_token", "user_token", "tenant") if values.get(key)}
    for key, value in stored.items():
        if not isinstance(value, str):
            raise UsageError(f"{shown(path)}: {key} must be a text.")
    if "host" in found and _judged(found["host"]) != _judged(stored.get("host", found["host"])):
        return found
    stored = {key: SecretStr(value) if key.endswith("_token") else value for key, value in stored.items()}
    return {**stored, **found}


def _judged(host: str) -> str:
    try:
        parts = urlsplit(host.strip())
        usable = parts.scheme in _DEFAULT_PORTS and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.query or parts.fragment or any(ord(sign) < 33 for sign in host.strip()):
        raise UsageError("The host of the backend must be an address like https://api.example, without a query.")
    if parts.username is not None or parts.password is not None:
        raise UsageError("The host of the backend carries a user name; give a token instead.")
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}"


def _seconds(name: str, value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not 0 < number < float("inf"):
        raise UsageError(f"{name} must be a number of seconds above 0, not {value!r}.")
    return number
