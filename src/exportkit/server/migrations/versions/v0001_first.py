"""The tables of the first release."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ID: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make them, each after those that it refers to."""
    _make_accounts()
    _make_datasets()
    _make_versions()
    _make_documents()
    _make_tasks()
    _make_events()
    _make_jobs()
    _make_exports()
    _make_job_logs()


def _make_accounts() -> None:
    """Who asks."""
    op.create_table(
        "tenant",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("code", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenant")),
        sa.UniqueConstraint("code", name=op.f("uq_tenant_code")),
    )
    op.create_table(
        "account",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("tenant_id", _ID, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_account_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("tenant_id", "name", name=op.f("uq_account_tenant_id_name")),
    )
    op.create_table(
        "access_token",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("created", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_access_token_account_id")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_access_token")),
    )


def _make_datasets() -> None:
    """Where exports go, and what rows belong to."""
    op.create_table(
        "storage",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("tenant_id", _ID, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("provider", sa.String(length=20), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_storage_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_storage")),
    )
    op.create_index(op.f("ix_storage_tenant_id"), "storage", ["tenant_id"], unique=False)
    op.create_table(
        "project",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("tenant_id", _ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("configuration", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_project_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project")),
    )
    op.create_index(op.f("ix_project_tenant_id"), "project", ["tenant_id"], unique=False)
    op.create_table(
        "ground_truth_dataset",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("tenant_id", _ID, nullable=False),
        sa.Column("project_id", _ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_ground_truth_dataset_project_id")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_ground_truth_dataset_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ground_truth_dataset")),
    )
    op.create_index(op.f("ix_ground_truth_dataset_tenant_id"), "ground_truth_dataset", ["tenant_id"], unique=False)


def _make_versions() -> None:
    """What can be released."""
    op.create_table(
        "ground_truth_dataset_version",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("tenant_id", _ID, nullable=False),
        sa.Column("dataset_id", _ID, nullable=False),
        sa.Column("released", sa.Float(), nullable=True),
        sa.Column("snapshot_job", sa.String(length=36), nullable=True),
        sa.Column("snapshot_storage", _ID, nullable=True),
        sa.Column("snapshot_manifest", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["ground_truth_dataset.id"], name=op.f("fk_ground_truth_dataset_version_dataset_id")
        ),
        sa.ForeignKeyConstraint(
            ["snapshot_storage"], ["storage.id"], name=op.f("fk_ground_truth_dataset_version_snapshot_storage")
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_ground_truth_dataset_version_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ground_truth_dataset_version")),
    )
    op.create_index(
        op.f("ix_ground_truth_dataset_version_tenant_id"), "ground_truth_dataset_version", ["tenant_id"], unique=False
    )


def _make_documents() -> None:
    """Payloads, and the bundles that they came from."""
    op.create_table(
        "document",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("tenant_id", _ID, nullable=False),
        sa.Column("data_size", sa.BigInteger(), nullable=False),
        sa.Column("data_digest", sa.String(length=64), nullable=False),
        sa.Column("like_wrapper", sa.Boolean(), nullable=False),
        sa.Column("files", sa.LargeBinary(), nullable=True),
        sa.Column("unit", sa.LargeBinary(), nullable=True),
        sa.Column("rest", sa.LargeBinary(), nullable=False),
        sa.Column("search", sa.Text(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_document_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document")),
    )
    op.create_table(
        "loaded_bundle",
        sa.Column("tenant_id", _ID, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("project_id", _ID, nullable=False),
        sa.Column("version_id", _ID, nullable=False),
        sa.Column("records", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_loaded_bundle_project_id")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_loaded_bundle_tenant_id")),
        sa.ForeignKeyConstraint(
            ["version_id"], ["ground_truth_dataset_version.id"], name=op.f("fk_loaded_bundle_version_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "digest", name=op.f("pk_loaded_bundle")),
    )


def _make_tasks() -> None:
    """The rows of two targets."""
    op.create_table(
        "task",
        sa.Column("tenant_id", _ID, nullable=False),
        sa.Column("project_id", _ID, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("data_unit_id", sa.BigInteger(), nullable=False),
        sa.Column("document_id", _ID, nullable=False),
        sa.Column("has_data", sa.Boolean(), nullable=False),
        sa.Column("is_discarded", sa.Boolean(), nullable=False),
        sa.Column("status_label", sa.String(length=40), nullable=False),
        sa.Column("created", sa.String(length=27), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name=op.f("fk_task_document_id")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_task_project_id")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_task_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "project_id", "id", name=op.f("pk_task")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_task_tenant_id_id"), "task", ["tenant_id", "id"], unique=True)
    op.create_table(
        "assignment",
        sa.Column("tenant_id", _ID, nullable=False),
        sa.Column("project_id", _ID, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("task_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", _ID, nullable=False),
        sa.Column("status_review", sa.String(length=40), nullable=False),
        sa.Column("is_confirmed", sa.Boolean(), nullable=False),
        sa.Column("data_unit_id", sa.BigInteger(), nullable=False),
        sa.Column("document_id", _ID, nullable=False),
        sa.Column("has_data", sa.Boolean(), nullable=False),
        sa.Column("is_discarded", sa.Boolean(), nullable=False),
        sa.Column("status_label", sa.String(length=40), nullable=False),
        sa.Column("created", sa.String(length=27), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name=op.f("fk_assignment_document_id")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_assignment_project_id")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_assignment_tenant_id")),
        sa.ForeignKeyConstraint(["user_id"], ["account.id"], name=op.f("fk_assignment_user_id")),
        sa.PrimaryKeyConstraint("tenant_id", "project_id", "id", name=op.f("pk_assignment")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_assignment_tenant_id_id"), "assignment", ["tenant_id", "id"], unique=True)
    op.create_index(op.f("ix_assignment_tenant_id_task_id"), "assignment", ["tenant_id", "task_id"], unique=False)


def _make_events() -> None:
    """The rows of the third target."""
    op.create_table(
        "ground_truth_event",
        sa.Column("tenant_id", _ID, nullable=False),
        sa.Column("version_id", _ID, nullable=False),
        sa.Column("pgh_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("project_id", _ID, nullable=False),
        sa.Column("dataset_id", _ID, nullable=False),
        sa.Column("pgh_label", sa.String(length=40), nullable=False),
        sa.Column("data_unit_id", sa.BigInteger(), nullable=False),
        sa.Column("document_id", _ID, nullable=False),
        sa.Column("has_data", sa.Boolean(), nullable=False),
        sa.Column("is_discarded", sa.Boolean(), nullable=False),
        sa.Column("status_label", sa.String(length=40), nullable=False),
        sa.Column("created", sa.String(length=27), nullable=False),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["ground_truth_dataset.id"], name=op.f("fk_ground_truth_event_dataset_id")
        ),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name=op.f("fk_ground_truth_event_document_id")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_ground_truth_event_project_id")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_ground_truth_event_tenant_id")),
        sa.ForeignKeyConstraint(
            ["version_id"], ["ground_truth_dataset_version.id"], name=op.f("fk_ground_truth_event_version_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "version_id", "pgh_id", name=op.f("pk_ground_truth_event")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_ground_truth_event_tenant_id_pgh_id"), "ground_truth_event", ["tenant_id", "pgh_id"], unique=True
    )
    op.create_index(
        op.f("ix_ground_truth_event_tenant_id_version_id_id"),
        "ground_truth_event",
        ["tenant_id", "version_id", "id"],
        unique=True,
    )


def _make_jobs() -> None:
    """The queue."""
    op.create_table(
        "job",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("tenant_id", _ID, nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("type", sa.String(length=40), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("ray_job_id", sa.Text(), nullable=True),
        sa.Column("created", sa.Float(), nullable=False),
        sa.Column("started", sa.Float(), nullable=True),
        sa.Column("finished", sa.Float(), nullable=True),
        sa.Column("progress_updated", sa.Float(), nullable=False),
        sa.Column("total_count", sa.BigInteger(), nullable=True),
        sa.Column("processed_count", sa.BigInteger(), nullable=False),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String(length=80), nullable=True),
        sa.Column("lease_until", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_job_account_id")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_job_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
    )
    op.create_index(op.f("ix_job_status_created"), "job", ["status", "created"], unique=False)
    op.create_index(
        op.f("ix_job_tenant_id_account_id_created"), "job", ["tenant_id", "account_id", "created"], unique=False
    )
    op.create_table(
        "job_event",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("job_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_job_event_job_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_event")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_job_event_job_id_id"), "job_event", ["job_id", "id"], unique=False)


def _make_exports() -> None:
    """What was asked of the queue."""
    op.create_table(
        "export",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("tenant_id", _ID, nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("job_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_export_account_id")),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_export_job_id")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_export_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_export")),
        sa.UniqueConstraint("job_id", name=op.f("uq_export_job_id")),
    )
    op.create_index(
        op.f("ix_export_tenant_id_account_id_id"), "export", ["tenant_id", "account_id", "id"], unique=False
    )
    op.create_table(
        "idempotency_key",
        sa.Column("tenant_id", _ID, nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("request_digest", sa.String(length=64), nullable=False),
        sa.Column("job_id", sa.String(length=36), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("created", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_idempotency_key_account_id")),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_idempotency_key_job_id")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_idempotency_key_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "key", name=op.f("pk_idempotency_key")),
    )


def _make_job_logs() -> None:
    """What jobs elsewhere tell of themselves."""
    op.create_table(
        "job_record",
        sa.Column("tenant_id", _ID, nullable=False),
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("updated", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_job_record_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_job_record")),
    )
    op.create_table(
        "job_log",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("tenant_id", _ID, nullable=False),
        sa.Column("job", sa.Text(), nullable=True),
        sa.Column("entry", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_job_log_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_log")),
    )
    op.create_index(op.f("ix_job_log_tenant_id_job"), "job_log", ["tenant_id", "job"], unique=False)
