"""Every exception of exportkit, ordered by what the caller should do.

* A *fault* costs one part of the input (an annotation or a record); conversion goes on without it.
* An :class:`ExportkitError` ends the run; its ``exit_code`` is the one of the command line.

Messages are one plain sentence: what is wrong, where, how to fix it. The facts stand in attributes,
so that callers never parse a message.
"""

from __future__ import annotations

__all__ = [
    "AnnotationFault",
    "AnnotationSkip",
    "BundleRefused",
    "BundleTraversalError",
    "ConversionFailed",
    "ExportkitError",
    "FilterRefused",
    "IncompleteExport",
    "LocalIOError",
    "NothingToExport",
    "OutputLocked",
    "RecordFault",
    "RemoteIOError",
    "SettingRefused",
    "StepFailed",
    "UsageError",
    "words_of",
]


def words_of(error: BaseException) -> str:
    """The text of an exception that somebody else's code raised; a plain sentence where its own ``__str__`` raises."""
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - whatever a text raises, the failure that it tells of is accounted for
        return "It gives no text."


class ExportkitError(Exception):
    """A run cannot go on. ``exit_code`` follows the table of exit codes in the product description."""

    exit_code: int = 1


class UsageError(ExportkitError):
    """The command, an option or a configuration value is wrong."""

    exit_code = 2


class FilterRefused(UsageError, ValueError):
    """A filter has a key that is not known, or a value that its source cannot apply; nothing was asked for."""


class SettingRefused(UsageError, ValueError):
    """A knob was given a value that it does not take. ``place`` says where it was given."""

    def __init__(self, name: str, place: str, value: object, takes: str) -> None:
        super().__init__(f"{name} is {value!r} by {place}; it has to be {takes}.")
        self.name = name
        self.place = place
        self.value = value
        self.takes = takes

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.name, self.place, self.value, self.takes)


class BundleRefused(ExportkitError):
    """The bundle as a whole is unusable; nothing is published and nothing is left behind.

    ``code`` is one of the bundle-scoped codes (``E_MANIFEST`` …); ``file`` is relative to the bundle;
    ``line`` is 1-based.
    """

    exit_code = 4

    def __init__(
        self,
        code: str,
        message: str,
        *,
        file: str | None = None,
        line: int | None = None,
        json_path: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.file = file
        self.line = line
        self.json_path = json_path

    def __reduce__(self) -> tuple[object, ...]:
        facts = (self.code, self.message, self.file, self.line, self.json_path)
        return _refused_again, (type(self), *facts)


class BundleTraversalError(BundleRefused, ValueError):
    """A path in a bundle leaves the bundle, or lies behind a link."""


class IncompleteExport(ExportkitError):
    """What was received is not what was counted or asked for; nothing is published."""

    exit_code = 4

    def __init__(self, message: str, *, expected: int | None = None, received: int | None = None) -> None:
        super().__init__(message)
        self.status = "incomplete"
        self.expected = expected
        self.received = received


class LocalIOError(ExportkitError):
    """The local machine refused an input or output operation (no space, no permission, read-only)."""

    exit_code = 7


class RemoteIOError(ExportkitError):
    """A storage on another machine refused or did not answer; the run may be continued later."""

    exit_code = 5


class ConversionFailed(ExportkitError):
    """The conversion was stopped by its own rules; the former output is untouched."""

    exit_code = 8


class NothingToExport(ExportkitError):
    """There are no records and the caller asked to treat that as an error."""

    exit_code = 9


class OutputLocked(ExportkitError):
    """Another run holds the output, or changed a file that this run was about to replace."""

    exit_code = 10


class StepFailed(ConversionFailed, RuntimeError):
    """A step of a workflow failed and everything begun was rolled back; the original exception is the cause.

    ``step`` is the name of the step, ``error`` the reason without it; the exit code is the cause's, if it has one.
    """

    def __init__(self, step: str, error: str) -> None:
        super().__init__(f"Step '{step}' failed: {error}")
        self.step = step
        self.error = error

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.step, self.error)


class RecordFault(Exception):
    """One record cannot be converted. ``json_path`` names the smallest bad part."""

    def __init__(self, code: str, message: str, json_path: str = "$") -> None:
        super().__init__(code, message, json_path)
        self.code = code
        self.message = message
        self.json_path = json_path

    def __str__(self) -> str:
        return self.message


class AnnotationFault(Exception):
    """One annotation cannot be read or written; the record goes on without it.

    ``json_path`` is relative to the annotation (``.bbox``, ``.segmentation[0]``) or empty.
    """

    def __init__(self, code: str, message: str, json_path: str = "") -> None:
        super().__init__(code, message, json_path)
        self.code = code
        self.message = message
        self.json_path = json_path

    def __str__(self) -> str:
        return self.message


class AnnotationSkip(Exception):
    """One annotation has no place in this output by a rule or an option (an ``S_`` code)."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return self.message


def _refused_again(
    cls: type[BundleRefused], code: str, message: str, file: str | None, line: int | None, json_path: str | None
) -> BundleRefused:
    """Rebuild a refusal that crossed a process border."""
    return cls(code, message, file=file, line=line, json_path=json_path)
