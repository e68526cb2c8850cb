"""DuckDB in this process, set up to work without a network and to spill rather than to grow."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Final, Self

from tenure.engine.base import statement

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

__all__ = ["DuckDB"]

_DROP: Final = ("DROP TABLE IF EXISTS ?", "DROP VIEW IF EXISTS ?")


class DuckDB:
    """One in-process connection that runs named SQL. Use as a context manager; closing forgets every table in it."""

    def __init__(self, *, threads: int | None = None, memory_limit: str | None = None) -> None:
        """`threads`: default all cores. `memory_limit`: as DuckDB writes it ("1GB"); default 80 % of the machine."""
        import tempfile

        import duckdb

        # what does not fit into memory goes to a folder of ours, not into the user's
        self.spill: tempfile.TemporaryDirectory[str] | None = tempfile.TemporaryDirectory(prefix="tenure-")
        config: dict[str, str | bool | int | float | list[str]] = {
            "temp_directory": self.spill.name,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": True,
            # eight million customers in a row are grouped by place instead of by hash: a third of the work
            "perfect_ht_threshold": 23,
        }
        if threads is not None:
            config["threads"] = threads
        if memory_limit is not None:
            config["memory_limit"] = memory_limit
        self.connection: duckdb.DuckDBPyConnection = duckdb.connect(":memory:", config=config)
        # the zone of the machine must not leak into a result
        self.connection.execute("SET TimeZone = 'UTC'")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; its tables are gone."""
        self.connection.close()
        if self.spill is not None:
            self.spill.cleanup()

    def beside(self) -> DuckDB:
        """The same tables through a connection of its own, for another thread."""
        other = object.__new__(DuckDB)
        other.connection = self.connection.cursor()
        other.connection.execute("SET TimeZone = 'UTC'")
        other.spill = None
        return other

    def run(self, package: str, topic: str, name: str, **params: Any) -> duckdb.DuckDBPyConnection:
        """Execute one named statement with bound parameters (`$word` in the text); returns the cursor to fetch from."""
        return self.connection.execute(statement(package, topic, name), params or None)

    def table(self, package: str, topic: str, name: str, **params: Any) -> pa.Table:
        """The result of one named statement as an Arrow table."""
        return self.relation(package, topic, name, **params).to_arrow_table()

    def relation(self, package: str, topic: str, name: str, **params: Any) -> duckdb.DuckDBPyRelation:
        """One named statement that has not run yet."""
        return self.connection.sql(statement(package, topic, name), params=params or None)

    def put(self, name: str, table: pa.Table) -> None:
        """Make a table of the engine's own from an Arrow table, replacing what had that name.

        A copy, because joins against registered Arrow tables are slower and, in DuckDB 2.0.0, can end in an internal
        error.
        """
        self.drop(name)
        self.connection.from_arrow(table).to_table(name)

    def show(self, name: str, table: pa.Table) -> None:
        """Let statements read an Arrow table under a name, uncopied: for what is read once and joined to nothing."""
        self.drop(name)
        self.connection.from_arrow(table).create_view(name)

    def keep(self, name: str) -> None:
        """Make a table of the engine's own from what is only shown under a name."""
        self.put(name, self.connection.table(name).to_arrow_table())

    def drop(self, name: str) -> None:
        """Forget the engine's own table or view of this name, if there is one; those of attached files stay."""
        import duckdb

        quoted = '"' + name.replace('"', '""') + '"'
        for kind in _DROP:
            # to look it up in the catalogue first takes ten times as long, and few customers are traced in many tables
            with contextlib.suppress(duckdb.CatalogException):  # it is of the other kind
                self.connection.execute(kind.replace("?", quoted))
