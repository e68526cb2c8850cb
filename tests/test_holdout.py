"""The hold-out judges what it says: by what came after the cut, counted from the file."""

import sys
from pathlib import Path

import duckdb
import numpy as np
import pytest

HERE = Path(__file__).resolve().parent.parent / "benchmarks"


@pytest.fixture
def holdout(monkeypatch):
    monkeypatch.syspath_prepend(str(HERE))
    sys.modules.pop("holdout", None)
    import holdout

    return holdout


def test_a_cut_is_judged_by_the_days_on_which_people_ordered_after_it(holdout, tmp_path, monkeypatch, capsys):
    random = np.random.default_rng(2)
    rows = [(c, int(day)) for c in range(150) for day in random.integers(0, 300, random.integers(1, 12))]
    path = tmp_path / "made.parquet"
    duckdb.sql(
        "SELECT c AS customer_id, DATE '2024-01-01' + d AS order_date FROM (VALUES "
        + ", ".join(f"({c}, {day})" for c, day in rows) + ") AS v(c, d)"
    ).write_parquet(str(path))  # fmt: skip
    monkeypatch.setenv("TENURE_TEST_DATA", str(tmp_path))
    cut = holdout.Cut("made", "made.parquet", "2024-07-19", 60)
    begins = 200
    later = {str(c): len({d for one, d in rows if one == c and begins <= d < begins + 60}) for c in range(150)}
    assert holdout.came(path, cut) == {c: n for c, n in later.items() if n}
    models, whole = holdout.judged(path, cut)
    seen = {c for c, day in rows if day < begins}
    assert whole.n == models.n == len(seen)
    assert whole.orders == sum(later[str(c)] for c in seen)
    monkeypatch.setattr(holdout, "CUTS", (cut, holdout.Cut("gone", "gone.parquet", "2024-07-19", 60)))
    assert holdout.main() == 0
    told = capsys.readouterr()
    row = f"| made, 2024-07-19, 60 | {len(seen)} | {models.auc:.4f}, {whole.auc:.4f} |"
    assert told.out.splitlines()[2].startswith(row)
    assert told.err == "gone.parquet is not here: gone left out\n"
