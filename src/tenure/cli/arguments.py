"""What may be written behind `tenure`. Loads nothing heavy, so that help is there at once."""

from __future__ import annotations

import argparse
import sys
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, Final, NoReturn

from tenure import __version__
from tenure.cli.screen import say

__all__ = ["COLUMNS", "number", "parser"]

COLUMNS: Final = {
    "order": "the order id: lines with one id are one order",
    "at": "when it happened",
    "type": "the kind of event (without it every row is an order)",
    "amount": "the amount",
    "currency": "its currency",
    "category": "what was bought",
    "region": "where the customer is",
    "discount": "the discount",
    "reason": "why somebody left, refused or complained",
}
"""Roles of columns that have an option of their own name, beside the customer."""

_MODELS: Final = ("bg_nbd", "mbg_nbd", "pareto_nbd", "mbg_cnbd_k")
_HORIZON: Final = 90

_OTHERS: Final = "tenure.verbs"
"""Entry points of what is installed beside the core: functions that add verbs."""

_T: Final = "a date (its first instant in the shop's zone) or a time; exclusive"
_UNTIL: Final = f"know nothing from T on: {_T}; default: the midnight after the last row"


class _Parser(argparse.ArgumentParser):
    """Says what is wrong with the arguments in one line."""

    def error(self, message: str) -> NoReturn:
        sys.stderr.write(f"tenure: {message}; see {self.prog} --help\n")
        raise SystemExit(2)

    def print_help(self, file: Any = None) -> None:
        """To the standard output as all else: argparse would say nothing of a disk that is full."""
        if file is None and sys.stdout is not None:
            say(self.format_help())
        else:
            super().print_help(file)


def parser() -> argparse.ArgumentParser:
    """The parser of the whole command: `verb` and what belongs to it."""
    whole = _Parser(
        prog="tenure", allow_abbrev=False,
        description="Where every customer is in their life with the business, on any day, and why.",
        epilog="`tenure VERB --help` says what belongs to a verb.",
    )  # fmt: skip
    whole.add_argument("--version", action="version", version=f"tenure {__version__}")
    verbs = whole.add_subparsers(dest="verb", metavar="VERB", required=True, parser_class=_Parser)
    for add in (_stages, _history, _flows, _suggest, _explain, _fit, _predict, _value, _backtest, _report, _simulate):
        add(verbs)
    for other in entry_points(group=_OTHERS):
        # each brings the job with it
        other.load()(lambda name, says, more: _verb(verbs, name, says, more))
    return whole


if TYPE_CHECKING:
    _Verbs = argparse._SubParsersAction[_Parser]  # noqa: SLF001 - has no public name


def _verb(verbs: _Verbs, name: str, says: str, more: str) -> _Parser:
    description = f"{says[0].upper()}{says[1:]}. {more}"
    return verbs.add_parser(name, help=says, description=description, allow_abbrev=False)


def _stages(verbs: _Verbs) -> None:
    one = _verb(
        verbs, "stages", "where every customer stands as of a day, and why",
        "One row per customer seen before T. Without --out: how many stand where, and the first rows.",
    )  # fmt: skip
    _reading(one)
    one.add_argument("--as-of", metavar="T", required=True, help=_T)
    _writing(one)


def _history(verbs: _Verbs) -> None:
    one = _verb(
        verbs, "history", "every customer's stages as intervals",
        "Half-open and without gaps; the last one's `to` is empty. Without --out: the first rows.",
    )  # fmt: skip
    _reading(one)
    one.add_argument("--until", metavar="T", help=_UNTIL)
    _writing(one)


def _flows(verbs: _Verbs) -> None:
    one = _verb(
        verbs, "flows", "how many moved from which stage to which, period by period",
        "Compares the pictures at a period's start and end. Without --out: the last whole period.",
    )  # fmt: skip
    _reading(one)
    one.add_argument("--every", choices=("day", "week", "month"), default="month", help="a period; default: month")
    one.add_argument("--until", metavar="T", help=_UNTIL)
    one.add_argument("--detail", action="store_true", help="split lapsed and inactive")
    _writing(one)


def _suggest(verbs: _Verbs) -> None:
    one = _verb(
        verbs, "suggest", "which rule would have suited this shop best",
        "Tries rules and levels on the shop's own past: how often was each right? --policy: the rule in force.",
    )  # fmt: skip
    _reading(one)
    one.add_argument("--until", metavar="T", help=_UNTIL)
    one.add_argument(
        "--out", metavar="NAME", action="append", default=[],
        help="NAME.toml: the policy to use; NAME.parquet, .csv or .json: the numbers of every rule; may be given twice",
    )  # fmt: skip
    _rejecting(one)


def _explain(verbs: _Verbs) -> None:
    one = _verb(
        verbs, "explain", "why one customer stands where they stand, and what would change it",
        "Here --customer is the customer's id; the column is named with --customer-column.",
    )  # fmt: skip
    _reading(one, customer_is_column=False)
    one.add_argument("--customer", metavar="ID", required=True, help="the customer's id")
    one.add_argument("--as-of", metavar="T", required=True, help=_T)
    one.add_argument("--json", action="store_true", help="the same as one JSON object")
    _rejecting(one)


