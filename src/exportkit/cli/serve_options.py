"""The options of ``exportkit serve``."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import typer

__all__ = ["ServeOptions"]

Load = Annotated[Path | None, typer.Option(help="Bundle to fill the server with.", show_default=False)]
Target = Annotated[
    Literal["task", "assignment", "ground_truth"] | None,
    typer.Option(help="Which target of the bundle, where it holds several."),
]
Port = Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")]
Host = Annotated[str, typer.Option(help="Address to listen on; others than loopback need TLS and a token.")]
Data = Annotated[
    Path | None, typer.Option(help="Folder of the server's data; without it a temporary one.", show_default=False)
]
Database = Annotated[
    str | None,
    typer.Option(help="postgresql://USER@HOST/NAME in place of SQLite.", envvar="EXPORTKIT_SERVER_DATABASE"),
]
Storage = Annotated[
    str | None,
    typer.Option(help="s3://BUCKET/PREFIX?endpoint=URL in place of a folder.", envvar="EXPORTKIT_SERVER_STORAGE"),
]
Tenant = Annotated[str, typer.Option(help="Code of the tenant to load into.")]
TokenFile = Annotated[
    Path | None,
    typer.Option(help="File with the token that clients have to show; else one is made.", show_default=False),
]
TlsCert = Annotated[Path | None, typer.Option(help="Certificate (PEM).", show_default=False)]
TlsKey = Annotated[Path | None, typer.Option(help="Its key (PEM).", show_default=False)]
AllowHost = Annotated[list[str], typer.Option(help="Further name by which clients call the server.")]
Workers = Annotated[int, typer.Option(min=0, max=64, help="Processes that write bundles.")]
Chaos = Annotated[Path | None, typer.Option(help="File of faults to inject, for testing clients.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="The first line of stdout is one JSON object.")]


@dataclass(frozen=True, kw_only=True)
class ServeOptions:
    """One server, as it was asked for."""

    load: Load = None
    target: Target = None
    port: Port = 8800
    host: Host = "127.0.0.1"
    data: Data = None
    database: Database = None
    storage: Storage = None
    tenant: Tenant = "local"
    token_file: TokenFile = None
    tls_cert: TlsCert = None
    tls_key: TlsKey = None
    allow_host: AllowHost = field(default_factory=list)
    workers: Workers = 2
    chaos: Chaos = None
    as_json: AsJson = False
