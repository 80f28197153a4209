"""Whose a token is: asked of the database, and remembered for a moment, since clients come again at once."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable, Sequence
from typing import Final

from sqlalchemy import select

from exportkit.server.database import Database
from exportkit.server.principals import Principal, digest_of
from exportkit.server.tables import access_token, account, tenant

__all__ = ["TokenOwners"]

#: How long an answer of the database is good for. A token that is taken out of it is refused this much later.
_GOOD_SECONDS: Final = 5.0
_MOST_KNOWN: Final = 1024


class TokenOwners:
    """Accounts by the tokens that they show. Only owners are remembered: a token that is new is known at once."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._clock = clock
        self._known: dict[tuple[str, ...], tuple[float, Principal]] = {}

    def recent(self, tokens: Sequence[str]) -> Principal | None:
        """Give the owner as it was found a moment ago, None where nobody asked; the database is left alone."""
        known = self._known.get(tuple(map(digest_of, tokens)))
        return known[1] if known is not None and self._clock() < known[0] else None

    def find(self, tokens: Sequence[str]) -> Principal | None:
        """Ask the database whose the first of the tokens is that it knows."""
        digests = tuple(map(digest_of, tokens))
        until = self._clock() + _GOOD_SECONDS
        owner = self._found(digests)
        if owner is not None:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[digests] = (until, owner)
        return owner

    def _found(self, digests: Sequence[str]) -> Principal | None:
        columns = (access_token.c.digest, tenant.c.id, tenant.c.code, account.c.id)
        joined = access_token.join(account, access_token.c.account_id == account.c.id).join(tenant)
        statement = select(*columns).select_from(joined).where(access_token.c.digest.in_(digests))
        with self._database.reading() as connection:
            rows = connection.execute(statement).all()
        for digest in digests:
            for row in rows:
                if hmac.compare_digest(row[0], digest):
                    return Principal(row[1], row[2], row[3])
        return None
