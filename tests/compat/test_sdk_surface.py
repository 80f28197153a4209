"""Every public name of synapse-sdk that an export plugin may import exists here and takes the same calls.

`fixtures/sdk_api` holds the names and signatures of one release, read from its wheel.
"""

from __future__ import annotations

import importlib
import inspect
import json
from pathlib import Path
from typing import Any, Final

import pytest

SURFACE: Final[dict[str, dict[str, Any]]] = json.loads(
    (Path(__file__).parents[2] / "fixtures/sdk_api/synapse_sdk-2026.2.17.json").read_text(encoding="utf-8")
)
HOME: Final = "exportkit.compat.synapse_sdk."
EXPORT: Final = "plugins.actions.export."
_SERVER: Final = "what the server collects comes with the clients that speak to one"
_STORAGE: Final = "sessions of remote storages come with the clients that speak to one"
_PIPELINES: Final = "chains of several actions are none of exportkit's"
_TABLE: Final = "the keys of each target stand in one table, not in the handlers"
_FILES: Final = "originals are fetched by the exporter, under the policy for addresses"
_ONE_WAY: Final = "a folder is converted as its single files are"
_HINTS: Final = "a hint for checkers of types, of a part that no plugin makes by itself"
_ONE_CUSTOMER: Final = "labels of one customer are none of exportkit's"
_REPORT: Final = "what the report is written with is its own affair"

_MODULES: Final = {f"{EXPORT}bundle_read": _SERVER}
_NAMES: Final = {
    "exceptions": {"GpuUnavailableError": "exportkit asks for no GPU"},
    "plugins.models.logger": dict.fromkeys(["ActionProgress", "PipelineProgress", "Checkpoint"], _PIPELINES),
    f"{EXPORT}delegation": dict.fromkeys(
        [
            *("DelegatedExportResult", "enqueue_export", "finalize_export", "is_failed_status"),
            *("is_success_status", "manifest_record_total", "run_delegated_export", "stream_export_progress"),
        ],
        _SERVER,
    ),
    f"{EXPORT}handlers": dict.fromkeys(
        [
            *("ASSIGNMENT_EXPORT_FILTER_KEYS", "COMMON_EXPORT_FILTER_KEYS", "GROUND_TRUTH_EXPORT_FILTER_KEYS"),
            *("INTERNAL_EXPORT_FILTER_KEYS", "TASK_EXPORT_FILTER_KEYS"),
            *(
                f"{target}ExportTargetHandler.SUPPORTED_FILTER_KEYS"
                for target in ("", "Assignment", "GroundTruth", "Task")
            ),
        ],
        _TABLE,
    )
    | dict.fromkeys(
        [
            *("EXPORT_PAYLOAD_MAX_REISSUES", "EXPORT_PAYLOAD_PREFETCH", "EXPORT_PAYLOAD_RETRIES"),
            *("EXPORT_PAYLOAD_RETRY_BACKOFF", "EXPORT_PAYLOAD_RETRY_CAP_SECONDS", "EXPORT_PAYLOAD_TIMEOUT_SECONDS"),
            *(
                "EXPORT_PAYLOAD_WORKERS",
                "ExportTargetHandler.refresh_data_payload",
                "ExportTargetHandler.remember_client",
            ),
        ],
        "payloads have one resolver for all targets",
    ),
    f"{EXPORT}report": dict.fromkeys(
        [
            *(
                "BACKGROUND_REASONS_KO",
                "CSV_FILE_NAME",
                "CSV_HEADER",
                "JSON_FILE_NAME",
                "OUTCOMES",
                "OUTCOME_LABELS_KO",
            ),
            *("Outcome", "REASON_LABELS_KO", "SCHEMA_VERSION", "SOURCE_TYPE_LABELS_KO"),
        ],
        _REPORT,
    ),
    "utils.converters.dm": dict.fromkeys(
        ["build_timestamp_index", "convert_ke_to_v1", "convert_v1_to_ke"], _ONE_CUSTOMER
    ),
    "utils.converters.dm.types": dict.fromkeys(
        [
            *("AudioSectionData", "AudioSegmentationData", "AuditPolicy", "BoundingBoxCoordinate", "BoundingBoxData"),
            *("CocoStuffRLEPolicy", "FailurePolicy", "ImageOutputPolicy", "KeypointProfile", "MaskContourPolicy"),
            *("PascalSplitPolicy", "PersonKeypointSchema", "PolygonCoordinate", "PolygonData", "PolygonPoint"),
            "TimeRangeSectionData",
        ],
        _HINTS,
    ),
    "utils.converters.pascal.from_dm": dict.fromkeys(
        [
            "SINGLE_FILE_FOLDER",
            *("FromDMToPascalConverter.find_image_for_base", "FromDMToPascalConverter.parse_dm_annotations"),
        ],
        _ONE_WAY,
    ),
    "utils.file.download": dict.fromkeys(
        [
            *("adownload_file", "afiles_url_to_path", "afiles_url_to_path_from_objs", "download_file"),
            *("files_url_to_path", "files_url_to_path_from_objs"),
        ],
        _FILES,
    ),
    "utils.storage": dict.fromkeys(
        [
            *("BackendSessionProvider", "CONTRACT_VERSION", "StorageCapabilities", "StoragePath", "StorageProtocol"),
            *("StorageSession", "StorageSessionProvider", "get_storage"),
        ],
        _STORAGE,
    ),
}
#: Methods that swallow any keyword there and take the known ones here.
NARROWER: Final = {"loggers.NoOpLogger.log_trials"}
#: What is not here, and why. What stands in this table and exists is an error, so that the table only shrinks.
ABSENT: Final[dict[str, str]] = _MODULES | {
    f"{module}.{name}": why for module, names in _NAMES.items() for name, why in names.items()
}


