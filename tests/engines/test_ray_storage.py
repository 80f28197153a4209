"""A storage is judged before Ray is started and before anything is made (product: exit codes)."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest
from tests.conversion.workbench import FIXTURES, Run, Workbench, bench
from tests.services import Bucket, s3

__all__ = ["bench", "s3"]

_SECRET = "known-to-nobody"


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", _SECRET)


def converted(bench: Workbench, url: str, *words: str, bundle: Path | None = None) -> tuple[int, str]:
    """The exit code, and what is said of it."""
    found: Run = bench.convert(bundle or bench.pictures(1, 2), "--engine", "ray", "--ray-storage", url, *words)
    message = found.data["exit_error"]["message"]
    assert found.err == ""
    assert _SECRET not in message
    return found.code, message


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("gs://bucket/x", "is none of S3"),
        ("file:///tmp/x", "is none of S3"),
        ("bucket", "is none of S3"),
        ("s3://[bucket", "is none"),
        ("s3://bucket/x?endpoint=localhost", "is no http:// or https:// URL"),
        (f"s3://somebody:{_SECRET}@bucket/x", "holds credentials"),
        (f"s3://bucket/x?endpoint=http://somebody:{_SECRET}@127.0.0.1:9", "holds credentials"),
    ],
)
def test_what_is_no_storage_is_a_mistake_of_the_command(bench: Workbench, url: str, says: str) -> None:
    code, message = converted(bench, url)

    assert code == 2
    assert says in message


def test_where_nobody_answers_the_run_ends_at_once(bench: Workbench) -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))  # bound and not listening: refused, and nobody else can take it
        url = f"s3://bucket/x?endpoint=http://127.0.0.1:{unheard.getsockname()[1]}"
        code, message = converted(bench, url)

    assert code == 5
    assert "in s3://bucket/x: the store gives no answer that can be used" in message


def test_wrong_credentials_are_told(bench: Workbench, s3: Bucket) -> None:
    code, message = converted(bench, s3.url)

    assert code == 5
    assert f"in s3://{s3.name}/exports: the store refuses these credentials" in message


def test_missing_credentials_are_told(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    # Where machines of AWS ask for the credentials of their role.
    monkeypatch.setenv("AWS_METADATA_ENDPOINT", "http://127.0.0.1:9")

    code, message = converted(bench, "s3://bucket/x")

    assert code == 5
    assert "give them in AWS_ACCESS_KEY_ID and its siblings" in message


def test_a_bucket_that_is_not_there_is_told(bench: Workbench, s3: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)

    code, message = converted(bench, s3.url.replace("tests", "absent"))

    assert code == 5
    assert "in s3://absent/exports: the store answers that there is no such bucket" in message


def test_a_missing_extra_is_named(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "exportkit.storage.s3_objects", raising=False)
    monkeypatch.setitem(sys.modules, "obstore", None)

    code, message = converted(bench, "s3://bucket/x")

    assert (code, message) == (2, "Storages in S3 need an extra; install it with: pip install 'exportkit[s3]'")


def test_a_storage_goes_with_the_engine_that_has_one(bench: Workbench) -> None:
    found = bench.convert(bench.pictures(1, 2), "--ray-storage", "s3://bucket/x", "--media", "hardlink")

    assert (found.code, found.data["exit_error"]["message"]) == (2, "--ray-storage goes with --engine ray.")


def test_links_that_cannot_reach_another_machine_are_refused(bench: Workbench) -> None:
    code, message = converted(bench, "s3://bucket/x", "--media", "hardlink")

    assert code == 2
    assert "--media hardlink cannot reach from one machine to another" in message


def test_a_bundle_that_is_unpacked_beside_the_output_is_refused(bench: Workbench) -> None:
    code, message = converted(bench, "s3://bucket/x", bundle=FIXTURES / "bundles/splits")

    assert code == 2
    assert "do not see what is acquired or unpacked beside the output" in message
