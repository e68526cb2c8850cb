"""What all tests share: how hard generated tests try, where the real order files are, tests of the installed wheel."""

import ast
import os
import re
import tomllib
from pathlib import Path

import hypothesis
import pytest

import tenure

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = os.environ.get("TENURE_EXAMPLES")

# A run without TENURE_EXAMPLES always draws the same examples: a red test is red again, for everybody.
hypothesis.settings.register_profile(
    "tenure",
    max_examples=int(EXAMPLES or 100),
    derandomize=EXAMPLES is None,
    database=None,
    deadline=None,
    print_blob=True,
)
hypothesis.settings.load_profile("tenure")


def pytest_addoption(parser):
    parser.addoption(
        "--installed-only",
        action="store_true",
        help="leave out test files that import packages of the development group (they are listed)",
    )


def pytest_configure(config):
    config.addinivalue_line("markers", "generated: draws its own random lives, as many as TENURE_EXAMPLES says")
    if config.getoption("--installed-only") and Path(tenure.__file__).is_relative_to(ROOT / "src"):
        raise pytest.UsageError("--installed-only is for the installed wheel, but tenure comes from src")


def development_packages():
    """Import names of the packages that only development needs."""
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
    named = [requirement for requirement in groups["dev"] if isinstance(requirement, str)]
    return {re.split("[>=]", requirement)[0].replace("-", "_") for requirement in named}


def imported(path):
    """First parts of all module names that the file imports, wherever in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


def needs_development(path):
    return path.suffix == ".py" and bool(imported(path) & development_packages())


def pytest_ignore_collect(collection_path, config):
    if config.getoption("--installed-only") and needs_development(collection_path):
        return True
    return None


def pytest_report_header(config):
    if not config.getoption("--installed-only"):
        return None
    left_out = sorted(path.name for path in (ROOT / "tests").rglob("test_*.py") if needs_development(path))
    return [f"tenure: {Path(tenure.__file__).parent}", f"left out for what they import: {', '.join(left_out)}"]


@pytest.fixture(scope="session")
def real_data():
    """A function from the name of a real order file to its path; skips the test, saying why, where there is none."""
    folder = os.environ.get("TENURE_TEST_DATA")

    def find(name):
        if not folder:
            pytest.skip(f"TENURE_TEST_DATA is not set: {name} not read")
        path = Path(folder) / name
        assert path.is_file(), f"TENURE_TEST_DATA is set, but {path} is not there"
        return path

    return find
