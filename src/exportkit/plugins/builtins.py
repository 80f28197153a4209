"""What the core itself brings, through the same door as anybody's plugin."""

from __future__ import annotations

from collections.abc import Sequence

from exportkit.normalize import BUILTIN_NORMALIZERS, Normalizer
from exportkit.plugins.hookspecs import hookimpl

__all__ = ["exportkit_register_normalizers"]

exportkit_api_version = 1


@hookimpl
def exportkit_register_normalizers() -> Sequence[type[Normalizer]]:
    """Normalisers of the payload schemas that the wire contract names."""
    return BUILTIN_NORMALIZERS
