"""``exportkit serve``: the reference backend."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from exportkit.cli.serve_options import ServeOptions
from exportkit.errors import UsageError
from exportkit.storage.refusals import shown
from exportkit.storage.token_file import read_token_file

if TYPE_CHECKING:
    from exportkit.server.serving import Announcement

__all__ = ["serve"]


def serve(options: ServeOptions) -> int:
    """Serve the endpoints that exports use. SQLite and a local folder by default, nothing to configure.

    Example: exportkit serve --load bundle/ --port 0
    """
    try:
        from exportkit.server import serving
    except ImportError as error:
        message = f"The server needs {error.name}; install it with: pip install 'exportkit[server]'"
        raise UsageError(message) from error

    asked = serving.ServeOptions(
        load=options.load,
        target=options.target,
        host=options.host,
        port=options.port,
        data=options.data,
        database=options.database,
        storage=options.storage,
        tenant=_tenant_code(options.tenant),
        token=_token(options.token_file),
        certificate=options.tls_cert,
        key=options.tls_key,
        hosts=tuple(options.allow_host),
        workers=options.workers,
        chaos=options.chaos,
    )
    serving.serve(asked, _announce_json if options.as_json else _announce)
    return 0


def _tenant_code(code: str) -> str:
    if not (code.isascii() and code.replace("-", "").replace("_", "").isalnum() and len(code) <= 100):
        raise UsageError(f"The tenant {code!r} is no code; use letters, digits, - and _.")
    return code


def _token(file: Path | None) -> str | None:
    """Read the token of a file that only its owner can read, else of the environment."""
    if file is None:
        return os.environ.get("EXPORTKIT_SERVER_TOKEN") or None
    token = read_token_file(file)
    if len(token) < 16 or " " in token:
        raise UsageError(f"The token file {shown(file)} must hold one word of at least 16 characters.")
    return token


def _announce_json(told: Announcement) -> None:
    import msgspec

    loaded = told.loaded
    line = {
        "url": told.url,
        "token": told.token,
        "tenant": told.tenant,
        "project_id": loaded and loaded.project_id,
        "storage_id": told.storage_id,
        "dataset_version_id": loaded and loaded.dataset_version_id,
    }
    sys.stdout.write(msgspec.json.encode(line).decode() + "\n")
    sys.stdout.flush()


def _announce(told: Announcement) -> None:
    from exportkit.cli.failure import printable

    lines = [f"Serving on {told.url} (Ctrl-C ends it); data in {told.data}"]
    if told.loaded is not None:
        loaded = told.loaded
        lines.append(f"{loaded.records:,} records in project {loaded.project_id}, storage {told.storage_id},")
        lines.append(f"dataset version {loaded.dataset_version_id}{' (loaded before)' if loaded.known else ''}")
    lines += [
        "In another terminal:",
        f"  export SYNAPSE_HOST={told.url}",
        f"  export SYNAPSE_ACCESS_TOKEN={told.token}",
        f"  export SYNAPSE_PLUGIN_RUN_TENANT={told.tenant}",
    ]
    sys.stdout.write("".join(printable(line) + "\n" for line in lines))
    sys.stdout.flush()
