"""Values of a plane that mean something to every consumer, and their colours."""

from __future__ import annotations

from exportkit.writing.palette import palette, palette_color

__all__ = ["BACKGROUND", "LAST_INDEX", "VOID", "palette", "palette_color"]

#: Values of a plane that belong to no class and no object (formats, section 5.3).
BACKGROUND, VOID = 0, 255
#: The greatest value of a class or an object: 8 bits, less background and void.
LAST_INDEX = 254
