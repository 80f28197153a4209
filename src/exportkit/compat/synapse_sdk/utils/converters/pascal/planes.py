"""Planes of Pascal VOC: masks and polygons as pixels (numpy, and Pillow of the extra ``images``)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from exportkit.compat.synapse_sdk.utils.converters.dm.tools.segmentation import MaskEncodingError
from exportkit.compat.synapse_sdk.utils.converters.geometry import mask_of, points_of
from exportkit.errors import UsageError
from exportkit.writing.palette import palette

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Plane = NDArray[np.bool_]

__all__ = ["VOC_MAX_INDEX", "decode_dm_mask", "rasterize_polygon", "save_plane", "voc_palette"]

#: 0 is the background, and 255 the border of objects.
VOC_MAX_INDEX: Final = 254


def voc_palette() -> bytes:
    """The 256 colours of VOC, three bytes each."""
    return palette()


def decode_dm_mask(mask: Mapping[str, Any]) -> Plane:
    """The pixels of a mask that has its ``width`` and ``height`` with it. Raises MaskEncodingError."""
    import numpy as np

    width, height = mask.get("width"), mask.get("height")
    if type(width) is not int or type(height) is not int or width <= 0 or height <= 0:
        raise MaskEncodingError("The width and the height of a mask must be positive integers.")
    plane = np.zeros((height, width), dtype=np.bool_)
    found = mask_of(mask, width, height)
    pixels = plane.reshape(-1)
    for start, length in found.to_row_runs() if found is not None else ():
        pixels[start : start + length] = True
    return plane


def rasterize_polygon(points: object, width: int, height: int) -> Plane:
    """The pixels that Pillow fills: those inside, and those that the outline touches. Raises ValueError."""
    import numpy as np

    ring = points_of(points, "A polygon")
    if len(set(ring)) < 3:
        raise ValueError("A polygon needs at least three distinct points.")
    if width <= 0 or height <= 0:
        raise ValueError("The width and the height of a picture must be positive.")
    try:
        from PIL import Image, ImageDraw
    except ImportError:
        raise UsageError("Polygons become pixels with Pillow: pip install 'exportkit[images]'.") from None
    image = Image.new("1", (width, height), 0)
    ImageDraw.Draw(image).polygon(ring, outline=1, fill=1)
    return np.asarray(image, dtype=np.bool_)


def save_plane(plane: Any, path: Path) -> None:
    """Write a plane of numbers as a picture with the colours of VOC."""
    try:
        from PIL import Image
    except ImportError:
        raise UsageError("Planes are written with Pillow: pip install 'exportkit[images]'.") from None
    image = Image.fromarray(plane).convert("P")
    image.putpalette(voc_palette())
    image.save(path)
