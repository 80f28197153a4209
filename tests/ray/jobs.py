"""Jobs that behave badly, where other processes can import them."""

from __future__ import annotations

import os
from pathlib import Path


class Unsendable(Exception):
    """Cannot be made again from what is stored of it."""

    def __init__(self, one: int, other: int) -> None:
        super().__init__(f"{one} and {other}")


def same(number: int) -> int:
    return number


def dies(number: int) -> int:
    """Takes its process with it, at every attempt."""
    if number == 1:
        os._exit(1)
    return number


def dies_once(job: tuple[Path, int]) -> int:
    """Takes its process with it at the first attempt only."""
    folder, number = job
    try:
        (folder / str(number)).touch(exist_ok=False)
    except FileExistsError:
        return number
    os._exit(1)


def raises_unsendable(number: int) -> int:
    raise Unsendable(number, number)


def closed_over(number: int) -> object:
    """A function that no other process can import."""
    return lambda: number
