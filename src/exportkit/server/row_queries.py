"""Queries for rows: by page, by key, by ids; every one limited to a tenant and answered by one index."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import Column, Connection, Row, Select, func, select
from sqlalchemy.sql.elements import ColumnElement

from exportkit.server.filters import RowFilter
from exportkit.server.rows import COLUMNS, HEADS, RowForm
from exportkit.server.tables import document

__all__ = ["RowQuery"]


class RowQuery:
    """Rows of one target in one tenant, selected by a filter."""

    def __init__(self, tenant_id: int, found: RowFilter) -> None:
        self.target = found.target
        self._where = (found.target.table.c.tenant_id == tenant_id, *found.conditions)

    def count(self, connection: Connection) -> int:
        """Count the rows."""
        statement = select(func.count()).select_from(self.target.table).where(*self._where)
        return int(connection.execute(statement).scalar_one())

    def extent(self, connection: Connection) -> tuple[int, int | None]:
        """Give the number of rows and the highest id."""
        statement = select(func.count(), func.max(self.target.id)).select_from(self.target.table).where(*self._where)
        count, highest = connection.execute(statement).one()
        return count, highest

    def page(
        self, connection: Connection, size: int, page: int, *, descending: bool, form: RowForm
    ) -> Sequence[Row[Any]]:
        """Give the rows of a page counted from 1, and one more where there is a next page."""
        statement = self._ordered(self.target.key, descending, form)
        return connection.execute(statement.limit(size + 1).offset((page - 1) * size)).all()

    def behind(
        self, connection: Connection, size: int, last: int | None, *, descending: bool, form: RowForm
    ) -> Sequence[Row[Any]]:
        """Give up to `size` rows that come behind the key `last`; one seek in the index, however deep."""
        statement = keyset(self._ordered(self.target.key, descending, form), self.target.key, last, descending)
        return connection.execute(statement.limit(size)).all()

    def scan(
        self, connection: Connection, order: Column[Any], batch: int, last: int | None
    ) -> Iterator[list[Row[Any]]]:
        """Give all rows behind `last`, ascending by `order`, in batches, each one seek in the index."""
        position = HEADS[self.target.name].index(order)
        statement = self._ordered(order, False, "full").limit(batch)
        while rows := list(connection.execute(keyset(statement, order, last, descending=False)).all()):
            yield rows
            last = rows[-1][position]

    def of_keys(self, connection: Connection, column: Column[Any], keys: Collection[int]) -> dict[int, Row[Any]]:
        """Give the full rows with these values of a unique column, by value; what there is not is left out."""
        position = HEADS[self.target.name].index(column)
        statement = self._selected("full").where(column.in_(keys))
        return {row[position]: row for row in connection.execute(statement)}

    def _ordered(self, column: Column[Any], descending: bool, form: RowForm) -> Select[Any]:
        return self._selected(form).order_by(column.desc() if descending else column)

    def _selected(self, form: RowForm) -> Select[Any]:
        table = self.target.table
        columns = COLUMNS[form][self.target.name]
        joined = any(column.table is document for column in columns)
        source = table.join(document, document.c.id == table.c.document_id) if joined else table
        return select(*columns).select_from(source).where(*self._where)


def keyset(statement: Select[Any], column: ColumnElement[Any], last: int | None, descending: bool) -> Select[Any]:
    """Let a statement begin behind a key."""
    if last is None:
        return statement
    return statement.where(column < last if descending else column > last)
