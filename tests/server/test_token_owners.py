"""Whose a token is, told by the database, and for a moment from memory."""

from __future__ import annotations

import pytest
from sqlalchemy import delete

from exportkit.server.database import Database
from exportkit.server.principals import Principal, grant_token, tenant_account
from exportkit.server.schema import upgrade
from exportkit.server.tables import access_token
from exportkit.server.token_owners import TokenOwners


def owner_of(database: Database, token: str) -> Principal:
    upgrade(database)
    with database.writing() as connection:
        caller = tenant_account(connection, "local")
        grant_token(connection, database, caller.account_id, token)
    return caller


def test_an_owner_is_remembered_for_some_seconds_and_then_asked_for_anew(database: Database) -> None:
    caller = owner_of(database, "secret")
    now = [100.0]
    owners = TokenOwners(database, clock=lambda: now[0])

    assert owners.recent(["secret"]) is None
    assert owners.find(["secret"]) == caller
    with database.writing() as connection:
        connection.execute(delete(access_token))
    now[0] += 4.9
    assert owners.recent(["secret"]) == caller
    now[0] += 0.1
    assert owners.recent(["secret"]) is None
    assert owners.find(["secret"]) is None
    assert owners.recent(["secret"]) is None


def test_a_token_that_nobody_had_is_known_as_soon_as_it_is_granted(database: Database) -> None:
    upgrade(database)
    owners = TokenOwners(database)

    assert owners.find(["secret"]) is None
    caller = owner_of(database, "secret")
    assert owners.find(["secret"]) == caller


def test_one_token_of_two_is_not_remembered_for_the_other(database: Database) -> None:
    caller = owner_of(database, "secret")
    owners = TokenOwners(database)

    assert owners.find(["wrong", "secret"]) == caller
    assert owners.recent(["wrong"]) is None
    assert owners.recent(["wrong", "secret"]) == caller


def test_however_many_tokens_come_few_are_remembered(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    caller = owner_of(database, "secret")
    monkeypatch.setattr("exportkit.server.token_owners._MOST_KNOWN", 2)
    owners = TokenOwners(database)

    for number in range(3):
        owners.find(["secret", f"{number}"])

    assert owners.recent(["secret", "2"]) == caller
    assert owners.recent(["secret", "0"]) is None
