"""The page of settings names what the code reads from the environment, all of it and nothing else."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reference" / "settings.md"
NAME = re.compile(r"(?:TENURE|DATABASE)_[A-Z_]*[A-Z]")
WITH_FILE = ("given", "secret")
"""Functions of tenure_app.environment that read NAME, and else the file that NAME_FILE names."""


def documented(text):
    """Names in the first column of the page's table."""
    return re.findall(r"^\| `([A-Z_]+)` \|", text, re.MULTILINE)


def called(call):
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def read_by(source):
    """Names of settings in a module's text: every constant that looks like one, and those of the files beside it."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and NAME.fullmatch(node.value):
            found.add(node.value)
        if isinstance(node, ast.Call) and called(node) in WITH_FILE and isinstance(node.args[0], ast.Constant):
            found.add(f"{node.args[0].value}_FILE")
    return found


def read_by_the_code():
    files = [path for part in ("tenure", "tenure_app") for path in (ROOT / "src" / part).rglob("*.py")]
    return set().union(*(read_by(path.read_text(encoding="utf-8")) for path in files))


def test_every_setting_is_documented_once_and_no_other():
    names = documented(PAGE.read_text(encoding="utf-8"))
    assert sorted(names) == sorted(read_by_the_code())


@pytest.mark.parametrize("name", ["Dockerfile", "compose.yaml"])
def test_what_the_deployment_sets_is_documented(name):
    text = (ROOT / "deploy" / name).read_text(encoding="utf-8")
    names = documented(PAGE.read_text(encoding="utf-8"))
    assert [said for said in NAME.findall(text) if said not in names] == []


def test_names_are_found_however_they_are_read():
    assert read_by('import os\na = os.environ.get("TENURE_ONE")\nb = os.environ["DATABASE_TWO"]') == {
        "TENURE_ONE",
        "DATABASE_TWO",
    }
    assert read_by('KEY = secret("TENURE_THREE", folder)') == {"TENURE_THREE", "TENURE_THREE_FILE"}
    assert read_by('raise Refused("x", "TENURE_DEBUG=1 shows it", TENURE_DATA)') == set()
