"""Tokens and tenants in the syntax of either client (wire contract, section 1)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.sdk.existing import CallFailed, ExistingSdk
from tests.server.process import Announced

ACCEPTED: list[tuple[str, dict[str, Any]]] = [
    ("v1", {}),
    ("v1", {"url_host": "internal", "agent_token": "somebody"}),
    ("v2", {"tenant_token_prefix": False}),
    ("v2", {"tenant_token_prefix": True, "url_host": "internal"}),
]


def first_row(sdk: ExistingSdk, family: str, backend: Announced, options: dict[str, Any]) -> int:
    if family == "v1":
        page = sdk.v1(backend, **options)("list_tasks", {"project": backend.project_id, "page_size": 1})
    else:
        page = sdk.v2(backend, **options)("tasks.list", project=backend.project_id, per_page=1)
    return int(page["results"][0]["id"])


@pytest.mark.parametrize(("family", "options"), ACCEPTED)
def test_every_syntax_of_token_and_tenant_is_taken(
    sdk: ExistingSdk, backend: Announced, family: str, options: dict[str, Any]
) -> None:
    assert first_row(sdk, family, backend, options) == 3000


@pytest.mark.parametrize(("family", "name"), [("v1", "authorization_token"), ("v2", "drf_token")])
def test_the_token_of_a_user_serves_as_well(sdk: ExistingSdk, backend: Announced, family: str, name: str) -> None:
    assert first_row(sdk, family, backend, {"access_token": None, name: backend.token}) == 3000


@pytest.mark.parametrize("family", ["v1", "v2"])
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"access_token": "syn_of-nobody"}, ("AuthenticationError", 401)),
        ({"access_token": None}, ("AuthenticationError", 401)),
        ({"tenant": None}, ("AuthorizationError", 403)),
        ({"tenant": "somebody-else"}, ("AuthorizationError", 403)),
    ],
)
def test_wrong_tokens_are_401_and_wrong_tenants_403(
    sdk: ExistingSdk, backend: Announced, family: str, options: dict[str, Any], expected: tuple[str, int]
) -> None:
    with pytest.raises(CallFailed) as found:
        first_row(sdk, family, backend, options)
    assert (found.value.kind, found.value.status) == expected
