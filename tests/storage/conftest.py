"""What tests of storages share: a real S3 server."""

from __future__ import annotations

from tests.services import s3

__all__ = ["s3"]
