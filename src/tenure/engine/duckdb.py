"""DuckDB in this process, set up to work without a network and to spill rather than to grow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from tenure.engine.base import statement

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

__all__ = ["DuckDB"]


class DuckDB:
    """One in-process connection that runs named SQL. Use as a context manager; closing forgets every table in it."""

    def __init__(self, *, threads: int | None = None, memory_limit: str | None = None) -> None:
        """`threads`: default all cores. `memory_limit`: as DuckDB writes it ("1GB"); default 80 % of the machine."""
        import duckdb

        config: dict[str, str | bool | int | float | list[str]] = {
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": True,
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

    def run(self, package: str, topic: str, name: str, **params: Any) -> duckdb.DuckDBPyConnection:
        """Execute one named statement with bound parameters (`$word` in the text); returns the cursor to fetch from."""
        return self.connection.execute(statement(package, topic, name), params or None)

    def table(self, package: str, topic: str, name: str, **params: Any) -> pa.Table:
        """The result of one named statement as an Arrow table."""
        return self.run(package, topic, name, **params).to_arrow_table()

    def put(self, name: str, table: pa.Table) -> None:
        """Make an Arrow table readable under `name`, replacing what had that name."""
        self.connection.unregister(name)
        self.connection.register(name, table)

    def drop(self, *names: str) -> None:
        """Forget tables, views and registered tables of these names."""
        for name in names:
            self.connection.unregister(name)
            for kind in ("VIEW", "TABLE"):
                try:
                    self.connection.execute(f'DROP {kind} IF EXISTS "{name}"')
                except Exception as error:  # noqa: BLE001
                    if "Catalog Error" not in str(error):
                        raise
