"""Named SQL, and DuckDB as the engine that runs it."""

import os
import subprocess
import sys

import duckdb
import pyarrow as pa
import pytest

from tenure.engine.base import statement, statements
from tenure.engine.duckdb import DuckDB

TOPIC = """\
-- what stands above the first name belongs to no statement
SELECT 'nobody';

-- name: adults
SELECT name FROM people
WHERE age >= $least -- a note inside
ORDER BY name;

-- name:count_all
SELECT count(*) AS n FROM people
"""


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """A package `shop_words` with one topic `people`; its name."""
    folder = tmp_path / "shop_words" / "sql"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").touch()
    (folder / "people.sql").write_text(TOPIC, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "shop_words"
    sys.modules.pop("shop_words", None)
    statements.cache_clear()


@pytest.fixture
def engine():
    with DuckDB(threads=1) as opened:
        yield opened


def people():
    return pa.table({"name": ["Bo", "Ann", "Cy"], "age": [30, 18, 7]})


def test_a_topic_is_cut_into_its_named_statements(shop):
    assert statements(shop, "people") == {
        "adults": "SELECT name FROM people\nWHERE age >= $least -- a note inside\nORDER BY name",
        "count_all": "SELECT count(*) AS n FROM people",
    }


def test_a_name_or_topic_that_is_not_there_is_an_error(shop):
    with pytest.raises(KeyError, match="children"):
        statement(shop, "people", "children")
    with pytest.raises(FileNotFoundError):
        statement(shop, "orders", "adults")


def test_a_statement_runs_with_bound_parameters(shop, engine):
    engine.put("people", people())
    assert engine.run(shop, "people", "adults", least=18).fetchall() == [("Ann",), ("Bo",)]
    assert engine.run(shop, "people", "adults", least=19).fetchall() == [("Bo",)]
    assert engine.table(shop, "people", "count_all").to_pydict() == {"n": [3]}


def test_a_parameter_is_a_value_and_never_sql(shop, engine):
    engine.put("people", people())
    with pytest.raises(duckdb.ConversionException):
        engine.run(shop, "people", "adults", least="0 OR TRUE")


def test_a_table_put_again_replaces_the_one_before(shop, engine):
    engine.put("people", people())
    engine.put("people", people().slice(0, 1))
    assert engine.table(shop, "people", "count_all").to_pydict() == {"n": [1]}


@pytest.mark.parametrize("name", ["guests", 'odd "name"; --', "select"])
@pytest.mark.parametrize("kind", ["TABLE", "VIEW", "put"])
def test_whatever_had_the_name_is_forgotten(engine, kind, name):
    quoted = '"' + name.replace('"', '""') + '"'
    if kind == "put":
        engine.put(name, people())
    else:
        engine.connection.execute(f"CREATE {kind} {quoted} AS SELECT 1 AS age")
    engine.drop(name)
    with pytest.raises(duckdb.CatalogException):
        engine.connection.execute(f"SELECT * FROM {quoted}")
    engine.drop(name)


def test_each_engine_has_its_own_tables_and_forgets_them_when_closed():
    with DuckDB() as one, DuckDB() as other:
        one.connection.execute("CREATE TABLE here AS SELECT 1")
        assert other.connection.execute("SHOW TABLES").fetchall() == []
    with pytest.raises(duckdb.ConnectionException):
        one.connection.execute("SELECT 1")


def setting(engine, name):
    return engine.connection.execute("SELECT current_setting($name)", {"name": name}).fetchone()[0]


def test_threads_and_memory_are_what_was_asked_for():
    with DuckDB(threads=2, memory_limit="500MB") as small:
        assert (setting(small, "threads"), setting(small, "memory_limit")) == (2, "476.8 MiB")


def test_nothing_is_ever_downloaded(engine):
    assert setting(engine, "autoinstall_known_extensions") is False


def test_the_zone_of_the_machine_does_not_leak_in():
    program = (
        "from tenure.engine.duckdb import DuckDB\n"
        "with DuckDB() as engine:\n"
        "    sql = \"SELECT epoch_us(CAST(CAST('2024-07-01' AS TIMESTAMP) AS TIMESTAMPTZ))\"\n"
        "    print(engine.connection.execute(sql).fetchone()[0])\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"TZ": "Asia/Tokyo"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout == "1719792000000000\n"
