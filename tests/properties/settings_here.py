"""How often properties are tried: seldom in the ordinary suite, as often as one likes in ``make soak``."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

SOAK = os.environ.get("EXPORTKIT_SOAK_ROUNDS")

PROFILE = settings(
    max_examples=int(SOAK or "8"),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
    # The ordinary suite tries the same bundles each time; soaking looks for new ones.
    derandomize=SOAK is None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    report_multiple_bugs=False,
    print_blob=True,
)
