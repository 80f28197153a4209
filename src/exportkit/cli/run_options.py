"""The options of ``exportkit run``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer

from exportkit.cli.convert_options import Engine, RayAddress

__all__ = ["RunOptions"]

Mode = Literal["local", "task", "job", "jobs-api", "remote"]

Action = Annotated[str, typer.Argument(help="Name of the action, as under 'actions' in config.yaml.")]
Params = Annotated[str, typer.Option("--params", help="JSON, or @FILE with JSON.")]
Plugin = Annotated[
    Path | None,
    typer.Option(
        "--plugin",
        "-p",
        "--path",
        help="Folder of the plugin; by default the built-in action, or with 'plugin run' the current folder.",
    ),
]
AsJson = Annotated[
    bool,
    typer.Option("--json", help="Failures as one JSON object on stdout, too; with 'plugin run' the bare result."),
]
Source = Annotated[Path | None, typer.Option(help="A bundle that answers in the place of a backend.")]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="The folder that every storage is; by default the backend's, else 'exports'."),
]
ModeOption = Annotated[Mode, typer.Option("--mode", "-m", help="Where it runs; 'local' is this process.")]
Language = Annotated[str | None, typer.Option("--lang", help="Language of messages: en or ko.")]
Debug = Annotated[bool, typer.Option("--debug/--no-debug", help="Show what is meant for developers.")]
Strict = Annotated[bool, typer.Option("--strict", help="Refuse params that nothing reads.")]
Token = Annotated[str | None, typer.Option("--token", hidden=True)]
TokenFile = Annotated[Path | None, typer.Option(help="File with the access token of the backend (SYNAPSE_HOST).")]
CaCert = Annotated[Path | None, typer.Option("--cacert", help="Certificates to trust beside the system's.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with an unfinished run, as a repeated run does anyway.")]
Restart = Annotated[bool, typer.Option("--restart", help="Forget what an unfinished run has acquired.")]
CancelRemote = Annotated[bool, typer.Option("--cancel-remote", help="An interrupt ends the jobs of the server, too.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show warnings and errors only.")]


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """One run of an action, as it was asked for."""

    action: Action
    params: Params = "{}"
    plugin: Plugin = None
    source: Source = None
    output: Output = None
    mode: ModeOption = "local"
    language: Language = None
    debug: Debug = False
    strict: Strict = False
    token: Token = None
    token_file: TokenFile = None
    cacert: CaCert = None
    resume: Resume = False
    restart: Restart = False
    cancel_remote: CancelRemote = False
    engine: Engine = "local"
    ray_address: RayAddress = None
    as_json: AsJson = False
    quiet: Quiet = False
