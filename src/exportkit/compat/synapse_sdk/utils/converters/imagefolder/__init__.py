"""Payloads to folders of pictures by class."""

from __future__ import annotations

from exportkit.compat.synapse_sdk.utils.converters.imagefolder.from_dm import FromDMToImageFolderConverter

__all__ = ["FromDMToImageFolderConverter"]