def _fit(verbs: _Verbs) -> None:
    one = _verb(
        verbs, "fit", "the parameters of a purchase model",
        "The most likely ones, with standard errors, and whether there are any. A customer's age ends with the last"
        " whole day before T.",
    )  # fmt: skip
    _reading(one)
    one.add_argument("--model", choices=(*_MODELS, "gamma_gamma"), required=True, help="the model")
    one.add_argument("--until", metavar="T", help=_UNTIL)
    one.add_argument("--unit", choices=("day", "week"), default="week", help="of time; default: week, as in the papers")
    one.add_argument("--json", action="store_true", help="the same as one JSON object")
    _rejecting(one)


def _forecasting(one: _Parser) -> None:
    """What is said of a forecast."""
    _reading(one)
    one.add_argument("--as-of", metavar="T", required=True, help=_T)
    one.add_argument("--horizon", metavar="DAYS", type=int, default=_HORIZON, help=f"days ahead; default: {_HORIZON}")
    one.add_argument(
        "--model", choices=("ensemble", *_MODELS), default="ensemble", help="what to forecast with; default: ensemble"
    )


def _predict(verbs: _Verbs) -> None:
    one = _verb(
        verbs, "predict", "who will buy again, how often, and what it may come to",
        "One row per customer, each number with its interval (5 to 95 %). Without --out: totals and the first rows.",
    )  # fmt: skip
    _forecasting(one)
    _writing(one)


def number(text: str) -> float:
    """A share or a rate, as somebody writes it."""
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"a number, as in 0.1 for 10 %, not {text!r}") from None


def _value(verbs: _Verbs) -> None:
    one = _verb(
        verbs, "value", "what customers are worth, and what may be spent to acquire, keep or win back each",
        "The columns of predict, with margins, scores and ceilings. Without --out: totals and the first rows.",
    )  # fmt: skip
    _forecasting(one)
    one.add_argument("--margin", metavar="SHARE", type=number, required=True, help="of revenue, as in 0.4")
    one.add_argument(
        "--discount-rate", metavar="RATE", type=number, default=0.1, help="a year, as in 0.1 for 10 %%; default: 0.1"
    )
    _writing(one)


def _backtest(verbs: _Verbs) -> None:
    one = _verb(
        verbs, "backtest", "how forecasts would have fared on the shop's own past",
        "Forecasts from days of the past, judged by what came: models, the ensemble, and plain rules.",
    )  # fmt: skip
    _reading(one)
    one.add_argument("--origins", metavar="N", type=int, default=4, help="days to forecast from; default: 4")
    one.add_argument("--horizon", metavar="DAYS", type=int, default=_HORIZON, help=f"days ahead; default: {_HORIZON}")
    one.add_argument("--until", metavar="T", help=_UNTIL)
    _writing(one)


def _report(verbs: _Verbs) -> None:
    one = _verb(
        verbs, "report", "the state of the shop as one HTML page",
        "Pictures inside, no network needed. Without --out the page goes to the standard output.",
    )  # fmt: skip
    _reading(one)
    one.add_argument("--as-of", metavar="T", required=True, help=_T)
    one.add_argument("--name", metavar="NAME", help="the shop's name for the title; default: the first file's")
    one.add_argument("--out", metavar="NAME.html", help="where to write the page")
    _rejecting(one)


def _simulate(verbs: _Verbs) -> None:
    one = _verb(
        verbs, "simulate", "write a simulated shop whose people are known",
        "Events to FILE, and beside it what was true (NAME.truth) and the policy that fits (NAME.policy.toml).",
    )  # fmt: skip
    one.add_argument("--out", metavar="FILE", required=True, help="where to write the events: .parquet or .csv")
    one.add_argument("--shop", choices=("boots", "rhythms"), default="boots", help="default: boots")
    one.add_argument("--seed", metavar="N", type=int, default=1, help="another N, other people; default: 1")
    one.add_argument(
        "--customers", metavar="N", type=int, help="how many people; default: 20,000 (boots), 4,000 (rhythms)"
    )
    one.add_argument(
        "--season-months", metavar="M,M,...",
        help="months of the boot season as the north means them; default: 10,11,12,1,2",
    )  # fmt: skip
    one.add_argument("--hemisphere", choices=("both", "north", "south"), default="both", help="default: both")


def _reading(one: _Parser, *, customer_is_column: bool = True) -> None:
    """What every verb that reads orders shares."""
    one.add_argument("files", metavar="FILE", nargs="+", help="orders and other events: CSV, Parquet or Excel")
    one.add_argument("--policy", metavar="FILE", help="a policy file (TOML); default: the default rule")
    zones = {"--timezone": "the shop's zone, for days and dates", "--times-in": "the zone of times that carry none"}
    for option, says in zones.items():
        one.add_argument(option, metavar="ZONE", default="UTC", help=f"{says}; default: UTC")
    columns = one.add_argument_group("columns", "Found by their names; where that fails, name them.")
    names = ("--customer", "--customer-column") if customer_is_column else ("--customer-column",)
    columns.add_argument(*names, dest="customer_column", metavar="NAME", help="the customer's id")
    for role, says in COLUMNS.items():
        columns.add_argument(f"--{role}", metavar="NAME", help=says)


def _writing(one: _Parser) -> None:
    one.add_argument("--out", metavar="NAME", help="write to NAME.parquet, NAME.csv or NAME.json")
    _rejecting(one)


def _rejecting(one: _Parser) -> None:
    one.add_argument("--rejects", metavar="FILE", help="write rows that cannot be used here (.csv, .parquet or .json)")
