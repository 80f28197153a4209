"""The tables. Rows of the three targets share the documents that hold their payloads and files."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

__all__ = [
    "LARGEST_KEY",
    "access_token",
    "account",
    "assignment",
    "document",
    "export",
    "ground_truth_dataset",
    "ground_truth_dataset_version",
    "ground_truth_event",
    "idempotency_key",
    "job",
    "job_event",
    "job_log",
    "job_record",
    "loaded_bundle",
    "metadata",
    "project",
    "storage",
    "task",
    "tenant",
]

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)
#: Ids and keys of rows are numbers of 64 bits with a sign.
LARGEST_KEY: Final = 2**63 - 1
_Id: Final = BigInteger().with_variant(Integer, "sqlite")


def _id() -> Column[Any]:
    return Column("id", _Id, primary_key=True, autoincrement=True)


def _tenant(**options: Any) -> Column[Any]:
    return Column("tenant_id", ForeignKey("tenant.id"), nullable=False, **options)


tenant: Final = Table("tenant", metadata, _id(), Column("code", String(200), nullable=False, unique=True))

account: Final = Table(
    "account",
    metadata,
    _id(),
    _tenant(),
    Column("name", String(200), nullable=False),
    UniqueConstraint("tenant_id", "name"),
)

access_token: Final = Table(
    "access_token",
    metadata,
    # SHA-256 of the token, in hexadecimal digits: the token itself is nowhere.
    Column("digest", String(64), primary_key=True),
    Column("account_id", ForeignKey("account.id"), nullable=False),
    Column("created", Float, nullable=False),
)

storage: Final = Table(
    "storage",
    metadata,
    _id(),
    _tenant(index=True),
    Column("name", String(200), nullable=False),
    Column("provider", String(20), nullable=False),
    # An absolute folder, or an s3:// URL without credentials.
    Column("place", Text, nullable=False),
)

project: Final = Table(
    "project",
    metadata,
    _id(),
    _tenant(index=True),
    Column("name", Text, nullable=False),
    # JSON object.
    Column("configuration", Text, nullable=False),
)

ground_truth_dataset: Final = Table(
    "ground_truth_dataset",
    metadata,
    _id(),
    _tenant(index=True),
    Column("project_id", ForeignKey("project.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False),
)

ground_truth_dataset_version: Final = Table(
    "ground_truth_dataset_version",
    metadata,
    _id(),
    _tenant(index=True),
    Column("dataset_id", ForeignKey("ground_truth_dataset.id"), nullable=False),
    # From the moment of its release a version never changes.
    Column("released", Float),
    # The job that writes its bundle, the storage that holds it, and the manifest once it is there.
    Column("snapshot_job", String(36)),
    Column("snapshot_storage", ForeignKey("storage.id")),
    Column("snapshot_manifest", Text),
)

document: Final = Table(
    "document",
    metadata,
    _id(),
    _tenant(),
    Column("data_size", BigInteger, nullable=False),
    Column("data_digest", String(64), nullable=False),
    # A payload that reads as a wrapper is never sent within a row (wire contract, section 7).
    Column("like_wrapper", Boolean, nullable=False),
    # JSON with marked places for what is signed anew in every answer; NULL where there are no files.
    Column("files", LargeBinary),
    Column("unit", LargeBinary),
    # The members behind the data unit, ready to be appended.
    Column("rest", LargeBinary, nullable=False),
    # Names, case folded.
    Column("search", Text, nullable=False),
    # The payload as the bytes that were loaded; NULL where there is none. Last, so that nothing lies behind it.
    Column("data", LargeBinary),
)


# Rows are clustered by their scope and key: a page of a list is one seek, and what follows it lies beside it.


def _row_columns() -> tuple[Column[Any], ...]:
    return (
        Column("data_unit_id", BigInteger, nullable=False),
        Column("document_id", ForeignKey("document.id"), nullable=False),
        Column("has_data", Boolean, nullable=False),
        Column("is_discarded", Boolean, nullable=False),
        Column("status_label", String(40), nullable=False),
        # ISO 8601 in UTC with microseconds, which sorts as it reads.
        Column("created", String(27), nullable=False),
    )


task: Final = Table(
    "task",
    metadata,
    _tenant(primary_key=True),
    Column("project_id", ForeignKey("project.id"), primary_key=True),
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    *_row_columns(),
    Index(None, "tenant_id", "id", unique=True),
    sqlite_with_rowid=False,
)

assignment: Final = Table(
    "assignment",
    metadata,
    _tenant(primary_key=True),
    Column("project_id", ForeignKey("project.id"), primary_key=True),
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("task_id", BigInteger, nullable=False),
    Column("user_id", ForeignKey("account.id"), nullable=False),
    Column("status_review", String(40), nullable=False),
    Column("is_confirmed", Boolean, nullable=False),
    *_row_columns(),
    Index(None, "tenant_id", "id", unique=True),
    Index(None, "tenant_id", "task_id"),
    sqlite_with_rowid=False,
)

ground_truth_event: Final = Table(
    "ground_truth_event",
    metadata,
    _tenant(primary_key=True),
    Column("version_id", ForeignKey("ground_truth_dataset_version.id"), primary_key=True),
    Column("pgh_id", BigInteger, primary_key=True, autoincrement=False),
    Column("id", BigInteger, nullable=False),
    Column("project_id", ForeignKey("project.id"), nullable=False),
    Column("dataset_id", ForeignKey("ground_truth_dataset.id"), nullable=False),
    Column("pgh_label", String(40), nullable=False),
    *_row_columns(),
    Index(None, "tenant_id", "pgh_id", unique=True),
    Index(None, "tenant_id", "version_id", "id", unique=True),
    sqlite_with_rowid=False,
)

loaded_bundle: Final = Table(
    "loaded_bundle",
    metadata,
    _tenant(primary_key=True),
    Column("digest", String(64), primary_key=True),
    Column("project_id", ForeignKey("project.id"), nullable=False),
    Column("version_id", ForeignKey("ground_truth_dataset_version.id"), nullable=False),
    Column("records", BigInteger, nullable=False),
)

job: Final = Table(
    "job",
    metadata,
    Column("id", String(36), primary_key=True),
    _tenant(),
    Column("account_id", ForeignKey("account.id"), nullable=False),
    Column("type", String(40), nullable=False),
    Column("status", String(20), nullable=False),
    # What is to be exported, as JSON.
    Column("request", Text, nullable=False),
    Column("ray_job_id", Text),
    Column("created", Float, nullable=False),
    Column("started", Float),
    Column("finished", Float),
    Column("progress_updated", Float, nullable=False),
    Column("total_count", BigInteger),
    Column("processed_count", BigInteger, nullable=False),
    # JSON, once completed; a sentence, once failed.
    Column("result", Text),
    Column("error", Text),
    Column("attempts", Integer, nullable=False),
    # Raised whenever the job changes hands: only who knows the newest number may write.
    Column("fence", Integer, nullable=False),
    Column("worker", String(80)),
    Column("lease_until", Float),
    Index(None, "status", "created"),
    Index(None, "tenant_id", "account_id", "created"),
)

job_event: Final = Table(
    "job_event",
    metadata,
    _id(),
    Column("job_id", ForeignKey("job.id"), nullable=False),
    Column("name", String(40), nullable=False),
    Column("body", Text, nullable=False),
    Index(None, "job_id", "id"),
    sqlite_autoincrement=True,
)

export: Final = Table(
    "export",
    metadata,
    _id(),
    _tenant(),
    Column("account_id", ForeignKey("account.id"), nullable=False),
    Column("job_id", ForeignKey("job.id"), nullable=False, unique=True),
    Index(None, "tenant_id", "account_id", "id"),
)

idempotency_key: Final = Table(
    "idempotency_key",
    metadata,
    _tenant(primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("account_id", ForeignKey("account.id"), nullable=False),
    # SHA-256 of the request that came with the key.
    Column("request_digest", String(64), nullable=False),
    Column("job_id", ForeignKey("job.id"), nullable=False),
    Column("answer", Text, nullable=False),
    Column("created", Float, nullable=False),
)

job_record: Final = Table(
    "job_record",
    metadata,
    _tenant(primary_key=True),
    Column("id", String(200), primary_key=True),
    # The fields that were sent, as one JSON object.
    Column("fields", Text, nullable=False),
    Column("updated", Float, nullable=False),
)

job_log: Final = Table(
    "job_log",
    metadata,
    _id(),
    _tenant(),
    Column("job", Text),
    Column("entry", Text, nullable=False),
    Index(None, "tenant_id", "job"),
)
