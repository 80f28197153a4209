"""``make test-sdk`` never passes without the package that it is about."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


def test_without_its_python_the_tests_of_the_sdk_fail_in_one_sentence(checkout: Path, tmp_path: Path) -> None:
    nowhere = {"PATH": str(tmp_path), "PYENV_ROOT": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}

    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-m", "sdk", "tests/sdk", "-p", "no:cacheprovider"],
        cwd=checkout,
        env={**os.environ, **nowhere},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == pytest.ExitCode.USAGE_ERROR
    assert "synapse-sdk needs Python 3.12, which is not here" in ended.stderr
