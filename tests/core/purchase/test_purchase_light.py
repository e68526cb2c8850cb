"""Compiled code: not loaded by who does not ask for it, and kept where its user may write."""

import os
import subprocess
import sys

import pytest

from tenure.purchase import compiling

STAGES = """
import sys
from tenure.cli import main
main(["stages", "orders.csv", "--as-of", "2024-03-01", "--out", "stages.csv"])
print(*[name for name in ("numba", "llvmlite", "sklearn") if name in sys.modules])
"""
COMPILE = """
from tenure.purchase.compiling import cache_folder
from tenure.purchase.tails import _log_gamma
assert _log_gamma(3.0) > 0.69
print(cache_folder())
"""


def ran(program, folder, **environment):
    """The last line that a fresh interpreter prints, whose own places for such things are not set."""
    others = {name: value for name, value in os.environ.items() if name not in ("TENURE_CACHE", "XDG_CACHE_HOME")}
    told = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=False,
        env={**others, **environment}, timeout=120,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
    return told.stdout.splitlines()[-1]


def test_stages_by_the_default_rule_load_neither_compiler_nor_learner(desk):
    assert ran(STAGES, desk) == ""
    assert (desk / "stages.csv").is_file()


def test_compiled_code_lands_where_tenure_cache_says(tmp_path):
    chosen = tmp_path / "chosen"
    assert ran(COMPILE, tmp_path, TENURE_CACHE=str(chosen)) == str(chosen / "compiled")
    assert list(chosen.rglob("*tails*.nbi")) != []


def test_who_cannot_write_at_home_compiles_into_a_temporary_folder(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "temporary").mkdir()
    nowhere, temporary = str(tmp_path / "file" / "home"), str(tmp_path / "temporary")
    folder = ran(COMPILE, tmp_path, HOME=nowhere, LOCALAPPDATA=nowhere, TMPDIR=temporary, TEMP=temporary)
    assert folder.startswith(os.path.join(temporary, "tenure-compiled-"))
    assert list((tmp_path / "temporary").rglob("*tails*.nbi")) != []


@pytest.mark.skipif(sys.platform == "win32", reason="homes on Windows are not looked up")
def test_who_has_no_home_has_a_temporary_folder(monkeypatch, tmp_path):
    import pwd

    def unknown(number):
        raise KeyError(number)

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    monkeypatch.setattr(compiling.tempfile, "mkdtemp", lambda prefix: str(tmp_path / prefix))
    for name in ("HOME", "XDG_CACHE_HOME", "TENURE_CACHE"):
        monkeypatch.delenv(name, raising=False)
    assert compiling.cache_folder.__wrapped__() == str(tmp_path / "tenure-compiled-")
