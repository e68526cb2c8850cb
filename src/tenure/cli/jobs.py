"""What each verb of the command does: open the shop, ask, write or show."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tenure.cli.arguments import COLUMNS
from tenure.cli.screen import Steps, prose, remarks, say, show, table
from tenure.errors import BadFile, InvalidInput
from tenure.periods import zone_named
from tenure.read import Columns
from tenure.verbs.shop import Shop, instant_of, must_hold_rows, opened
from tenure.write import TABLE_ENDINGS, checked_target, save_table, save_text

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

__all__ = ["run"]

_HEAD: Final = 20
Asked = argparse.Namespace


def run(asked: Asked) -> None:
    """Do what the parsed arguments ask for; errors are TenureErrors."""
    job: Callable[[Asked], None] = getattr(asked, "job", None) or _JOBS[asked.verb]
    job(asked)


def _stages(asked: Asked) -> None:
    as_of = instant_of(asked.as_of, asked.timezone)
    target = _table_target(asked)
    with _shop(asked, as_of) as (shop, steps):
        rows = shop.stages(as_of)
        _save(rows, target, steps) if target else _show_stages(rows, asked, steps)


def _show_stages(rows: DuckDBPyRelation, asked: Asked, steps: Steps) -> None:
    """How many stand where, and the first rows."""
    counts = rows.aggregate("stage, detail, COUNT(*) AS customers", "stage, detail").to_arrow_table().to_pylist()
    counts.sort(key=lambda row: (_ORDER.index(row["stage"]), _DETAILS.index(row["detail"])))
    everybody, head = sum(row["customers"] for row in counts), _head(rows, asked)
    steps.done()
    show([f"{_many(everybody, 'customer')} as of {asked.as_of}"])
    if everybody:
        shares = [(_stage(row), row["customers"], f"{row['customers'] / everybody:.1%}") for row in counts]
        show(["", *table(("stage", "customers", "share"), shares), ""])
        names = ("customer_id", "stage", "since", "overdue", "because")
        show(table(names, [
            (row["customer_id"], _stage(row), row["since"], row["overdue_at"], row["because"]) for row in head
        ], plain=("customer_id",)))  # fmt: skip
        show(_more(len(head), everybody, "customers"))


def _history(asked: Asked) -> None:
    until = _until(asked)
    target = _table_target(asked)
    with _shop(asked) as (shop, steps):
        rows = shop.history(until)
        _save(rows, target, steps) if target else _show_history(rows, asked, steps)


def _show_history(rows: DuckDBPyRelation, asked: Asked, steps: Steps) -> None:
    ((n, customers),) = rows.aggregate("COUNT(*), COUNT(DISTINCT customer_id)").fetchall()
    head = _head(rows, asked)
    steps.done()
    show([f"{_many(n, 'interval')} of {_many(customers, 'customer')}"])
    if n:
        cells = [(row["customer_id"], _stage(row), row["from"], row["to"]) for row in head]
        show(["", *table(("customer_id", "stage", "from", "to"), cells, plain=("customer_id",))])
        show(_more(len(head), n, "intervals"))


def _flows(asked: Asked) -> None:
    until = _until(asked)
    target = _table_target(asked)
    with _shop(asked) as (shop, steps):
        rows = shop.flows(asked.every, until, detail=asked.detail)
        _save(rows, target, steps) if target else _show_flows(rows, asked, steps)


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
    until = _until(asked)
    endings = (".toml", *TABLE_ENDINGS)
    targets = [checked_target(name, endings, apart_from=_read_from(asked)) for name in asked.out]
    with _shop(asked) as (shop, steps):
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
    with _shop(asked, as_of) as (shop, steps):
        found = shop.explain(asked.customer, as_of)
        steps.done()
        if asked.json:
            say(found.json() + "\n")
        else:
            show([str(found)])


def _report(asked: Asked) -> None:
    as_of = instant_of(asked.as_of, asked.timezone)
    target = None if asked.out is None else checked_target(asked.out, (".html", ".htm"), apart_from=_read_from(asked))
    if target is None and sys.stdout is not None and sys.stdout.isatty():
        raise InvalidInput("a page is not for reading in a terminal: say where to write it with --out report.html")
    names = [Path(file).name for file in asked.files]
    with _shop(asked, as_of) as (shop, steps):
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
            rows, orders = _many(shop.rows, "row"), _many(shop.orders, "order")
            show([f"{shop.events}: {rows}, {orders} of {_many(shop.customers, 'customer')}"])
            show([f"{shop.truth}: what was true of them", f"{shop.policy}: the policy that fits"])


_JOBS: Final[dict[str, Callable[[Asked], None]]] = {
    "stages": _stages, "history": _history, "flows": _flows, "suggest": _suggest, "explain": _explain,
    "report": _report, "simulate": _simulate,
}  # fmt: skip
_ORDER: Final = ("prospect", "new", "active", "loyal", "lapsed", "inactive")
_DETAILS: Final = (None, "short", "long", "seasonal", "win_back", "do_not_contact")


@contextlib.contextmanager
def _shop(asked: Asked, as_of: int | None = None) -> Iterator[tuple[Shop, Steps]]:
    """The shop of the named files, and the steps to tell of; says on stderr what the reading left out."""
    rejects = None if asked.rejects is None else checked_target(asked.rejects, apart_from=_read_from(asked))
    outs = getattr(asked, "out", None) or []
    if rejects is not None and rejects in [Path(out) for out in ([outs] if isinstance(outs, str) else outs)]:
        raise BadFile(f"cannot write {rejects}: --out and --rejects name the same file; choose another for one of them")
    columns = Columns(customer=asked.customer_column, **{role: getattr(asked, role) for role in COLUMNS})
    with Steps() as steps, opened(
        asked.files, policy=asked.policy, timezone=asked.timezone, times_in=asked.times_in, columns=columns,
        progress=steps, as_of=as_of,
    ) as shop:  # fmt: skip
        steps.done()
        if rejects is not None:
            save_table(shop.timeline.engine.connection.from_arrow(shop.timeline.rejects()), rejects)
        must_hold_rows(shop.timeline, rejects)
        for line in remarks(shop.timeline, asked.rejects):
            sys.stderr.write(line + "\n")
        yield shop, steps


def _read_from(asked: Asked) -> list[str]:
    """The files that nothing may be written over."""
    return [*asked.files, *([asked.policy] if asked.policy else [])]


def _table_target(asked: Asked) -> Path | None:
    return None if asked.out is None else checked_target(asked.out, apart_from=_read_from(asked))


def _until(asked: Asked) -> int | None:
    return None if asked.until is None else instant_of(asked.until, asked.timezone)


def _save(rows: DuckDBPyRelation, target: Path, steps: Steps) -> None:
    steps("writing")
    save_table(rows, target)


def _months(text: str) -> list[int]:
    try:
        return [int(month) for month in text.split(",")]
    except ValueError:
        raise InvalidInput(f"--season-months {text!r}: write months by their numbers, as in 10,11,12,1,2") from None


def _head(rows: DuckDBPyRelation, asked: Asked) -> list[dict[str, Any]]:
    """The first rows, instants on the shop's wall clock."""
    zone = zone_named(asked.timezone)
    found: list[dict[str, Any]] = rows.limit(_HEAD).to_arrow_table().to_pylist()
    return [
        {name: value.astimezone(zone) if isinstance(value, datetime) else value for name, value in row.items()}
        for row in found
    ]


def _stage(row: dict[str, Any], side: str = "") -> str:
    """Stage and detail of a row, as in lapsed/short."""
    stage, detail = row[f"{side}stage"], row.get(f"{side}detail")
    return f"{stage}/{detail}" if detail else stage or ""


def _many(n: int, what: str) -> str:
    return f"{n:,} {what if n == 1 else what + 's'}"


def _more(shown: int, n: int, what: str) -> list[str]:
    if n <= shown:
        return []
    return ["", f"the first {shown} of {n:,} {what}; all of them with --out NAME.parquet, .csv or .json"]
