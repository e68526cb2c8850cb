"""The rules of the house that no other tool checks, and that the tools which check the others bite."""

import ast
import importlib
import re
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest
import server_parts
import sqlglot
from sqlglot import exp

from tenure.events import KINDS

server_parts.ready()  # modules of the application cannot be imported without

ROOT = Path(__file__).resolve().parent.parent
SRC = ROOT / "src"
BIN = Path(sys.executable).parent

# a migration is written by Django, and __main__ runs
SOURCES = sorted(path for path in SRC.rglob("*.py") if not re.match(r"0\d{3}_|__main__", path.stem))
EVERYTHING = sorted(path for folder in ("src", "tests", "benchmarks", "demo") for path in (ROOT / folder).rglob("*.py"))
SQL = sorted(SRC.rglob("*.sql"))
MAY_IMPORT = {
    "duckdb", "narwhals", "numba", "numpy", "openpyxl", "pyarrow", "scipy", "sklearn", "sqlglot", "threadpoolctl",
}  # fmt: skip
HEAVY = sorted(MAY_IMPORT | {"pandas", "polars"})

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def short(path):
    return str(path.relative_to(ROOT))


def tree(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def module_name(path):
    parts = path.relative_to(SRC).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def run(*command, cwd=ROOT, stdin=None):
    return subprocess.run(
        [str(part) for part in command], cwd=cwd, input=stdin, capture_output=True, text=True, check=False
    )


# Sizes


def test_no_file_is_longer_than_400_lines():
    # a migration is written by Django, in one piece
    files = [path for path in [*EVERYTHING, *SQL] if "migrations" not in path.parts]
    lengths = {short(path): len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    assert {path: length for path, length in lengths.items() if length > 400} == {}


def test_no_function_is_longer_than_60_lines():
    lengths = {
        f"{short(path)}:{node.lineno} {node.name}": node.end_lineno - node.lineno + 1
        for path in EVERYTHING
        for node in ast.walk(tree(path))
        if isinstance(node, FUNCTIONS)
    }
    assert {name: length for name, length in lengths.items() if length > 60} == {}


# Names


def made(module):
    """Public functions and classes that the module itself makes, at the top level."""
    names = {node.name for node in module.body if isinstance(node, (*FUNCTIONS, ast.ClassDef))}
    return {name for name in names if not name.startswith("_")}


def exported(module):
    """What the module lists in `__all__`."""
    for node in module.body:
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["__all__"]:
            return ast.literal_eval(node.value)
    return []


@pytest.mark.parametrize("path", SOURCES, ids=short)
def test_a_module_exports_what_it_makes_and_nothing_that_is_not_there(path):
    names = exported(tree(path))
    module = importlib.import_module(module_name(path))
    assert sorted(made(tree(path)) - set(names)) == []
    assert [name for name in names if not hasattr(module, name)] == []
    assert len(set(names)) == len(names)


def test_modules_take_from_each_other_only_what_is_exported():
    modules = {module_name(path): set(exported(tree(path))) for path in SOURCES}
    taken = {
        f"{short(path)}: {alias.name} of {node.module}"
        for path in SOURCES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ImportFrom) and node.module in modules
        for alias in node.names
        if alias.name not in modules[node.module] and f"{node.module}.{alias.name}" not in modules
    }
    assert taken == set()


def test_no_module_is_a_drawer():
    drawers = {"utils", "util", "common", "helpers", "helper", "services", "service", "managers", "manager", "misc"}
    assert [short(path) for path in EVERYTHING if path.stem in drawers or path.parent.name in drawers] == []


def test_nothing_is_left_to_be_done():
    words = re.compile(r"\b(TODO|FIXME|raise NotImplemented\w*)\b")
    texts = {short(path): path.read_text(encoding="utf-8") for path in [*SOURCES, *SQL]}
    assert {path: words.findall(text) for path, text in texts.items() if words.search(text)} == {}


def test_each_kind_of_event_is_in_the_glossary():
    glossary = (ROOT / "GLOSSARY.md").read_text(encoding="utf-8")
    assert [kind for kind in KINDS if f"`{kind}`" not in glossary] == []


# Imports


def imports(path):
    """The first parts of what a file imports, wherever in it."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").split(".")[0]


def test_the_core_imports_only_what_it_may():
    # that only the reader opens spreadsheets is in .importlinter
    core = (SRC / "tenure").rglob("*.py")
    allowed = MAY_IMPORT | {"tenure"} | sys.stdlib_module_names
    assert {(short(path), name) for path in core for name in imports(path) if name not in allowed} == set()


def loaded_by(program):
    """Which of the heavy packages a fresh interpreter has loaded after the program."""
    look = f"import sys\nprint(*[name for name in {HEAVY!r} if name in sys.modules])"
    told = run(sys.executable, "-c", f"{program}\n{look}")
    assert told.returncode == 0, told.stderr
    return told.stdout.splitlines()[-1].split()


def test_importing_tenure_loads_nothing_heavy():
    assert loaded_by("import tenure; dir(tenure); tenure.__version__") == []


def test_asking_for_help_loads_nothing_heavy():
    ask = "import sys\nsys.argv = ['tenure', '--help']\nfrom tenure.cli import main\n"
    assert loaded_by(ask + "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code") == []


def test_help_is_there_in_less_than_a_third_of_a_second():
    seconds = []
    for _ in range(5):
        began = time.perf_counter()
        assert run(BIN / "tenure", "--help").returncode == 0
        seconds.append(time.perf_counter() - began)
    assert min(seconds) < 0.3


def test_the_probe_for_heavy_packages_sees_one():
    assert loaded_by("import numpy") == ["numpy"]


def test_the_front_door_shows_the_verbs_and_nothing_else():
    import tenure

    verbs = [
        "backtest", "explain", "fit", "flows", "history", "predict", "report", "simulate", "stages", "suggest", "value",
    ]  # fmt: skip
    assert dir(tenure) == ["__version__", *verbs]
    assert [callable(getattr(tenure, verb)) for verb in verbs] == [True] * len(verbs)
    assert not hasattr(tenure, "nonsense")


def copy_of_house(tmp_path):
    """A copy of the sources and the contracts, to plant violations in; gives the core's folder."""
    shutil.copytree(SRC, tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / ".importlinter", tmp_path)
    return tmp_path / "src" / "tenure"


FLOORS = "The floors of the core"


@pytest.mark.parametrize(
    ("file", "line", "contract"),
    [
        (None, "", None),
        ("money.py", "import tenure.cli", FLOORS),
        ("periods.py", "from tenure.money import Money", FLOORS),
        ("read/__init__.py", "def late():\n    from tenure.draw import ring", FLOORS),
        ("new_module.py", "", FLOORS),
        ("events.py", "def late():\n    import pandas", "The core knows no web framework"),
        ("engine/base.py", "import openpyxl", "Only the reader opens spreadsheets"),
        ("lifecycle/oracle/__init__.py", "import tenure.engine.base", "The oracle shares nothing"),
        ("lifecycle/oracle/__init__.py", "import pyarrow", "The oracle shares nothing"),
        ("../tenure_app/ledger/people.py", "import tenure_app.imports", "The floors of the application"),
        ("../tenure_app/imports/parse.py", "def late():\n    import django", "Importers need the core alone"),
    ],
)
def test_an_import_against_the_floors_is_caught(tmp_path, file, line, contract):
    house = copy_of_house(tmp_path)
    if file:
        with (house / file).open("a", encoding="utf-8") as planted:
            planted.write(f"\n{line}\n")
    told = run(BIN / "lint-imports", "--no-cache", "--config", "../.importlinter", cwd=house.parent)
    broken = re.findall(r"^(.*?) BROKEN", told.stdout, re.MULTILINE)
    assert [name for name in broken if not name.startswith(str(contract))] == []
    assert (told.returncode, len(broken)) == ((1, 1) if contract else (0, 0)), told.stdout


# The clock


@pytest.mark.parametrize(
    ("line", "rules"),
    [
        ("datetime.datetime.now(datetime.UTC)", {"TID251"}),
        ("datetime.datetime.now()", {"TID251", "DTZ005"}),
        ("datetime.datetime.utcnow()", {"TID251", "DTZ003"}),
        ("datetime.datetime.today()", {"TID251", "DTZ002"}),
        ("datetime.date.today()", {"TID251", "DTZ011"}),
        ("time.time()", {"TID251"}),
        ("time.time_ns()", {"TID251"}),
        ("time.perf_counter()", set()),
        ("datetime.datetime(2024, 1, 1)", {"DTZ001"}),
    ],
)
@pytest.mark.parametrize("place", ["src/tenure/planted.py", "tests/planted.py"])
def test_reading_the_clock_is_caught(place, line, rules):
    planted = f'"""Planted."""\n\nimport datetime\nimport time\n\nprint(datetime, time)\nx = {line}\n'
    ruff = [BIN / "ruff", "check", "--no-cache", "--output-format=concise"]
    told = run(*ruff, f"--stdin-filename={place}", stdin=planted)
    assert set(re.findall(r": ((?:TID251|DTZ)\w*)", told.stdout)) == rules


# SQL


STARTS_SQL = re.compile(r"\s*(SELECT|WITH|INSERT|UPDATE|DELETE|CREATE|DROP|ALTER|COPY|ATTACH|PRAGMA|SET|FROM)\b")


def built_sql(path):
    """Line numbers where text that begins like SQL is put together with values."""
    for node in ast.walk(tree(path)):
        first = None
        if isinstance(node, ast.JoinedStr) and node.values:
            first = node.values[0]
        elif isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Mod)):
            first = node.left
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
            first = node.func.value
        if isinstance(first, ast.Constant) and isinstance(first.value, str) and STARTS_SQL.match(first.value):
            yield node.lineno


