"""The headers that identify a caller to each family of paths (wire contract, section 1)."""

from __future__ import annotations

from enum import Enum

from pydantic import SecretStr

from exportkit.clients.connection import Connection

__all__ = ["Family", "headers_for"]


class Family(Enum):
    """Whose syntax a path asks for; header names are shared, their values are not."""

    V1 = "v1"
    V2 = "v2"


def headers_for(connection: Connection, family: Family) -> dict[str, str]:
    """Header names and values. What is not configured is not sent."""
    if family is Family.V1:
        given: dict[str, SecretStr | str | None] = {
            "Synapse-Access-Token": _token(connection.access_token),
            "Authorization": _token(connection.user_token),
            "Synapse-Tenant": f"Token {connection.tenant}" if connection.tenant else None,
            "SYNAPSE-Agent": _token(connection.agent_token),
        }
    else:
        access = connection.v2_access_token or connection.access_token
        tenant = connection.v2_tenant or connection.tenant
        given = {
            "SYNAPSE-ACCESS-TOKEN": access.get_secret_value() if access else None,
            "Authorization": _token(connection.v2_user_token or connection.user_token),
            "SYNAPSE-Tenant": f"Token {tenant}" if tenant and connection.tenant_token_prefix else tenant,
        }
    return {name: str(value) for name, value in given.items() if value}


def _token(secret: SecretStr | None) -> str | None:
    return f"Token {secret.get_secret_value()}" if secret else None
