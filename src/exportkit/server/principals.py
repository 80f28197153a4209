"""Who asks, and in which tenant: tokens, their hashes, and what a caller has to show."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, insert, select

from exportkit.server.database import Database
from exportkit.server.refusals import Refusal
from exportkit.server.tables import access_token, account, tenant

__all__ = ["Principal", "digest_of", "grant_token", "shown_tokens", "tenant_account", "verified"]

_PREFIXED: Final = re.compile(r"(?:Token|Bearer)\s+(.+)\Z", re.IGNORECASE)
_CREDENTIALS: Final = ("synapse-access-token", "authorization")
_TENANT: Final = "synapse-tenant"


@dataclass(frozen=True)
class Principal:
    """An account in its tenant. Every query is limited by one."""

    tenant_id: int
    tenant: str
    account_id: int


def shown_tokens(headers: Mapping[str, str]) -> list[str]:
    """Give the tokens of a request, bare or after ``Token`` (wire contract, section 1). Raises Refusal 401."""
    shown = [_bare(headers[name]) for name in _CREDENTIALS if headers.get(name)]
    if not shown:
        message = "The request carries no token; send it as Synapse-Access-Token or Authorization."
        raise Refusal(401, message)
    return shown


def verified(known: Principal | None, headers: Mapping[str, str]) -> Principal:
    """Give the owner of the tokens of a request as its caller. Raises Refusal 401 for none, 403 without its tenant."""
    if known is None:
        raise Refusal(401, "The token is not known here; take the one that the server printed.")
    code = _bare(headers.get(_TENANT, ""))
    if not code:
        raise Refusal(403, "The request names no tenant; send its code as Synapse-Tenant.")
    if not hmac.compare_digest(code.encode(), known.tenant.encode()):
        raise Refusal(403, "The token does not belong to the tenant in Synapse-Tenant.")
    return known


def grant_token(connection: Connection, database: Database, account_id: int, token: str) -> None:
    """Let whoever knows `token` act for an account; known tokens stay as they are."""
    digest = digest_of(token)
    if connection.execute(select(access_token.c.digest).where(access_token.c.digest == digest)).first() is None:
        values = {"digest": digest, "account_id": account_id, "created": database.now}
        connection.execute(insert(access_token).values(values))


def tenant_account(connection: Connection, code: str, name: str = "owner") -> Principal:
    """Give an account of a tenant, both made where they are not there yet."""
    tenant_id = connection.execute(select(tenant.c.id).where(tenant.c.code == code)).scalar()
    if tenant_id is None:
        tenant_id = connection.execute(insert(tenant).values(code=code).returning(tenant.c.id)).scalar_one()
    wanted = (account.c.tenant_id == tenant_id) & (account.c.name == name)
    account_id = connection.execute(select(account.c.id).where(wanted)).scalar()
    if account_id is None:
        values = {"tenant_id": tenant_id, "name": name}
        account_id = connection.execute(insert(account).values(values).returning(account.c.id)).scalar_one()
    return Principal(tenant_id, code, account_id)


def _bare(value: str) -> str:
    found = _PREFIXED.match(value.strip())
    return found[1].strip() if found else value.strip()


def digest_of(token: str) -> str:
    """Give what the database knows of a token."""
    return hashlib.sha256(token.encode()).hexdigest()