def test_no_sql_is_put_together_from_strings():
    assert [f"{short(path)}:{line}" for path in SOURCES for line in built_sql(path)] == []


@pytest.mark.parametrize("code", ['f"SELECT {x}"', '"SELECT " + x', '"DROP TABLE %s" % x', '"""\nWITH {}""".format(x)'])
def test_sql_put_together_from_strings_is_caught(tmp_path, code):
    planted = tmp_path / "planted.py"
    planted.write_text(f"x = 1\ny = {code}\n", encoding="utf-8")
    assert list(built_sql(planted)) == [2]


def statements_of(path):
    from tenure.engine.base import statements

    return statements(module_name(path.parent.parent / "__init__.py"), path.stem)


# what a database is asked, in its own words; tests ask both of them
ASKED = {"append_only_found", "append_only_postgresql", "append_only_sqlite", "bulk", "codes", "convert", "cycles",
         "engagement", "identity", "lookups", "merging", "mirror_reads", "own", "positions", "spool", "standing_reads",
         "told", "undo"}  # fmt: skip
NAMED = [
    pytest.param(path, name, id=f"{short(path)}:{name}")
    for path in SQL if path.stem not in ASKED for name in statements_of(path)
]  # fmt: skip
# files and the ledger are read by DuckDB alone; what happens to the events afterwards can be carried to another engine
CARRIED = [each for each in NAMED if not {"read", "tenure_app"} & set(each.values[0].parts)]


