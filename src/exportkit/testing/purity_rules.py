"""Whether encoding depends on record, placement, options and plan alone."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping

from exportkit.testing.elsewhere import Elsewhere, encoded_elsewhere
from exportkit.testing.sample_records import samples
from exportkit.testing.trial import Trial

__all__ = ["purity", "purity_elsewhere"]

_REMEDY = "let encode depend on record, placement, options and plan alone, and remember nothing"


def purity(trial: Trial) -> Iterator[str]:
    """The same input gives the same, from the same instance, from others, and in any order."""
    before = pickle.dumps((trial.options, trial.plan))
    expected = trial.encoded(samples())
    yield from _differences(expected, trial.encoded(samples()), "another instance")
    yield from _differences(expected, trial.encoded(samples(), backwards=True), "the reverse order of records")
    given = samples()
    trial.encoded(given)
    yield from _differences(expected, trial.encoded(given), "records that were encoded before")
    if trial.assembled() != trial.assembled():
        yield "files(), folders() or notices() give something else the second time; let them depend on the plan alone."
    if pickle.dumps((trial.options, trial.plan)) != before:
        yield "encode changed the options or the plan; workers would no longer share one plan."


def purity_elsewhere(trial: Trial) -> Iterator[str]:
    """Another process, folder, host name, hash seed and time change nothing, and encoding touches nothing outside."""
    there: Elsewhere = encoded_elsewhere(trial)
    if there.error:
        yield (
            f"the writer does not work in a fresh Python process: {there.error}. Worker processes import it as "
            f"{trial.writer.__module__}.{trial.writer.__qualname__}; put it into an importable module."
        )
        return
    where = "another process, at another time, in another folder, with another hash seed"
    yield from _differences(trial.encoded(samples()), there.encoded, where)
    if there.assembled != trial.assembled():
        yield f"files(), folders() or notices() give something else in {where}."
    for event in there.touched:
        yield f"encode touches what lies outside its arguments ({event}); {_REMEDY}."


def _differences(expected: Mapping[str, str], found: Mapping[str, str], where: str) -> Iterator[str]:
    titles = [title for title, value in expected.items() if found.get(title) != value]
    if titles:
        more = f" and {len(titles) - 3} more" if len(titles) > 3 else ""
        yield f"encode gives something else with {where} ({'; '.join(titles[:3])}{more}); {_REMEDY}."
