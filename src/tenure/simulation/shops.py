"""Opens a simulated shop, lets its people live, and writes what the shop saw and what was true."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from tenure.errors import BadFile, InvalidInput
from tenure.events import ORDER_PLACED
from tenure.simulation import rhythms
from tenure.simulation.climate import DAYS, WINTER_MONTHS, checked_months, months_in, seasons
from tenure.simulation.dice import Dice
from tenure.simulation.files import (
    BOOT_TRUTH,
    RHYTHM_TRUTH,
    event_table,
    policy_text,
    truth_table,
    write_shop,
)
from tenure.simulation.life import SECOND_PAIR, Life, live
from tenure.simulation.people import who_comes
from tenure.simulation.traces import Trace, moment, traces

__all__ = ["CUSTOMERS", "SEED", "SHOPS", "Simulated", "simulate"]

SEED: Final = 1
CUSTOMERS: Final = {"boots": 20_000, "rhythms": 4_000}
"""How many people a shop has unless told otherwise; `rhythms` has as many again in its regular twin."""
SHOPS: Final = tuple(CUSTOMERS)
HEMISPHERES: Final = ("both", "north", "south")
SUFFIXES: Final = (".parquet", ".csv")


@dataclass(frozen=True, slots=True)
class Simulated:
    """What was written: three files and their counts. `orders` are orders placed, whatever became of them.

    `twin` is the second shop of `rhythms`, whose buyers are regular; None for every other shop.
    """

    shop: str
    seed: int
    events: Path
    truth: Path
    policy: Path
    customers: int
    orders: int
    rows: int
    twin: "Simulated | None" = None


def simulate(
    out: str | Path, *, shop: str = "boots", seed: int = SEED, customers: int | None = None,
    season_months: Iterable[int] = WINTER_MONTHS, hemisphere: str = "both",
) -> Simulated:
    """Write a simulated shop: events to `out` (.parquet or .csv), NAME.truth beside it likewise, and NAME.policy.toml.

    The same arguments give the same rows on every machine, and the first customers are the same however many follow.
    `season_months`: months of the boot season as the north means them; in the south it comes six months later.
    `hemisphere`: "both" climates (regions north and south), or only "north" or "south". Both belong to `boots`.
    `rhythms` also writes a second shop, NAME.regular: a rule that leans on a shop's population is judged within one.
    Raises InvalidInput for arguments that make no shop, BadFile if `out` cannot be written.
    """
    path, months = Path(out), checked_months(season_months)
    _check(path, shop, seed, customers, hemisphere)
    people = CUSTOMERS[shop] if customers is None else customers
    if shop == "boots":
        return _boots(path, seed, people, months, hemisphere)
    if months != WINTER_MONTHS or hemisphere != "both":
        raise InvalidInput("the shop rhythms has no seasons: leave out season months and hemisphere")
    twin = _rhythms(path.with_name(f"{path.stem}.regular{path.suffix}"), seed, people, shape=4, first_id=people + 1)
    return _rhythms(path, seed, people, shape=1, first_id=1, twin=twin)


def _check(path: Path, shop: str, seed: int, customers: int | None, hemisphere: str) -> None:
    if shop not in SHOPS:
        raise InvalidInput(f"no shop is called {shop!r}: choose {' or '.join(SHOPS)}")
    if hemisphere not in HEMISPHERES:
        raise InvalidInput(f"no hemisphere is called {hemisphere!r}: choose {', '.join(HEMISPHERES)}")
    if seed < 0:
        raise InvalidInput(f"the seed must be 0 or more, not {seed}")
    if customers is not None and customers < 1:
        raise InvalidInput(f"a shop needs at least 1 customer, not {customers}")
    if path.suffix not in SUFFIXES:
        raise BadFile(f"cannot write {path}: name a .parquet or .csv file")


def _boots(path: Path, seed: int, customers: int, months: tuple[int, ...], hemisphere: str) -> Simulated:
    """The shoe-and-boot shop, person by person."""
    climates = {region: seasons(months_in(months, region == "south")) for region in ("north", "south")}
    closes_at = moment(DAYS)
    rows: list[Trace] = []
    truth: list[tuple[Any, ...]] = []
    for customer_id in range(1, customers + 1):
        dice = Dice(seed, customer_id)
        person = who_comes(dice, customer_id, hemisphere)
        life = live(dice, person, climates[person.region])
        rows += [row for row in traces(dice, life) if row.at < closes_at]
        truth.append(_boot_truth(life))
    southern = hemisphere == "south"
    regions = ("north", "south") if hemisphere == "both" else (hemisphere,)
    policy = policy_text(months_in(months, southern), "south" if southern else "north", regions)
    return _write(path, "boots", seed, rows, truth_table(truth, BOOT_TRUTH), policy)


def _boot_truth(life: Life) -> tuple[Any, ...]:
    """A row of BOOT_TRUTH."""
    person, bought = life.person, life.purchases
    pairs_a_season = person.boot_chance * (1 + SECOND_PAIR)
    return (
        person.customer_id, person.kind, person.region,
        round(pairs_a_season + person.shoe_rate, 6), round(pairs_a_season, 6), round(person.shoe_rate, 6),
        person.regularity if person.shoe_rate else None, round(person.leave_chance, 6), moment(life.first_look),
        moment(bought[0].day) if bought else None, moment(bought[-1].day) if bought else None, len(bought),
        None if life.left_day is None else moment(life.left_day), life.left_because,
    )


def _rhythms(
    path: Path, seed: int, customers: int, *, shape: int, first_id: int, twin: Simulated | None = None
) -> Simulated:
    """One shop of plain rhythms whose gaps all have the same shape."""
    rows: list[Trace] = []
    truth: list[tuple[Any, ...]] = []
    for customer_id in range(first_id, first_id + customers):
        dice = Dice(seed, customer_id)
        life = rhythms.come_in_rhythm(dice, customer_id, shape)
        rows += rhythms.rhythm_traces(dice, life)
        truth.append(_rhythm_truth(life))
    return _write(path, "rhythms", seed, rows, truth_table(truth, RHYTHM_TRUTH), policy_text((), "north", ()), twin)


def _rhythm_truth(life: rhythms.RhythmLife) -> tuple[Any, ...]:
    """A row of RHYTHM_TRUTH."""
    last_order_at = moment(life.days[-1], rhythms.OPENS_ON)
    return (
        life.customer_id, life.name, life.shape, life.mean_gap_days, 365.25 / life.mean_gap_days,
        rhythms.LEAVE_CHANCE, moment(life.days[0], rhythms.OPENS_ON), last_order_at, len(life.days),
        last_order_at if life.left else None,
    )


def _write(
    path: Path, shop: str, seed: int, rows: list[Trace], truth: pa.Table, policy: str, twin: Simulated | None = None
) -> Simulated:
    truth_path = path.with_name(f"{path.stem}.truth{path.suffix}")
    policy_path = path.with_name(f"{path.stem}.policy.toml")
    write_shop((event_table(rows), path), (truth, truth_path), (policy, policy_path))
    orders = len({row.order_id for row in rows if row.type == ORDER_PLACED})
    return Simulated(shop, seed, path, truth_path, policy_path, truth.num_rows, orders, len(rows), twin)
