"""What may be written behind the verbs of the server. Loads nothing heavy, Django least of all."""

from __future__ import annotations

import argparse
from importlib import import_module, util
from typing import TYPE_CHECKING, Any, Final

from tenure.cli.arguments import COLUMNS, number
from tenure_app.refused import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["DIALECTS", "FORMATS", "SCOPES", "verbs"]

FORMATS: Final = (
    "auto", "orders", "shopify-orders", "shopify-customers", "woocommerce-orders", "woocommerce-customers",
    "stripe-payments", "square-transactions", "mailchimp-audience", "hubspot-contacts",
)  # fmt: skip

DIALECTS: Final = ("segment", "customerio", "stripe", "shopify", "standard", "tenure")

SCOPES: Final = ("see", "events", "import", "policy", "settings")

_NEEDED: Final = ("django", "csp", "environ", "adbc_driver_sqlite")


def verbs(add: Callable[[str, str, str], argparse.ArgumentParser]) -> None:
    """Add the verbs; `add` takes a verb's name, what it does in a few words, and a sentence more."""
    _import(add)
    _refresh(add)
    _serve(add)
    _work(add)
    _source(add)
    _key(add)
    _shop(add)
    _user(add)
    _doctor(add)
    one = add("migrate", "make or upgrade the tables of the ledger", "Safe to run again; the other verbs ask for it.")
    one.set_defaults(job=_late("keeping", "migrate"))


def _import(add: Callable[[str, str, str], argparse.ArgumentParser]) -> None:
    one = add(
        "import", "put an export of a shop into the ledger",
        "Known facts are recognised and not added twice; killed and run again it ends as if never killed.",
    )  # fmt: skip
    one.add_argument("file", metavar="FILE", nargs="?", help="the export: CSV, Parquet or Excel")
    one.add_argument(
        "--format", choices=FORMATS, default="auto", metavar="FORMAT", help=f"one of {', '.join(FORMATS)}"
    )
    one.add_argument("--dry-run", action="store_true", help="say what would happen; write nothing")
    one.add_argument("--undo", metavar="RUN", type=int, help="take back what the run of this number brought")
    one.add_argument("--source", metavar="NAME", help="whose keys and ids these are; default: the maker of the export")
    one.add_argument("--times-in", metavar="ZONE", help="the zone of times that carry none; default: the shop's")
    one.add_argument("--currency", metavar="CODE", help="of amounts that name none; default: the shop's")
    one.add_argument(
        "--customer-by", choices=("name",), metavar="name",
        help="let names tell customers apart where nothing better does",
    )  # fmt: skip
    one.add_argument("--rejects", metavar="FILE.csv", help="also write the rows that cannot be used here")
    columns = one.add_argument_group("columns", "Of files of orders: found by name; where that fails, name them.")
    columns.add_argument("--customer-column", metavar="NAME", help="the customer's id")
    for role, says in COLUMNS.items():
        if role == "currency":
            continue  # the option says which one amounts have that name none
        columns.add_argument(f"--{role}", metavar="NAME", help=says)
    one.add_argument("--run", metavar="RUN", type=int, help=argparse.SUPPRESS)  # what the console has begun
    one.set_defaults(job=_late("importing", "import_file"))


def _refresh(add: Callable[[str, str, str], argparse.ArgumentParser]) -> None:
    one = add("refresh", "bring the pictures up to the ledger", "The console does it by itself; this shows progress.")
    one.add_argument("--anew", action="store_true", help="make the mirror and everything computed anew")
    one.add_argument("--known-at", metavar="T", help="also what was known at an instant: a date or a time")
    one.add_argument("--policy", metavar="FILE", help="also by another policy, as a preview does")
    one.set_defaults(job=_late("keeping", "refresh"))


def _serve(add: Callable[[str, str, str], argparse.ArgumentParser]) -> None:
    one = add("serve", "serve the console, the API and the doors for events", "Ctrl-C ends it.")
    one.add_argument(
        "--host", metavar="ADDRESS", default="127.0.0.1", help="where to listen; default: this machine alone"
    )
    one.add_argument("--port", metavar="N", type=int, default=8765, help="default: 8765")
    one.add_argument("--workers", metavar="N", type=int, default=1, help="web processes, on PostgreSQL; default: 1")
    one.add_argument("--work", action="store_true", help="with a worker beside it, as by: tenure work")
    one.set_defaults(job=_late("serving", "served"))


