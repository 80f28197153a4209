"""``exportkit run``: an export action of a plugin, in this process."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from exportkit.cli.result_stream import talk_on_stderr

__all__ = ["run"]

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


@dataclass(frozen=True)
class _Request:
    """One run of an action, as it was asked for."""

    action: str
    params: dict[str, Any]
    plugin: Path | None
    source: Path | None
    output: Path | None
    connection: Any
    restart: bool
    cancel_remote: bool
    language: str | None
    debug: bool
    strict: bool
    quiet: bool


def run(
    called: typer.Context,
    action: Action,
    params: Params = "{}",
    plugin: Plugin = None,
    source: Source = None,
    output: Output = None,
    mode: ModeOption = "local",
    language: Language = None,
    debug: Debug = False,
    strict: Strict = False,
    token: Token = None,
    token_file: TokenFile = None,
    cacert: CaCert = None,
    resume: Resume = False,
    restart: Restart = False,
    cancel_remote: CancelRemote = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> int:
    """Run an export action of a plugin's config.yaml, or the built-in 'export'; its result is JSON on stdout.

    Rows come from --source, else from the backend that SYNAPSE_HOST and SYNAPSE_ACCESS_TOKEN name.

    Example: exportkit run export --plugin my-plugin --source bundle/ -o out --params @params.json
    """
    of_plugin = called.parent is not None and called.parent.info_name == "plugin"
    _refuse(mode, token, resume=resume, restart=restart)
    request = _Request(
        action=action,
        params=_params(params),
        plugin=plugin or (Path() if of_plugin else None),
        source=source,
        output=output,
        connection=_connection(source, token_file, cacert),
        restart=restart,
        cancel_remote=cancel_remote,
        language=language,
        debug=debug,
        strict=strict,
        quiet=quiet,
    )
    outcome = _outcome(request)
    text = _as_json(outcome.result)
    print(f"Result: {text}" if of_plugin and not as_json else text)  # noqa: T201 - the result
    return _told(outcome)


def _refuse(mode: Mode, token: str | None, *, resume: bool, restart: bool) -> None:
    """Raise UsageError for options that cannot be followed."""
    from exportkit.errors import UsageError

    if token is not None:
        raise UsageError("A token on the command line is seen by everybody on this machine; use --token-file.")
    if mode != "local":
        raise UsageError(f"The mode {mode!r} runs on a backend's machines; use --mode local.")
    if resume and restart:
        raise UsageError("--resume and --restart contradict each other; keep one of them.")


def _connection(source: Path | None, token_file: Path | None, cacert: Path | None) -> Any:
    """The backend that environment and options name, where rows are to come from one. Raises UsageError."""
    from exportkit.clients import Connection
    from exportkit.errors import UsageError

    if source is not None:
        return None
    found = Connection.of_environment(token_file=token_file, cacert=cacert)
    if found is None and os.environ.get("SYNAPSE_HOST"):
        raise UsageError(
            "SYNAPSE_HOST names a backend and no credentials are given; set SYNAPSE_ACCESS_TOKEN or use --token-file."
        )
    return found


def _outcome(request: _Request) -> Any:
    from exportkit.cli.failure import Terminated
    from exportkit.errors import ConversionFailed, ExportkitError
    from exportkit.running import run_action
    from exportkit.runtime import ConsoleLogger

    logger = ConsoleLogger(debug=request.debug, quiet=request.quiet)
    with talk_on_stderr(), _warnings_told(logger):
        try:
            return run_action(
                request.plugin,
                request.action,
                request.params,
                source=request.source,
                output=request.output,
                logger=logger,
                language=request.language,
                strict=request.strict,
                connection=request.connection,
                restart=request.restart,
                cancel_remote=request.cancel_remote,
            )
        except (ExportkitError, KeyboardInterrupt, Terminated):
            raise
        except BaseException as error:  # the border of a plugin: whatever it raises is a failure of its action
            raise ConversionFailed(f"The action {request.action[:80]!r} failed: {_told_of(error)}.") from error
        finally:
            logger.finish()


@contextmanager
def _warnings_told(logger: Any) -> Iterator[None]:
    """Have warnings of Python, ours and those of plugins, stand in the log as sentences, each once."""
    import warnings

    told: set[str] = set()

    def tell(message: Warning | str, *_place: Any, **_more: Any) -> None:
        if str(message) not in told:
            told.add(str(message))
            logger.warning(str(message))

    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = tell
        yield


def _told_of(error: BaseException) -> str:
    """Type and words of an exception, whose own code may fail."""
    from exportkit.errors import words_of

    words = words_of(error).rstrip(".")
    return f"{type(error).__name__}: {words}" if words else type(error).__name__


def _params(text: str) -> dict[str, Any]:
    import json

    from exportkit.errors import UsageError

    where = "--params"
    if text.startswith("@"):
        where = f"The params in {text[1:]}"
        try:
            text = Path(text[1:]).read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not UTF-8"
            raise UsageError(f"{where} cannot be read: {reason}.") from None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{where}: this is no JSON: {error}.") from None
    if not isinstance(value, dict):
        raise UsageError(f'{where}: give one JSON object, for example {{"name": "try"}}.')
    return value


def _as_json(result: Any) -> str:
    """A result as one line of strict JSON; what JSON has no word for is written as its text."""
    import json

    from pydantic_core import to_jsonable_python

    from exportkit.errors import ConversionFailed

    try:
        try:
            plain = to_jsonable_python(result, fallback=_as_text, inf_nan_mode="null")
        except ValueError:  # bytes that are no UTF-8
            plain = to_jsonable_python(result, fallback=_as_text, inf_nan_mode="null", bytes_mode="base64")
        text = json.dumps(plain, ensure_ascii=False, allow_nan=False)
        return text if _can_be_printed(text) else json.dumps(plain)
    except Exception as error:
        raise ConversionFailed(f"The result of the action cannot be written as JSON: {_told_of(error)}.") from error


def _can_be_printed(text: str) -> bool:
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeError:
        return False
    return True


def _as_text(value: Any) -> str:
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - the border of a plugin
        return f"<{type(value).__name__}>"


def _told(outcome: Any) -> int:
    from exportkit.cli.failure import printable
    from exportkit.cli.left_threads import leave_threads_behind

    for text in outcome.errors:
        sys.stderr.write(f"{printable(text)}\n")
    code = 3 if outcome.is_partial else 0
    leave_threads_behind(code)
    return code
