"""GIF (87a and 89a)."""

from __future__ import annotations

from exportkit.pictures.facts import PictureHeader
from exportkit.pictures.window import Window

__all__ = ["is_gif", "read_gif"]


def is_gif(start: bytes) -> bool:
    """Tell whether a file beginning with `start` claims to be GIF."""
    return start.startswith((b"GIF87a", b"GIF89a"))


def read_gif(window: Window) -> PictureHeader:
    """Read the logical screen, which is the size every frame is shown in."""
    screen = window.read(6, 5)
    return PictureHeader(
        format="gif",
        stored_width=int.from_bytes(screen[0:2], "little"),
        stored_height=int.from_bytes(screen[2:4], "little"),
    )
