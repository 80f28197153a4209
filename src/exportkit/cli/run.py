"""``exportkit run``: an export action of a plugin, in this process."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exportkit.cli.run_options import RunOptions

if TYPE_CHECKING:
    from exportkit.clients import Connection
    from exportkit.running import ActionOutcome

__all__ = ["plugin_run", "run"]


def run(options: RunOptions) -> int:
    """Run an export action of a plugin, or the built-in 'export'. Its result is JSON on stdout.

    Rows come from --source, else from the backend that SYNAPSE_HOST and SYNAPSE_ACCESS_TOKEN name.

    Example: exportkit run export --plugin my-plugin --source bundle/ -o out --params @params.json
    """
    from exportkit.cli.result_json import as_json

    outcome = _outcome(options)
    print(as_json(outcome.result))  # noqa: T201 - the result
    return _told(outcome)


def plugin_run(options: RunOptions) -> int:
    """Run an action of the plugin in the current folder.

    Example: exportkit plugin run --mode local export --params '{"name": "try"}'
    """
    from exportkit.cli.result_json import as_json

    outcome = _outcome(replace(options, plugin=options.plugin or Path()))
    text = as_json(outcome.result)
    print(text if options.as_json else f"Result: {text}")  # noqa: T201 - the result
    return _told(outcome)


def _outcome(asked: RunOptions) -> ActionOutcome:
    from exportkit.cli.failure import Terminated
    from exportkit.cli.result_json import told_of
    from exportkit.cli.result_stream import talk_on_stderr
    from exportkit.errors import ConversionFailed, ExportkitError
    from exportkit.running import run_action
    from exportkit.runtime import ConsoleLogger

    _refuse(asked)
    params, connection = _params(asked.params), _connection(asked)
    logger = ConsoleLogger(debug=asked.debug, quiet=asked.quiet)
    with talk_on_stderr(), _warnings_told(logger):
        try:
            return run_action(
                asked.plugin,
                asked.action,
                params,
                source=asked.source,
                output=asked.output,
                logger=logger,
                language=asked.language,
                strict=asked.strict,
                connection=connection,
                restart=asked.restart,
                cancel_remote=asked.cancel_remote,
                engine=asked.engine,
                ray_address=asked.ray_address,
            )
        except (ExportkitError, KeyboardInterrupt, Terminated):
            raise
        except BaseException as error:  # the border of a plugin: whatever it raises is a failure of its action
            raise ConversionFailed(f"The action {asked.action[:80]!r} failed: {told_of(error)}.") from error
        finally:
            logger.finish()


def _refuse(asked: RunOptions) -> None:
    """Raise UsageError for options that cannot be followed."""
    from exportkit.errors import UsageError

    if asked.token is not None:
        raise UsageError("A token on the command line is seen by everybody on this machine; use --token-file.")
    if asked.mode != "local":
        raise UsageError(f"The mode {asked.mode!r} runs on a backend's machines; use --mode local.")
    if asked.ray_address is not None and asked.engine != "ray":
        raise UsageError("--ray-address goes with --engine ray.")
    if asked.resume and asked.restart:
        raise UsageError("--resume and --restart contradict each other; keep one of them.")


def _connection(asked: RunOptions) -> Connection | None:
    """The backend that environment and options name, where rows are to come from one. Raises UsageError."""
    from exportkit.clients import Connection
    from exportkit.errors import UsageError

    if asked.source is not None:
        return None
    found = Connection.of_environment(token_file=asked.token_file, cacert=asked.cacert)
    if found is None and os.environ.get("SYNAPSE_HOST"):
        raise UsageError(
            "SYNAPSE_HOST names a backend and no credentials are given; set SYNAPSE_ACCESS_TOKEN or use --token-file."
        )
    return found


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


def _told(outcome: ActionOutcome) -> int:
    from exportkit.cli.failure import printable
    from exportkit.cli.left_threads import leave_threads_behind

    for text in outcome.errors:
        sys.stderr.write(f"{printable(text)}\n")
    code = 3 if outcome.is_partial else 0
    leave_threads_behind(code)
    return code
