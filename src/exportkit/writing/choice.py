"""A format with its options, chosen in Python: ``Yolo(task="segment")``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import ValidationError

from exportkit.errors import UsageError
from exportkit.writing.contract import Writer, WriterOptions

__all__ = ["FormatChoice", "option_fault"]


class FormatChoice:
    """What ``--to NAME:key=value,…`` says, as an object. A format derives one class from it and names its writer.

    ``label`` is the folder among several outputs; by default the name of the format. Raises UsageError for options
    that the writer does not take.
    """

    writer: ClassVar[type[Writer]]

    def __init__(self, *, label: str | None = None, **options: Any) -> None:
        self.label = label or self.writer.name
        try:
            self.options: WriterOptions = self.writer.options_model.model_validate(options)
        except ValidationError as error:
            raise UsageError(f"{type(self).__name__}: {option_fault(error.errors()[0])}.") from None


def option_fault(detail: Mapping[str, Any]) -> str:
    """What a model of options says of one of them, without a full stop and without the words of its library."""
    text = str(detail["msg"]).removeprefix("Value error, ").rstrip(".")
    text = text.replace("Input should be", "it should be")
    key = ".".join(str(part) for part in detail["loc"])
    return f"the option {key!r} is wrong: {text}" if key else text
