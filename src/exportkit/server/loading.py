"""Filling a server from a bundle: each line becomes a task, an assignment and a ground-truth event of one id."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, and_, func, insert, select

from exportkit.bundles import Bundle, iter_lines, opened
from exportkit.errors import BundleRefused
from exportkit.server import tables
from exportkit.server.backend import Backend
from exportkit.server.filter_values import iso_moment
from exportkit.server.loaded_files import LoadedFiles
from exportkit.server.loaded_line import LoadedLine, read_line
from exportkit.server.principals import Principal
from exportkit.storage.beneath import Beneath
from exportkit.storage.refusals import shown
from exportkit.wire.manifest import MANIFEST_NAME

__all__ = ["Loaded", "load_bundle"]

_BATCH: Final = 500


@dataclass(frozen=True)
class Loaded:
    """What a bundle has become."""

    project_id: int
    dataset_version_id: int
    records: int
    #: Whether it was here already, from an earlier start.
    known: bool = False


def load_bundle(backend: Backend, caller: Principal, path: Path, target: str | None = None) -> Loaded:
    """Load a bundle as a project and an unreleased dataset version, all or nothing; one that is here already is found.

    Raises BundleRefused, with file and line, for what rows cannot hold: an id that is no number of 64 bits or stands
    twice, a line that is no JSON object. UsageError and LocalIOError as for any bundle.
    """
    with tempfile.TemporaryDirectory(prefix="exportkit-load-") as work:
        bundle = Bundle.open(path, target, work=Path(work))
        digest = _digest(bundle)
        with backend.database.writing() as connection, Beneath(bundle.root) as root:
            files = LoadedFiles(root, backend.objects, caller.tenant_id)
            return _known(connection, caller, digest) or _Loading(caller, bundle, connection, files).load(digest)


def _known(connection: Connection, caller: Principal, digest: str) -> Loaded | None:
    row = tables.loaded_bundle
    wanted = and_(row.c.tenant_id == caller.tenant_id, row.c.digest == digest)
    found = connection.execute(select(row).where(wanted)).first()
    if found is None:
        return None
    return Loaded(found.project_id, found.version_id, found.records, known=True)


class _Loading:
    """One bundle on its way into the tables."""

    def __init__(self, caller: Principal, bundle: Bundle, connection: Connection, files: LoadedFiles) -> None:
        self._caller = caller
        self._bundle = bundle
        self._connection = connection
        self._files = files
        self._created = iso_moment(datetime.now(UTC))

    def load(self, digest: str) -> Loaded:
        name = self._bundle.root.resolve().name or "bundle"
        self._project = self._inserted(
            tables.project, name=name, configuration=msgspec.json.encode(self._configuration()).decode()
        )
        self._dataset = self._inserted(
            tables.ground_truth_dataset, project_id=self._project, name=name, description="Loaded from a bundle."
        )
        self._version = self._inserted(tables.ground_truth_dataset_version, dataset_id=self._dataset)
        counted = [self._load_part(index) for index in range(len(self._bundle.parts))]
        self._bundle.verify_counts(counted)
        loaded = Loaded(self._project, self._version, sum(counted))
        values = {"tenant_id": self._caller.tenant_id, "digest": digest, "records": loaded.records}
        ids = {"project_id": self._project, "version_id": self._version}
        self._connection.execute(insert(tables.loaded_bundle).values(**values, **ids))
        return loaded

    def _load_part(self, index: int) -> int:
        part = self._bundle.parts[index]
        count = 0
        with opened(part) as file:
            batch: list[LoadedLine] = []
            for line in iter_lines(file, part.mark, part.size, apart=True):
                batch.append(read_line(line, part.path))
                count += 1
                if len(batch) == _BATCH:
                    self._store(batch, part.path)
                    batch = []
            self._store(batch, part.path)
        return count

    def _store(self, batch: list[LoadedLine], file: str) -> None:
        if not batch:
            return
        self._refuse_repeated(batch, file)
        tenant_id = self._caller.tenant_id
        documents = [
            {
                "tenant_id": tenant_id,
                "data": line.data,
                "data_size": len(line.data or b""),
                "data_digest": hashlib.sha256(line.data or b"").hexdigest(),
                "like_wrapper": line.like_wrapper,
                "files": self._files.stored(line),
                "unit": line.unit,
                "rest": line.rest,
                "search": line.search,
            }
            for line in batch
        ]
        ids = self._document_ids(len(batch))
        self._connection.execute(
            insert(tables.document), [{"id": one, **document} for one, document in zip(ids, documents, strict=True)]
        )
        rows = [self._row(line, document_id) for line, document_id in zip(batch, ids, strict=True)]
        self._connection.execute(insert(tables.task), [dict(row) for row in rows])
        work = {"user_id": self._caller.account_id, "status_review": "completed", "is_confirmed": True}
        self._connection.execute(insert(tables.assignment), [{**row, "task_id": row["id"], **work} for row in rows])
        place = {"dataset_id": self._dataset, "version_id": self._version, "pgh_label": "insert"}
        events = [{**row, "pgh_id": line.pgh_id, **place} for row, line in zip(rows, batch, strict=True)]
        self._connection.execute(insert(tables.ground_truth_event), events)

    def _document_ids(self, count: int) -> list[int]:
        """Reserve ids, which is several times faster than asking for each one that was given."""
        if self._connection.dialect.name == "sqlite":
            last = self._connection.execute(select(func.max(tables.document.c.id))).scalar() or 0
            return list(range(last + 1, last + 1 + count))
        sequence = func.pg_get_serial_sequence("document", "id")
        statement = select(func.nextval(sequence)).select_from(func.generate_series(1, count))
        return [int(one) for one in self._connection.execute(statement).scalars()]

    def _row(self, line: LoadedLine, document_id: int) -> dict[str, Any]:
        return {
            "tenant_id": self._caller.tenant_id,
            "id": line.id,
            "project_id": self._project,
            "data_unit_id": line.data_unit_id,
            "document_id": document_id,
            "has_data": line.data not in {None, b"null"},
            "is_discarded": False,
            "status_label": line.status_label,
            "created": self._created,
        }

    def _refuse_repeated(self, batch: list[LoadedLine], file: str) -> None:
        """Find an id that came before, in this bundle or another one of the tenant."""
        event = tables.ground_truth_event
        for name in ("id", "pgh_id"):
            numbers = [getattr(line, name) for line in batch]
            table = tables.task if name == "id" else event
            wanted = and_(table.c.tenant_id == self._caller.tenant_id, table.c[name].in_(numbers))
            seen = set(self._connection.execute(select(table.c[name]).where(wanted)).scalars())
            for line, number in zip(batch, numbers, strict=True):
                if number in seen:
                    message = f"The {name} {number} in line {line.number} of {shown(file)} is taken by an earlier row;"
                    hint = " remove one of them, or load the bundle into a tenant of its own with --tenant."
                    raise BundleRefused("E_ID_DUPLICATE", message + hint, file=file, line=line.number)
                seen.add(number)

    def _inserted(self, table: Any, **values: Any) -> int:
        statement = insert(table).values(tenant_id=self._caller.tenant_id, **values).returning(table.c.id)
        return int(self._connection.execute(statement).scalar_one())

    def _configuration(self) -> dict[str, Any]:
        """Give the classification that the bundle's manifest brings along, else an empty one."""
        try:
            document = msgspec.json.decode((self._bundle.root / MANIFEST_NAME).read_bytes())
        except (OSError, msgspec.MsgspecError):
            document = {}
        found = document.get("classification") if isinstance(document, dict) else None
        return {"classification": found if isinstance(found, dict) else {}}


def _digest(bundle: Bundle) -> str:
    digest = hashlib.sha256(bundle.target.encode())
    for part in bundle.parts:
        with opened(part) as file:
            for block in _blocks(file):
                digest.update(block)
    return digest.hexdigest()


def _blocks(file: int) -> Iterator[bytes]:
    with open(file, "rb", closefd=False) as stream:
        while block := stream.read(1 << 20):
            yield block