def parsed(path, name):
    """The statements of one name; comments after a statement's semicolon are parsed as statements of their own."""
    trees = sqlglot.parse(statements_of(path)[name], dialect="duckdb")
    return [each for each in trees if not isinstance(each, exp.Semicolon)]


@pytest.mark.parametrize("path", SQL, ids=short)
def test_every_sql_file_has_named_statements(path):
    assert statements_of(path) != {}


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_a_name_stands_for_one_statement(path, name):
    assert len(parsed(path, name)) == 1


@pytest.mark.parametrize(("path", "name"), CARRIED)
def test_another_engine_understands_the_sql(path, name):
    carried = parsed(path, name)[0].sql(dialect="spark", unsupported_level=sqlglot.ErrorLevel.RAISE)
    assert len(sqlglot.parse(carried, dialect="spark")) == 1


@pytest.mark.parametrize(("path", "name"), CARRIED)
def test_fractions_in_sql_are_doubles_on_every_engine(path, name):
    numbers = [each for each in parsed(path, name)[0].find_all(exp.Literal) if each.is_number and "." in each.name]
    assert [each.sql() for each in numbers if not isinstance(each.parent, exp.Cast)] == []


# The packages


def locked(name):
    """Package to version of a lock file."""
    lines = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split(" ")[0].split("==") for line in lines if "==" in line)


def test_the_locks_agree_and_hold_what_the_project_asks_for():
    core, app, test, dev = locked("core"), locked("app"), locked("test"), locked("dev")
    assert core.items() <= test.items() <= dev.items()
    assert core.items() <= app.items() <= dev.items()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert {each.split(">=")[0] for each in project["project"]["dependencies"]} <= core.keys()
    asked = {re.split(r"[>\[]", each)[0] for each in project["project"]["optional-dependencies"]["app"]}
    assert asked <= app.keys()
    assert {each.split(">=")[0] for each in project["dependency-groups"]["test"]} <= test.keys()
    wanted = [each for each in project["dependency-groups"]["dev"] if isinstance(each, str)]
    assert {re.split("[>=]=", each)[0] for each in wanted} <= dev.keys()


@pytest.mark.parametrize("name", ["core", "app", "test", "dev"])
def test_every_locked_package_has_hashes_and_no_host_is_named(name):
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    entries = re.split(r"\n(?=[a-z])", text)
    assert [entry.split("==")[0] for entry in entries if "--hash=sha256:" not in entry] == []
    assert re.findall(r"://|--index|--find-links|file:", text) == []


def test_what_is_said_to_the_tests_reaches_them():
    """Everything that a test or the Makefile reads of the environment is left there when Django is made ready."""
    tests = [path for path in (ROOT / "tests").rglob("*.py") if path.name != "test_settings_documented.py"]
    asked = r"environ\.get\(\s*[\"'](TENURE_[A-Z_]+)[\"']|(TENURE_[A-Z_]+)=\$\$\{"
    texts = [path.read_text(encoding="utf-8") for path in [*tests, ROOT / "Makefile"]]
    read = {a or b for text in texts for a, b in re.findall(asked, text)}
    assert read <= set(server_parts.KEPT)
    assert "TENURE_KILLS" in read


def test_no_two_modules_of_the_tests_have_one_name():
    """They are imported by it, whatever folder they lie in."""
    names = [path.name for path in (ROOT / "tests").rglob("*.py") if path.name != "conftest.py"]
    assert {name for name in names if names.count(name) > 1} == set()