def _source(add: Callable[[str, str, str], argparse.ArgumentParser]) -> None:
    one = add("source", "say who may send events, and with which key", "Without a name: the sources that there are.")
    one.add_argument("name", metavar="NAME", nargs="?", help="a source; also one that files were imported under")
    one.add_argument(
        "--speaks", metavar="DIALECT", choices=DIALECTS,
        help=f"make it: one of {', '.join(DIALECTS)} (RudderStack's libraries speak segment)",
    )  # fmt: skip
    one.add_argument("--key", action="store_true", help="make it a key, which is shown this once; others stay")
    one.add_argument("--revoke", metavar="LETTERS", help="let nobody in any more by the key that ends with these")
    one.add_argument("--secret-file", metavar="FILE", help="its first line is what the source signs its webhooks with")
    one.add_argument("--currency", metavar="CODE", help="of its amounts that name none; default: the shop's")
    one.add_argument(
        "--kind", metavar="NAME=KIND", action="append", default=[],
        help="take the events it calls NAME for a kind of the glossary; may be given again",
    )  # fmt: skip
    one.set_defaults(job=_late("sending", "source"))


def _work(add: Callable[[str, str, str], argparse.ArgumentParser]) -> None:
    one = add(
        "work", "follow what was received: stages, outgoing webhooks",
        "Runs beside the server until it is told to end; a second one stands by.",
    )  # fmt: skip
    one.add_argument("--once", action="store_true", help="do what is due and end")
    one.set_defaults(job=_late("working", "work"))


def _key(add: Callable[[str, str, str], argparse.ArgumentParser]) -> None:
    one = add("key", "say which programs may ask the API", "add makes a key, which is shown this once.")
    one.add_argument("act", metavar="add|list|revoke", choices=("add", "list", "revoke"), help="what is to be done")
    one.add_argument("name", metavar="NAME", nargs="?", help="of whom asks with it; revoke: its last letters")
    one.add_argument(
        "--scope", metavar="SCOPE", action="append", default=[], choices=SCOPES,
        help=f"what it may do: {', '.join(SCOPES)}; may be given again",
    )  # fmt: skip
    one.set_defaults(job=_late("keys", "key"))


def _shop(add: Callable[[str, str, str], argparse.ArgumentParser]) -> None:
    what = "say what the shop is: name, zone, currency, margin"
    one = add("shop", what, "Without options: what is said of it so far.")
    one.add_argument("--name", metavar="NAME", help="its name, in titles")
    one.add_argument("--timezone", metavar="ZONE", help="its zone, for days and for times that carry none")
    one.add_argument("--currency", metavar="CODE", help="of amounts that name none, as in EUR")
    one.add_argument(
        "--fiscal-year-month", metavar="M", type=int, help="the month its business year begins with, 1 to 12"
    )
    one.add_argument(
        "--margin", metavar="SHARE", help="what is left of a price after what the goods cost, as in 0.4; or unknown"
    )
    one.add_argument(
        "--discount-rate", metavar="RATE", type=number, help="a year, of money that comes later, as in 0.1 for 10 %%"
    )
    one.add_argument(
        "--visits", choices=("unless_refused", "if_agreed", "never"),
        help="when visits from before somebody said who they are become theirs",
    )  # fmt: skip
    one.add_argument(
        "--segment-traits", metavar="NAMES", help="traits that segments may use, with commas between; or none"
    )
    one.set_defaults(job=_late("keeping", "shop"))


def _user(add: Callable[[str, str, str], argparse.ArgumentParser]) -> None:
    one = add("user", "make somebody who may sign in", "Asks for the password; with --password-file it reads one.")
    one.add_argument("name", metavar="NAME", help="what they sign in as")
    one.add_argument("--role", choices=("owner", "analyst"), required=True, help="what they may do")
    one.add_argument("--password-file", metavar="FILE", help="its first line is the password")
    one.set_defaults(job=_late("keeping", "user"))


def _doctor(add: Callable[[str, str, str], argparse.ArgumentParser]) -> None:
    one = add("doctor", "check database, triggers, mirror, clock and settings", "Exit code 1 if anything is wrong.")
    one.set_defaults(job=_late("doctor", "doctor"))


def _late(module: str, name: str) -> Callable[[argparse.Namespace], None]:
    """The job of that name, loaded when it is asked for: only then the server parts have to be there."""

    def job(asked: argparse.Namespace) -> None:
        lost = [package for package in _NEEDED if util.find_spec(package) is None]
        if lost:
            raise Refused(
                "no_server_parts",
                f"tenure {asked.verb}: the server parts are not installed ({', '.join(lost)} is missing);"
                " pip install 'tenure[app]'",
            )
        from tenure_app.cli.setup import ready

        ready(tables=asked.verb not in ("migrate", "doctor"), writes=asked.verb != "doctor")
        done: Any = getattr(import_module(f"tenure_app.cli.{module}"), name)
        done(asked)

    return job
