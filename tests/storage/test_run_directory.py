"""The run directory: one run per output, and nothing left behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from exportkit.errors import LocalIOError, OutputLocked, UsageError
from exportkit.storage.object_note import OBJECT_NOTE, note_objects
from exportkit.storage.run_directory import RunDirectory

HOLD = """
import sys, time
from pathlib import Path
from exportkit.storage.run_directory import RunDirectory
with RunDirectory(Path(sys.argv[1])) as run:
    (run.stage / "half a file").write_bytes(b"x")
    print("held", flush=True)
    time.sleep(60)
"""


def hold(target: Path) -> subprocess.Popen[str]:
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(target)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    return holder


def kill(holder: subprocess.Popen[str]) -> None:
    holder.send_signal(signal.SIGKILL)
    holder.communicate()


def test_a_run_works_in_a_private_sibling_and_removes_it(tmp_path: Path) -> None:
    with RunDirectory(tmp_path / "out") as run:
        assert run.path == tmp_path / ".out.exportkit-run"
        assert run.path.stat().st_mode & 0o777 == 0o700
        assert list(run.stage.iterdir()) == list(run.spool.iterdir()) == []
        note = json.loads((run.path / "lock").read_bytes())
        assert note["pid"] == os.getpid()
        assert set(note) == {"pid", "host", "boot"}
        (run.stage / "file").write_bytes(b"x")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("disturbs", ["adds", "removes"])
def test_workers_of_a_killed_run_that_are_not_dead_yet_do_not_stop_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, disturbs: str
) -> None:
    kill(hold(tmp_path / "out"))
    late = tmp_path / ".out.exportkit-run/stage/late"
    late.mkdir()
    (late / "file").touch()
    at_work, unlink = [True], os.unlink

    def unlink_beside_a_worker(path: str, *, dir_fd: int | None = None) -> None:
        if at_work and path == "file":
            at_work.clear()
            (late / "more").touch() if disturbs == "adds" else (late / "file").unlink()
        unlink(path, dir_fd=dir_fd)

    monkeypatch.setattr(os, "unlink", unlink_beside_a_worker)
    with RunDirectory(tmp_path / "out") as run:
        assert [*run.stage.iterdir()] == []
    assert not at_work
    assert [*tmp_path.iterdir()] == []


def test_a_published_stage_survives_the_run(tmp_path: Path) -> None:
    with RunDirectory(tmp_path / "a" / "b" / "out") as run:
        run.stage.rename(run.target)
    assert [path.name for path in (tmp_path / "a" / "b").iterdir()] == ["out"]


def test_a_failed_run_removes_the_parents_that_it_made_and_no_others(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    with pytest.raises(RuntimeError), RunDirectory(tmp_path / "here" / "a" / "b" / "out"):
        raise RuntimeError
    assert list((tmp_path / "here").iterdir()) == []


@pytest.mark.parametrize("text", ["out", "out/", "./out", "sub/../out", "missing/out", "deep/er/out"])
def test_a_target_may_be_written_in_any_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path)
    with RunDirectory(Path(text)) as run:
        assert run.target == Path(os.path.normpath(tmp_path / text))
        assert run.path.parent == run.target.parent


def test_a_parent_behind_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "way").symlink_to("real")
    with RunDirectory(tmp_path / "way" / "out") as run:
        assert run.target == tmp_path / "real" / "out"


@pytest.mark.parametrize("name", ["file", "dangling", "folder link", "nul\0nul", "."])
def test_what_can_never_be_an_output_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "folder link").symlink_to(tmp_path)
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir())

    with pytest.raises(UsageError, match=r"^The output .*; .*\.$"):
        RunDirectory(tmp_path / name)
    assert sorted(tmp_path.iterdir()) == before


def test_a_parent_that_is_a_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")

    with pytest.raises(LocalIOError, match="is a file"), RunDirectory(tmp_path / "file" / "out"):
        pass


@pytest.mark.parametrize("name", ["n" * 255, "가" * 85])
def test_the_longest_name_has_a_run_directory_of_its_own(tmp_path: Path, name: str) -> None:
    with RunDirectory(tmp_path / name) as run, RunDirectory(tmp_path / (name[:-1] + "x")) as other:
        assert run.path != other.path
        run.stage.rename(run.target)


def test_a_second_run_is_refused_and_the_first_is_unharmed(tmp_path: Path) -> None:
    holder = hold(tmp_path / "out")
    try:
        with pytest.raises(OutputLocked, match=f"process {holder.pid} ") as caught, RunDirectory(tmp_path / "out"):
            pass
        assert caught.value.exit_code == 10
        assert (tmp_path / ".out.exportkit-run" / "stage" / "half a file").exists()
    finally:
        kill(holder)


def test_what_a_killed_run_left_is_cleared(tmp_path: Path) -> None:
    kill(hold(tmp_path / "out"))
    assert (tmp_path / ".out.exportkit-run" / "stage" / "half a file").exists()

    with RunDirectory(tmp_path / "out") as run:
        assert list(run.stage.iterdir()) == []
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_run_noted_of_objects_elsewhere_is_there_for_the_next_run_alone(tmp_path: Path) -> None:
    folder = tmp_path / ".out.exportkit-run"
    folder.mkdir(0o700)
    note_objects(folder, "s3://bucket/x", "run")

    with RunDirectory(tmp_path / "out") as run:
        assert (run.path / OBJECT_NOTE).is_file()

    assert [*tmp_path.iterdir()] == []


def test_two_outputs_side_by_side_do_not_meet(tmp_path: Path) -> None:
    with RunDirectory(tmp_path / "a"), RunDirectory(tmp_path / "b"):
        assert {path.name for path in tmp_path.iterdir()} == {".a.exportkit-run", ".b.exportkit-run"}


@pytest.mark.parametrize("trap", ["link", "file"])
def test_a_run_directory_that_is_not_ours_is_left_alone(tmp_path: Path, trap: str) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "stage").mkdir()
    (victim / "stage" / "precious").write_text("x")
    place = tmp_path / ".out.exportkit-run"
    if trap == "link":
        place.symlink_to(victim)
    else:
        place.write_text("x")

    with pytest.raises(LocalIOError, match="in the way"), RunDirectory(tmp_path / "out"):
        pass
    assert (victim / "stage" / "precious").exists()
    assert os.path.lexists(place)


def test_a_lock_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("precious")
    place = tmp_path / ".out.exportkit-run"
    place.mkdir(mode=0o755)
    (place / "lock").symlink_to(tmp_path / "victim")

    with pytest.raises(LocalIOError, match="link"), RunDirectory(tmp_path / "out"):
        pass
    assert (tmp_path / "victim").read_text() == "precious"


def test_what_is_removed_goes_in_one_rename_and_a_rest_is_cleared_by_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = RunDirectory(tmp_path / "out")
    run.__enter__()
    (run.path / "state.db").write_text("state")
    with monkeypatch.context() as killed:
        killed.setattr(shutil, "rmtree", lambda *_, **__: None)
        run.__exit__(None, None, None)
    assert [path.name for path in tmp_path.iterdir()] == [".out.exportkit-old"]

    with RunDirectory(tmp_path / "out", resumable=True) as again:
        assert not (again.path / "state.db").exists()
    assert list(tmp_path.iterdir()) == []
