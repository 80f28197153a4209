"""``exportkit serve``: the reference backend."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Optional

import typer

from exportkit.errors import UsageError

if TYPE_CHECKING:
    from exportkit.server.serving import Announcement

__all__ = ["serve"]


def serve(
    load: Annotated[Optional[Path], typer.Option(help="Bundle to fill the server with.", show_default=False)] = None,  # noqa: UP045
    target: Annotated[
        Optional[Literal["task", "assignment", "ground_truth"]],  # noqa: UP045
        typer.Option(help="Which target of the bundle, where it holds several."),
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")] = 8800,
    host: Annotated[str, typer.Option(help="Address to listen on; others than loopback need TLS and a token.")] = (
        "127.0.0.1"
    ),
    data: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="Folder of the server's data; without it a temporary one.", show_default=False),
    ] = None,
    database: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="postgresql://USER@HOST/NAME in place of SQLite.", envvar="EXPORTKIT_SERVER_DATABASE"),
    ] = None,
    storage: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="s3://BUCKET/PREFIX?endpoint=URL in place of a folder.", envvar="EXPORTKIT_SERVER_STORAGE"),
    ] = None,
    tenant: Annotated[str, typer.Option(help="Code of the tenant to load into.")] = "local",
    token_file: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="File with the token that clients have to show; else one is made.", show_default=False),
    ] = None,
    tls_cert: Annotated[Optional[Path], typer.Option(help="Certificate (PEM).", show_default=False)] = None,  # noqa: UP045
    tls_key: Annotated[Optional[Path], typer.Option(help="Its key (PEM).", show_default=False)] = None,  # noqa: UP045
    allow_host: Annotated[list[str], typer.Option(help="Further name by which clients call the server.")] = [],  # noqa: B006
    workers: Annotated[int, typer.Option(min=0, max=64, help="Processes that write bundles.")] = 1,
    chaos: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="File of faults to inject, for testing clients.", show_default=False),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The first line of stdout is one JSON object.")] = False,
) -> int:
    """Serve the endpoints that exports use: SQLite and a local folder by default, nothing to configure.

    Example: exportkit serve --load bundle/ --port 0
    """
    try:
        from exportkit.server.serving import ServeOptions
        from exportkit.server.serving import serve as run
    except ImportError as error:
        message = f"The server needs {error.name}; install it with: pip install 'exportkit[server]'"
        raise UsageError(message) from error

    options = ServeOptions(
        load=load,
        target=target,
        host=host,
        port=port,
        data=data,
        database=database,
        storage=storage,
        tenant=_tenant_code(tenant),
        token=_token(token_file),
        certificate=tls_cert,
        key=tls_key,
        hosts=tuple(allow_host),
        workers=workers,
        chaos=chaos,
    )
    run(options, _announce_json if as_json else _announce)
    return 0


def _tenant_code(code: str) -> str:
    if not (code.isascii() and code.replace("-", "").replace("_", "").isalnum() and len(code) <= 100):
        raise UsageError(f"The tenant {code!r} is no code; use letters, digits, - and _.")
    return code


def _token(file: Path | None) -> str | None:
    """Read the token of a file that only its owner can read, else of the environment."""
    if file is None:
        return os.environ.get("EXPORTKIT_SERVER_TOKEN") or None
    try:
        status, token = file.stat(), file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The token file {str(file)!r} cannot be read; give one that holds a single line.") from error
    if status.st_mode & 0o077:
        raise UsageError(f"Others may read the token file {str(file)!r}; protect it with: chmod 600 {str(file)!r}")
    if len(token) < 16 or not token.isprintable() or " " in token:
        raise UsageError(f"The token file {str(file)!r} must hold one word of at least 16 characters.")
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
