"""Pictures in another format than the original's, where a writer asks for it (extra ``images``)."""

from __future__ import annotations

import io
import warnings
from typing import Any, BinaryIO

from exportkit.errors import RecordFault, UsageError

__all__ = ["ensure_pillow", "to_jpeg"]

_QUALITY = 95
_ORIENTATION = 0x0112
_SIXTEEN_TO_EIGHT = 1 / 256


def ensure_pillow() -> None:
    """Refuse at the start what would fail for every record. Raises UsageError where Pillow is not installed."""
    try:
        import PIL.Image  # noqa: F401
    except ImportError:
        raise UsageError("images=transcode needs Pillow: pip install 'exportkit[images]'.") from None


def to_jpeg(file: BinaryIO, max_pixels: int) -> bytes:
    """The picture as a JPEG of quality 95, pixels unturned, its orientation kept as EXIF.

    Raises RecordFault ``E_PIXELS_LIMIT`` above ``max_pixels``, before anything is decoded, and
    ``E_IMAGE_UNREADABLE`` where Pillow cannot decode it.
    """
    from PIL import Image

    where = "$.files_manifest"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(file) as picture:
                pixels = picture.width * picture.height
                if pixels > max_pixels:
                    text = f"The picture has {pixels} pixels; more than {max_pixels} are not decoded (--max-pixels)."
                    raise RecordFault("E_PIXELS_LIMIT", text, where)
                out = io.BytesIO()
                _flat(picture).save(out, "JPEG", quality=_QUALITY, exif=_orientation_alone(picture))
        except RecordFault:
            raise
        except Exception as error:
            text = f"The picture cannot be decoded ({type(error).__name__}), so it cannot be turned into a JPEG."
            raise RecordFault("E_IMAGE_UNREADABLE", text, where) from error
    return out.getvalue()


def _orientation_alone(picture: Any) -> bytes:
    """EXIF data with the orientation and nothing else; empty for an upright picture."""
    from PIL import Image

    orientation = picture.getexif().get(_ORIENTATION, 1)
    if orientation == 1:
        return b""
    exif = Image.Exif()
    exif[_ORIENTATION] = orientation
    return exif.tobytes()


def _flat(picture: Any) -> Any:
    """Eight bits, three channels or grey, nothing transparent."""
    if picture.mode in {"L", "RGB"}:
        return picture
    if picture.mode.startswith("I") or picture.mode == "F":
        return picture.point(lambda value: value * _SIXTEEN_TO_EIGHT).convert("L")
    return picture.convert("RGB")
