"""The program: its commands, and the one place where errors become exit codes."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import Annotated, NoReturn

import typer

from exportkit.cli.check import check
from exportkit.cli.convert import convert
from exportkit.cli.demo import demo
from exportkit.cli.failure import Terminated, report_error, report_failure
from exportkit.cli.formats import formats
from exportkit.cli.inspect import inspect
from exportkit.cli.new import new
from exportkit.cli.options import command_of
from exportkit.cli.plugins import plugins
from exportkit.cli.resume import resume_command
from exportkit.cli.run import plugin_run, run
from exportkit.cli.serve import serve
from exportkit.cli.verify import verify
from exportkit.errors import ExportkitError

__all__ = ["app", "main"]

_EPILOG = (
    "Exit codes: 0 done, 1 a defect of exportkit, 2 usage, 3 published with errors listed, 4 invalid input, "
    "5 remote failure, 6 permission, 7 local input or output, 8 conversion failed, 9 nothing to export, "
    "10 another run holds the output, 130/143 interrupted."
)

_INTERRUPTED = 130
_TERMINATED = 143

app = typer.Typer(
    name="exportkit",
    help="Turn what annotators produced into datasets that train.\n\n"
    "Example: exportkit convert bundle/ --to yolo --to coco -o out/",
    epilog=_EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    # Plain text: help with frames takes most of its time to import what draws them.
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (
    *(command_of(convert), inspect, check, verify, formats, plugins),
    *(command_of(run), new, demo, command_of(serve)),
):
    app.command()(command)
plugin_app = typer.Typer(name="plugin", help="Work with the plugin in the current folder.", no_args_is_help=True)
plugin_app.command("run")(command_of(plugin_run))
app.add_typer(plugin_app)


@plugin_app.callback()
def _plugin() -> None:
    """Commands of one plugin."""


def _show_version(wanted: bool) -> None:
    if wanted:
        from exportkit import __version__
        from exportkit.plugins import PluginManager

        loaded = [p for p in PluginManager.load().plugins if p.status == "loaded"]
        print(f"exportkit {__version__}")  # noqa: T201 - the result of the command
        for plugin in loaded:
            print(f"  {plugin.name} {plugin.version}")  # noqa: T201
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show versions, plugins included.")
    ] = False,
) -> None:
    del version


def _terminate(signum: int, frame: FrameType | None) -> NoReturn:
    del signum, frame
    raise Terminated


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit with its code. A traceback never reaches the user."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    signal.signal(signal.SIGTERM, _terminate)
    sys.exit(_run(words))


def _run(words: list[str]) -> int:
    as_json = "--json" in words
    try:
        result = app(words, standalone_mode=False)
    except ExportkitError as error:
        return report_error(error, as_json=as_json, resume=resume_command(words, error.exit_code))
    except (KeyboardInterrupt, typer.Abort):
        return _ended(_INTERRUPTED, "Interrupted", words, as_json=as_json)
    except Terminated:
        return _ended(_TERMINATED, "Terminated", words, as_json=as_json)
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except OSError as error:
        text = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        text = f"The local machine refused an operation: {text}."
        return report_failure(7, text, as_json=as_json, resume=resume_command(words, 7))
    except Exception as error:  # noqa: BLE001 - the outermost border: a defect must not show a traceback
        return _other_failure(error, words, as_json=as_json)
    if result == _INTERRUPTED:  # some releases of typer take Ctrl-C themselves
        return _ended(_INTERRUPTED, "Interrupted", words, as_json=as_json)
    return result if isinstance(result, int) else 0


def _ended(code: int, how: str, words: list[str], *, as_json: bool) -> int:
    """Report what a signal ended."""
    resume = resume_command(words, code)
    return report_failure(code, f"{how}; nothing was published.", as_json=as_json, resume=resume)


def _other_failure(error: Exception, words: list[str], *, as_json: bool) -> int:
    if isinstance(error, typer.Exit):
        return int(error.exit_code)
    # Older and newer releases of typer bring click under different names; what its usage errors share is this method.
    message = getattr(error, "format_message", None)
    if callable(message):
        usage = f" See 'exportkit {words[0]} --help'." if words and not words[0].startswith("-") else ""
        return report_failure(2, str(message()) + usage, as_json=as_json)
    text = f"This is a defect of exportkit, please report it: {type(error).__name__}: {error}."
    return report_failure(1, text, as_json=as_json, error=error)
