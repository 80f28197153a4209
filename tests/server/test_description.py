"""The served description is kept: whatever is asked of the server, its answers are those it describes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.server.served import Served, start

pytestmark = [pytest.mark.schemathesis, pytest.mark.slow]
#: Requests drawn for each operation; more where the environment says so.
EXAMPLES = os.environ.get("EXPORTKIT_SCHEMATHESIS_EXAMPLES", "15")
#: An order may be of the right shape and name a storage that is not there: refusing it is no break of the contract.
LEFT_OUT = "positive_data_acceptance"


def test_schemathesis_finds_no_break_of_the_description(tmp_path: Path, bundle: Path) -> None:
    program = Path(sys.executable).parent / "st"
    if not program.exists():
        pytest.skip("schemathesis is not installed here")
    with start("--load", bundle, "--data", tmp_path / "d") as server:
        token, tenant = server.announced.token, server.announced.tenant
        headers = [f"Synapse-Access-Token: {token}", f"Synapse-Tenant: {tenant}"]
        command = [str(program), "run", f"{server.url}/openapi.json", "--max-examples", EXAMPLES, "--seed", "1"]
        command += [word for header in headers for word in ("--header", header)]
        # A stream of a job that waits does not end by itself.
        command += ["--exclude-path-regex", "/progress/$", "--exclude-checks", LEFT_OUT, "--no-color"]
        command += ["--phases", "examples,coverage,fuzzing", "--request-timeout", "60"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=500)
        assert server.get("/healthz") == {"status": "alive"}
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


def test_the_description_names_the_security_schemes_and_every_filter(served: Served) -> None:
    document = json.loads(served.client.get("/openapi.json").content)
    schemes = document["components"]["securitySchemes"]
    assert set(schemes) == {"AccessTokenAuth", "TokenAuth", "OAuthBearerAuth", "Tenant"}
    names = {one["name"] for one in document["paths"]["/sdk/tasks/"]["get"]["parameters"]}
    assert {"project", "ids", "page_size", "cursor", "expand", "status_label"} <= names
