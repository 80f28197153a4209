"""The compiled core is used where it is built, unless the environment says no."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys

import pytest

ASK = "from exportkit.native import core; print(core is not None)"


def is_used(**environment: str) -> bool:
    variables = {key: value for key, value in os.environ.items() if key != "EXPORTKIT_NATIVE"} | environment
    run = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=True, env=variables)
    return run.stdout.strip() == "True"


@pytest.mark.parametrize("word", ["0", "false", "NO", " off "])
def test_the_environment_switches_it_off(word: str) -> None:
    assert not is_used(EXPORTKIT_NATIVE=word)


def test_otherwise_it_is_used_where_it_is_built() -> None:
    is_built = importlib.util.find_spec("exportkit.native._core") is not None

    assert is_used() == is_built
    assert is_used(EXPORTKIT_NATIVE="require") == is_built
