"""What each verb of the command does: open the shop, ask, write or show."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tenure.cli.forecasts import backtest, fit, predict, value
from tenure.cli.opening import (
    Asked,
    counted,
    first_rows,
    read_from,
    rest_of,
    save,
    shop_of,
    table_target,
    until_of,
)
from tenure.cli.screen import Steps, prose, say, show, table
from tenure.errors import InvalidInput
from tenure.verbs.shop import instant_of
from tenure.write import TABLE_ENDINGS, checked_target, save_table, save_text

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

__all__ = ["run"]


def run(asked: Asked) -> None:
    """Do what the parsed arguments ask for; errors are TenureErrors."""
    job: Callable[[Asked], None] = getattr(asked, "job", None) or _JOBS[asked.verb]
    job(asked)


def _stages(asked: Asked) -> None:
    as_of = instant_of(asked.as_of, asked.timezone)
    target = table_target(asked)
    with shop_of(asked, as_of) as (shop, steps):
        rows = shop.stages(as_of)
        save(rows, target, steps) if target else _show_stages(rows, asked, steps)


def _show_stages(rows: DuckDBPyRelation, asked: Asked, steps: Steps) -> None:
    """How many stand where, and the first rows."""
    counts = rows.aggregate("stage, detail, COUNT(*) AS customers", "stage, detail").to_arrow_table().to_pylist()
    counts.sort(key=lambda row: (_ORDER.index(row["stage"]), _DETAILS.index(row["detail"])))
    everybody, head = sum(row["customers"] for row in counts), first_rows(rows, asked)
    steps.done()
    show([f"{counted(everybody, 'customer')} as of {asked.as_of}"])
    if everybody:
        shares = [(_stage(row), row["customers"], f"{row['customers'] / everybody:.1%}") for row in counts]
        show(["", *table(("stage", "customers", "share"), shares), ""])
        names = ("customer_id", "stage", "since", "overdue", "because")
        show(table(names, [
            (row["customer_id"], _stage(row), row["since"], row["overdue_at"], row["because"]) for row in head
        ], plain=("customer_id",)))  # fmt: skip
        show(rest_of(len(head), everybody, "customers"))


def _history(asked: Asked) -> None:
    until = until_of(asked)
    target = table_target(asked)
    with shop_of(asked) as (shop, steps):
        rows = shop.history(until)
        save(rows, target, steps) if target else _show_history(rows, asked, steps)


def _show_history(rows: DuckDBPyRelation, asked: Asked, steps: Steps) -> None:
    ((n, customers),) = rows.aggregate("COUNT(*), COUNT(DISTINCT customer_id)").fetchall()
    head = first_rows(rows, asked)
    steps.done()
    show([f"{counted(n, 'interval')} of {counted(customers, 'customer')}"])
    if n:
        cells = [(row["customer_id"], _stage(row), row["from"], row["to"]) for row in head]
        show(["", *table(("customer_id", "stage", "from", "to"), cells, plain=("customer_id",))])
        show(rest_of(len(head), n, "intervals"))


def _flows(asked: Asked) -> None:
    until = until_of(asked)
    target = table_target(asked)
    with shop_of(asked) as (shop, steps):
        rows = shop.flows(asked.every, until, detail=asked.detail)
        save(rows, target, steps) if target else _show_flows(rows, asked, steps)


def _show_flows(rows: DuckDBPyRelation, asked: Asked, steps: Steps) -> None:
    """The last period."""
    found = rows.to_arrow_table().to_pylist()
    periods = sorted({row["period"] for row in found})
    steps.done()
    if not periods:
        show([f"no whole {asked.every} lies in these orders"])
        return
    show([f"the {asked.every} from {periods[-1]}, the last of {len(periods):,}", ""])
    show(table(("from_stage", "to_stage", "customers"), [
        (_stage(row, "from_") or "(not seen before)", _stage(row, "to_"), row["customers"])
        for row in found if row["period"] == periods[-1]
    ]))  # fmt: skip
    show(["", "all periods with --out NAME.parquet, .csv or .json"] if len(periods) > 1 else [])


def _suggest(asked: Asked) -> None:
    until = until_of(asked)
    endings = (".toml", *TABLE_ENDINGS)
    targets = [checked_target(name, endings, apart_from=read_from(asked)) for name in asked.out]
    with shop_of(asked) as (shop, steps):
        from tenure.lifecycle.policy import dumps

        found = shop.suggest(until)
        for target in targets:
            if target.suffix.lower() == ".toml":
                save_text(dumps(found.policy), target)
            else:
                save_table(shop.timeline.engine.connection.from_arrow(found.table()), target)
        steps.done()
        show(prose(found.text))


def _explain(asked: Asked) -> None:
    as_of = instant_of(asked.as_of, asked.timezone)
    with shop_of(asked, as_of) as (shop, steps):
        found = shop.explain(asked.customer, as_of)
        steps.done()
        if asked.json:
            say(found.json() + "\n")
        else:
            show([str(found)])


def _report(asked: Asked) -> None:
    as_of = instant_of(asked.as_of, asked.timezone)
    target = None if asked.out is None else checked_target(asked.out, (".html", ".htm"), apart_from=read_from(asked))
    if target is None and sys.stdout is not None and sys.stdout.isatty():
        raise InvalidInput("a page is not for reading in a terminal: say where to write it with --out report.html")
    names = [Path(file).name for file in asked.files]
    with shop_of(asked, as_of) as (shop, steps):
        page = shop.report(as_of, asked.name or Path(names[0]).stem, names)
        steps.done()
    if target is None:
        say(page)
    else:
        save_text(page, target)


def _simulate(asked: Asked) -> None:
    from tenure.simulation import simulate

    months = {} if asked.season_months is None else {"season_months": _months(asked.season_months)}
    checked_target(asked.out, (".parquet", ".csv"))
    with Steps() as steps:
        steps("simulating")
        made = simulate(
            asked.out, shop=asked.shop, seed=asked.seed, customers=asked.customers, hemisphere=asked.hemisphere,
            **months,
        )  # fmt: skip
    for shop in (made, made.twin):
        if shop is not None:
            rows, orders = counted(shop.rows, "row"), counted(shop.orders, "order")
            show([f"{shop.events}: {rows}, {orders} of {counted(shop.customers, 'customer')}"])
            show([f"{shop.truth}: what was true of them", f"{shop.policy}: the policy that fits"])


_JOBS: Final[dict[str, Callable[[Asked], None]]] = {
    "stages": _stages, "history": _history, "flows": _flows, "suggest": _suggest, "explain": _explain,
    "fit": fit, "predict": predict, "value": value, "backtest": backtest, "report": _report, "simulate": _simulate,
}  # fmt: skip
_ORDER: Final = ("prospect", "new", "active", "loyal", "lapsed", "inactive")
_DETAILS: Final = (None, "short", "long", "seasonal", "win_back", "do_not_contact")


def _months(text: str) -> list[int]:
    try:
        return [int(month) for month in text.split(",")]
    except ValueError:
        raise InvalidInput(f"--season-months {text!r}: write months by their numbers, as in 10,11,12,1,2") from None


def _stage(row: dict[str, Any], side: str = "") -> str:
    """Stage and detail of a row, as in lapsed/short."""
    stage, detail = row[f"{side}stage"], row.get(f"{side}detail")
    return f"{stage}/{detail}" if detail else stage or ""