def ours(module: str) -> Any:
    return importlib.import_module(HOME + module)


def definitions(kind: str) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (module, name, fact)
        for module, names in SURFACE.items()
        for name, fact in names.items()
        if fact["kind"] == kind and not is_absent(module, name)
    ]


def is_absent(module: str, name: str) -> bool:
    return f"{module}.{name}" in ABSENT or module in ABSENT


@pytest.mark.parametrize("module", [module for module in SURFACE if module not in ABSENT])
def test_every_module_has_every_name(module: str) -> None:
    missing = [name for name in SURFACE[module] if not hasattr(ours(module), name) and not is_absent(module, name)]
    assert missing == []


@pytest.mark.parametrize(("module", "name", "fact"), definitions("function"), ids=lambda value: str(value)[:60])
def test_every_function_takes_the_same_calls(module: str, name: str, fact: dict[str, Any]) -> None:
    assert refusals(getattr(ours(module), name), fact["parameters"]) == []


@pytest.mark.parametrize(("module", "name", "fact"), definitions("class"), ids=lambda value: str(value)[:60])
def test_every_class_is_made_and_called_the_same_way(module: str, name: str, fact: dict[str, Any]) -> None:
    cls = getattr(ours(module), name)
    members = [*fact["properties"], *fact.get("attributes", ())]
    wrong = [member for member in members if not is_value(cls, member) and f"{module}.{name}.{member}" not in ABSENT]
    for method, parameters in fact["methods"].items():
        if f"{module}.{name}.{method}" in ABSENT or f"{module}.{name}.{method}" in NARROWER:
            continue
        if method == "__init__":
            wrong += [f"{name}(): {reason}" for reason in refusals(cls, parameters)]
        elif not callable(getattr(cls, method, None)):
            wrong.append(f"{name}.{method}")
        else:
            wrong += [f"{method}(): {reason}" for reason in refusals(bound(cls, method), parameters)]
    if "fields" in fact and "__init__" not in fact["methods"]:
        inherited = [[field, "keyword", False] for field in ("runtime_ctx",) if name == "ExportContext"]
        wrong += [f"{name}(): {reason}" for reason in refusals(cls, [*inherited, *fact["fields"]])]
    if "values" in fact:
        values = {member: getattr(cls, member).value for member in fact["values"] if hasattr(cls, member)}
        assert values == {member: value for member, value in fact["values"].items() if value is not None}
    assert wrong == []


def test_what_is_named_as_absent_is_absent() -> None:
    there = []
    for place in ABSENT:
        module, _, name = place.rpartition(".")
        if place in SURFACE:
            there += [place] if importlib.util.find_spec(HOME + place) else []
        elif module in SURFACE:
            there += [place] if hasattr(ours(module), name) else []
        else:
            module, _, cls = module.rpartition(".")
            there += [place] if hasattr(getattr(ours(module), cls), name) else []
    assert there == []


def is_value(cls: type[Any], name: str) -> bool:
    """Whether instances have it without a call."""
    static = inspect.getattr_static(cls, name, None)
    fields = {*getattr(cls, "__dataclass_fields__", ()), *getattr(cls, "model_fields", ())}
    annotated = {known for base in cls.__mro__ for known in getattr(base, "__annotations__", ())}
    inits = [base.__dict__.get("__init__") for base in cls.__mro__]
    made = any(name in init.__code__.co_names for init in inits if inspect.isfunction(init))
    there = static is not None and not inspect.isfunction(static)
    return there or name in fields or name in annotated or made


def bound(cls: type[Any], method: str) -> Any:
    """The method as an instance has it, without ``self``."""
    raw = inspect.getattr_static(cls, method)
    if isinstance(raw, (staticmethod, classmethod)):
        return getattr(cls, method)
    signature = inspect.signature(raw)
    _, *rest = signature.parameters.values()

    def unbound() -> None: ...

    unbound.__signature__ = signature.replace(parameters=rest)  # type: ignore[attr-defined]
    return unbound


def refusals(call: Any, wanted: list[list[Any]]) -> list[str]:
    """Why calls that ``wanted`` allows are not taken by ``call``; empty when all are."""
    parameters = inspect.signature(call).parameters
    kinds = {parameter.kind for parameter in parameters.values()}
    names = [name for name, how, _ in wanted if how != "rest" and how != "rest by name"]
    places = [p.name for p in parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD or p.kind is p.POSITIONAL_ONLY]
    reasons = []
    for place, (name, how, optional) in enumerate(wanted):
        if how == "rest" and inspect.Parameter.VAR_POSITIONAL not in kinds:
            reasons.append(f"*{name} is not taken")
        elif how == "rest by name" and inspect.Parameter.VAR_KEYWORD not in kinds:
            reasons.append(f"**{name} is not taken")
        elif how in {"either", "keyword"}:
            found = parameters.get(name)
            if found is None and inspect.Parameter.VAR_KEYWORD not in kinds:
                reasons.append(f"{name} is not taken")
            elif found is not None and optional and found.default is found.empty:
                reasons.append(f"{name} may not be left out")
            elif found is not None and found.kind is found.POSITIONAL_ONLY:
                reasons.append(f"{name} is not taken by name")
            if (
                how == "either"
                and inspect.Parameter.VAR_POSITIONAL not in kinds
                and places[place : place + 1] != [name]
            ):
                reasons.append(f"{name} is not at place {place}")
    asked = [
        p.name for p in parameters.values() if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    ]
    reasons += [f"{name} is asked for besides" for name in asked if name not in names]
    return reasons
