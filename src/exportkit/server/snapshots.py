"""Bundles of released dataset versions, which later exports only download."""

from __future__ import annotations

import json
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, select, update

from exportkit.server.backend import Backend
from exportkit.server.destinations import open_destination
from exportkit.server.export_request import ExportOrder
from exportkit.server.tables import ground_truth_dataset_version, storage

__all__ = ["snapshot_of", "store_snapshot"]

_KEY: Final = "ground_truth_dataset_versions"


def snapshot_of(backend: Backend, connection: Connection, tenant_id: int, order: ExportOrder) -> dict[str, Any] | None:
    """Give the result of an export that has its bundle already: of one released version as a whole, else None.

    No row is read. A bundle that somebody removed from the storage is no longer given.
    """
    versions = order.filter.get(_KEY)
    if set(order.filter) != {_KEY} or not isinstance(versions, list) or len(set(versions)) != 1:
        return None
    version = ground_truth_dataset_version
    mine = (version.c.tenant_id == tenant_id, version.c.id == int(versions[0]), version.c.released.is_not(None))
    joined = version.join(storage, storage.c.id == version.c.snapshot_storage)
    columns = (version.c.snapshot_manifest, storage.c.id, storage.c.provider, storage.c.place)
    found = connection.execute(select(*columns).select_from(joined).where(*mine)).first()
    if found is None or found.snapshot_manifest is None or found.id != order.storage_id or not order.stages_originals:
        return None
    manifest = json.loads(found.snapshot_manifest)
    destination = open_destination(found.provider, found.place, backend.settings.folder)
    if destination.manifest(manifest["prefix"]) != manifest:
        return None
    count = manifest["targets"][order.target]["records"]
    echo = {"applied_filter": order.applied_filter, "applied_count": count}
    return {"count": count, "result_uri": manifest["result_uri"], "manifest": manifest, "snapshot": True, **echo}


def store_snapshot(connection: Connection, job_id: str, version_id: int, manifest: dict[str, Any]) -> None:
    """Remember the bundle of a version, if it is still this job that writes it."""
    version = ground_truth_dataset_version
    ours = (version.c.id == version_id, version.c.snapshot_job == job_id)
    values = {"snapshot_manifest": msgspec.json.encode(manifest).decode()}
    connection.execute(update(version).where(*ours).values(values))
