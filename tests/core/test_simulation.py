"""The simulated shops: the same for everybody, true to what they say about their people, and declared as they are."""

import hashlib
import re
import resource
from collections import Counter, defaultdict
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from statistics import fmean, pstdev
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from tenure.errors import BadFile, InvalidInput
from tenure.events import KINDS
from tenure.lifecycle.policy import load
from tenure.lifecycle.season import declared
from tenure.simulation import Simulated, simulate
from tenure.simulation.climate import months_in, seasons

LOOKS = {"page.viewed", "product.viewed", "customer.created"}
YEAR_SECONDS = 365.25 * 86400


@pytest.fixture(scope="module")
def boots(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    return simulate(tmp_path_factory.mktemp("boots") / "shop.parquet", customers=4000)


@pytest.fixture(scope="module")
def rhythms(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    return simulate(tmp_path_factory.mktemp("rhythms") / "shop.parquet", shop="rhythms", customers=800)


@lru_cache(maxsize=4)
def rows(path: Path) -> list[dict[str, Any]]:
    return pyarrow.parquet.read_table(path).to_pylist()


def orders(shop: Simulated) -> list[dict[str, Any]]:
    """The first line of every order placed, in order of time."""
    found: dict[str, dict[str, Any]] = {}
    for row in rows(shop.events):
        if row["type"] == "order.placed":
            found.setdefault(row["order_id"], row)
    return list(found.values())


def truth(shop: Simulated) -> dict[int, dict[str, Any]]:
    return {row["customer_id"]: row for row in rows(shop.truth)}


def fingerprint(path: Path) -> str:
    lines = sorted(repr(list(row.values())) for row in rows(path))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


# the same for everybody


def test_the_shops_never_change(tmp_path: Path) -> None:
    shop = simulate(tmp_path / "a.parquet", customers=300)
    rhythm = simulate(tmp_path / "b.parquet", shop="rhythms", customers=40)
    assert rhythm.twin is not None
    assert [fingerprint(path) for path in (shop.events, shop.truth, rhythm.events, rhythm.twin.events)] == [
        "b27797c82aaae0ca", "ba2b9537f3452ec0", "07ec96ad6d59d428", "5d666b4ffe99fc97",
    ]


def test_another_seed_is_another_shop(tmp_path: Path) -> None:
    one, two = (simulate(tmp_path / f"{seed}.parquet", customers=50, seed=seed) for seed in (1, 2))
    assert fingerprint(one.events) != fingerprint(two.events)


def test_the_first_customers_are_the_same_however_many_follow(boots: Simulated, tmp_path: Path) -> None:
    small = simulate(tmp_path / "small.parquet", customers=100)
    assert [row for row in rows(boots.events) if row["customer_id"] <= 100] == rows(small.events)
    assert rows(boots.truth)[:100] == rows(small.truth)


def test_csv_holds_what_parquet_holds(tmp_path: Path) -> None:
    parquet, csv = (simulate(tmp_path / f"shop.{ending}", customers=200) for ending in ("parquet", "csv"))
    assert replace(csv, events=parquet.events, truth=parquet.truth) == parquet
    for as_parquet, as_csv in ((parquet.events, csv.events), (parquet.truth, csv.truth)):
        expected = pyarrow.parquet.read_table(as_parquet)
        options = pyarrow.csv.ConvertOptions(
            column_types=expected.schema, strings_can_be_null=True, timestamp_parsers=[pyarrow.csv.ISO8601]
        )
        assert pyarrow.csv.read_csv(as_csv, convert_options=options).equals(expected)
        instants = pyarrow.csv.read_csv(as_csv, convert_options=pyarrow.csv.ConvertOptions(
            column_types={name: pa.string() for name in expected.column_names}
        ))["at" if as_csv == csv.events else "first_look_at"].to_pylist()
        assert [text for text in instants if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", text)] == []


def test_the_counts_are_those_of_the_files(boots: Simulated) -> None:
    assert boots.customers == 4000 == len(truth(boots)) == len({row["customer_id"] for row in rows(boots.events)})
    assert boots.rows == len(rows(boots.events))
    assert boots.orders == len(orders(boots)) == sum(row["orders"] for row in truth(boots).values())


# the shoe-and-boot shop


def test_only_known_kinds_within_the_36_months_in_order_of_time(boots: Simulated) -> None:
    found = rows(boots.events)
    assert {row["type"] for row in found} <= set(KINDS)
    assert "2023-03-01" <= found[0]["at"].isoformat() < "2023-03-02"
    assert "2026-02-28" <= found[-1]["at"].isoformat() < "2026-03-01"
    assert [row["at"] for row in found] == sorted(row["at"] for row in found)


def test_everybody_looks_before_they_buy_and_some_only_look(boots: Simulated) -> None:
    first_look, first_order = {}, {}
    for row in rows(boots.events):
        if row["type"] in LOOKS:
            first_look.setdefault(row["customer_id"], row["at"])
        if row["type"] == "order.placed":
            first_order.setdefault(row["customer_id"], row["at"])
    people = truth(boots)
    assert first_look == {customer: person["first_look_at"] for customer, person in people.items()}
    assert [customer for customer, at in first_order.items() if at <= first_look[customer]] == []
    lookers = [customer for customer, person in people.items() if person["kind"] == "looker"]
    assert 0.17 < len(lookers) / len(people) < 0.23
    assert [customer for customer in lookers if customer in first_order] == []


def test_the_truth_tells_first_and_last_order_and_nobody_buys_or_looks_after_leaving(boots: Simulated) -> None:
    bought = defaultdict(list)
    for order in orders(boots):
        bought[order["customer_id"]].append(order["at"])
    people = truth(boots)
    assert {
        customer: (person["first_order_at"], person["last_order_at"], person["orders"])
        for customer, person in people.items() if person["orders"]
    } == {customer: (min(at), max(at), len(at)) for customer, at in bought.items()}
    seen_after = [
        row for row in rows(boots.events)
        if row["type"] in LOOKS | {"order.placed"}
        and (left_at := people[row["customer_id"]]["left_at"]) is not None and row["at"] > left_at
    ]
    assert seen_after == []
    assert all((person["left_at"] is None) == (person["left_because"] is None) for person in people.values())
    assert 0.2 < fmean(person["left_at"] is not None for person in people.values()) < 0.5


@pytest.mark.parametrize(
    ("months", "hemisphere", "regions"),
    [
        ((10, 11, 12, 1, 2), "both", {"north", "south"}),
        ((3, 4, 5), "both", {"north", "south"}),
        ((10, 11, 12, 1, 2), "south", {"south"}),
        ((6, 7), "south", {"south"}),
        ((11, 12, 4), "north", {"north"}),
    ],
)
def test_boots_sell_in_the_season_that_the_policy_declares(
    tmp_path: Path, months: tuple[int, ...], hemisphere: str, regions: set[str]
) -> None:
    shop = simulate(tmp_path / "shop.parquet", customers=2500, season_months=months, hemisphere=hemisphere)
    policy = load(shop.policy)
    sold: dict[str, Counter[int]] = defaultdict(Counter)
    for order in orders(shop):
        if order["category"] == "boots":
            sold[order["region"]][order["at"].month] += 1
    assert set(sold) == regions
    for region, by_month in sold.items():
        season, shifted = policy.season_for("boots", region)
        assert season is not None
        declared_months = declared(season, shifted).months
        off_season = sum(count for month, count in by_month.items() if month not in declared_months)
        assert set(declared_months) == set(months_in(months, region == "south"))
        assert 0.002 < off_season / by_month.total() < 0.06
        assert min(by_month[month] for month in declared_months) > 0.02 * by_month.total()
    assert policy.season_for("shoes", "north") == (None, False)


def test_in_the_south_the_season_comes_six_months_later(boots: Simulated) -> None:
    by_region: dict[str, Counter[int]] = {"north": Counter(), "south": Counter()}
    for order in orders(boots):
        if order["category"] == "boots":
            by_region[order["region"]][order["at"].month] += 1
    assert {month for month, _ in by_region["north"].most_common(5)} == {10, 11, 12, 1, 2}
    assert {month for month, _ in by_region["south"].most_common(5)} == {4, 5, 6, 7, 8}
    assert by_region["north"][12] > 20 * by_region["north"][7]
    assert by_region["south"][6] > 20 * by_region["south"][1]


def test_shoes_sell_all_the_year_round(boots: Simulated) -> None:
    by_month = Counter(order["at"].month for order in orders(boots) if order["category"] == "shoes")
    assert min(by_month.values()) > 0.5 * max(by_month.values())


def test_boot_buyers_buy_one_pair_a_season_and_hardly_ever_two(boots: Simulated) -> None:
    people = truth(boots)
    pairs: Counter[tuple[int, int]] = Counter()
    for order in orders(boots):
        if people[order["customer_id"]]["kind"] == "boots":
            # from the first month of a season to the month before the next: an off-season pair stands for that season's
            months = order["at"].year * 12 + order["at"].month - (4 if order["region"] == "south" else 10)
            pairs[order["customer_id"], months // 12] += 1
    assert 0.01 < fmean(count > 1 for count in pairs.values()) < 0.06
    assert max(pairs.values()) == 2


def test_boot_buyers_who_stay_come_back_as_often_as_the_truth_says(boots: Simulated) -> None:
    """Whoever bought before and was still there when the last winter began: how many pairs did they buy in it?"""
    stayers = {
        customer: person for customer, person in truth(boots).items()
        if person["kind"] == "boots" and person["region"] == "north" and person["orders"]
        and person["first_order_at"].isoformat() < "2025-03-01"
        and (person["left_at"] is None or person["left_at"].isoformat() >= "2025-10-01")
    }
    came = Counter(
        order["customer_id"] for order in orders(boots)
        if order["customer_id"] in stayers and order["at"].isoformat() >= "2025-10-01"
    )
    # three pairs in a hundred are bought after the season, here after the end of the shop's time
    expected = 0.97 * sum(person["boots_per_season"] for person in stayers.values())
    assert came.total() == pytest.approx(expected, rel=0.07)


def test_shoe_buyers_buy_at_their_true_rate(boots: Simulated) -> None:
    expected = bought = 0.0
    people = truth(boots)
    closes_at = max(row["at"] for row in rows(boots.events))
    for person in people.values():
        if person["kind"] == "shoes" and person["regularity"] == 1 and person["orders"]:
            until = person["left_at"] or closes_at
            expected += person["shoes_per_year"] * (until - person["first_order_at"]).total_seconds() / YEAR_SECONDS
            bought += person["orders"] - 1
    assert bought == pytest.approx(expected, rel=0.06)


def test_money_comes_with_a_currency_and_discounts_only_on_first_orders(boots: Simulated) -> None:
    for row in rows(boots.events):
        assert (row["amount"] is None) == (row["currency"] is None)
        assert (row["type"] in {"order.placed", "order.refunded"}) == (row["currency"] == "EUR")
        if row["discount"]:
            assert row["order_id"].endswith("-1")
            assert 9 <= row["amount"] / row["discount"] < 9.2
    discounted = {row["order_id"] for row in rows(boots.events) if row["discount"]}
    firsts = [person for person in truth(boots).values() if person["orders"]]
    assert 0.12 < len(discounted) / len(firsts) < 0.18


def test_refunds_are_of_known_orders_whole_or_in_part(boots: Simulated) -> None:
    paid, placed_at, lines = Counter(), {}, Counter()
    for row in rows(boots.events):
        if row["type"] == "order.placed":
            paid[row["order_id"]] += row["amount"]
            placed_at[row["order_id"]] = row["at"]
            lines[row["order_id"]] += 1
    after = [row for row in rows(boots.events) if row["type"] in {"order.refunded", "order.cancelled"}]
    assert [row for row in after if row["at"] <= placed_at[row["order_id"]]] == []
    back = [-row["amount"] / paid[row["order_id"]] for row in after if row["type"] == "order.refunded"]
    assert min(back) > 0
    assert max(back) == 1
    assert 0.3 < sum(share == 1 for share in back) / len(back) < 0.7
    assert 0.05 < len(after) / len(paid) < 0.08
    assert 0.15 < sum(count > 1 for count in lines.values()) / len(lines) < 0.3


def test_leavers_say_why_complain_and_refuse_contact_now_and_then(boots: Simulated) -> None:
    people = truth(boots)
    said = [row for row in rows(boots.events) if row["type"] == "customer.left"]
    assert {row["reason"] for row in said} == {"forgot", "money", "bad service", "competitor"}
    assert [row for row in said if row["reason"] != people[row["customer_id"]]["left_because"]] == []
    assert [row for row in said if row["at"] <= people[row["customer_id"]]["left_at"]] == []
    kinds = Counter(row["type"] for row in rows(boots.events))
    assert kinds["complaint.opened"] > kinds["complaint.resolved"] > 0
    assert kinds["contact.refused"] > kinds["contact.allowed"] > 0


def test_seasons_run_around_the_years_end() -> None:
    winters = seasons((10, 11, 12, 1, 2))
    assert [(winter.start, winter.end, winter.next_start) for winter in winters] == [
        (214, 366, 580), (580, 731, 945), (945, 1096, 1310),
    ]


# the shop of plain rhythms


def test_rhythms_come_in_two_shops_of_equal_classes(rhythms: Simulated) -> None:
    assert rhythms.twin is not None
    for shop, shape in ((rhythms, 1), (rhythms.twin, 4)):
        people = truth(shop)
        assert Counter((person["class"], person["k"]) for person in people.values()) == {
            (name, shape): 200 for name in ("weekly", "monthly", "quarterly", "yearly")
        }
        assert load(shop.policy).seasons == ()
    assert set(truth(rhythms)).isdisjoint(truth(rhythms.twin))


def test_gaps_have_the_mean_and_the_regularity_of_their_class(rhythms: Simulated) -> None:
    assert rhythms.twin is not None
    for shop, spread in ((rhythms, 1.0), (rhythms.twin, 0.5)):
        people, before = truth(shop), {}
        gaps: dict[str, list[float]] = defaultdict(list)
        for order in orders(shop):
            customer = order["customer_id"]
            if customer in before:
                gaps[people[customer]["class"]].append((order["at"] - before[customer]).total_seconds() / 86400)
            before[customer] = order["at"]
        for name, mean_days in (("weekly", 7), ("monthly", 30.4375)):
            assert fmean(gaps[name]) == pytest.approx(mean_days, rel=0.03)
            assert pstdev(gaps[name]) / fmean(gaps[name]) == pytest.approx(spread, rel=0.05)


def test_one_purchase_in_a_hundred_is_the_last_and_the_truth_knows_it(rhythms: Simulated) -> None:
    people = truth(rhythms).values()
    left = [person for person in people if person["left_at"] is not None]
    assert [person for person in left if person["left_at"] != person["last_order_at"]] == []
    assert len(left) / sum(person["orders"] for person in people) == pytest.approx(0.01, rel=0.15)


# what makes no shop


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"shop": "hats"}, "no shop is called 'hats': choose boots or rhythms"),
        ({"hemisphere": "east"}, "no hemisphere is called 'east': choose both, north, south"),
        ({"customers": 0}, "a shop needs at least 1 customer, not 0"),
        ({"seed": -1}, "the seed must be 0 or more, not -1"),
        ({"season_months": (0, 1)}, "season months must be different numbers from 1 to 12, not [0, 1]"),
        ({"season_months": ()}, "season months must be different numbers from 1 to 12, not []"),
        ({"season_months": range(1, 8)}, "a season of 7 months is none: name at most 6"),
        ({"shop": "rhythms", "hemisphere": "south"},
         "the shop rhythms has no seasons: leave out season months and hemisphere"),
    ],
)
def test_what_makes_no_shop_is_refused_in_one_line(tmp_path: Path, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        simulate(tmp_path / "shop.csv", **arguments)
    assert str(refusal.value) == message
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["shop.xlsx", "shop", "missing/shop.csv", "missing/shop.parquet"])
def test_a_file_that_cannot_be_written_is_refused_in_one_line(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadFile, match=r"^cannot write .*shop"):
        simulate(tmp_path / name, customers=3)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["shop.csv", "shop.parquet", "shop.truth.csv"])
def test_a_full_disk_leaves_the_three_files_of_the_old_shop(tmp_path: Path, name: str) -> None:
    """No file may grow beyond 1,500 bytes, which the policy does not reach."""
    files = simulate(tmp_path / name, customers=2, seed=1)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1500, limits[1]))
    try:
        with pytest.raises(BadFile) as refusal:
            simulate(files.events, customers=200, seed=2)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert str(refusal.value) == f"cannot write {files.events}: File too large"
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_no_file_takes_its_place_before_the_last_is_written(tmp_path: Path) -> None:
    simulate(tmp_path / "shop.csv", customers=2, seed=1)
    events = (tmp_path / "shop.csv").read_bytes()
    (tmp_path / "shop.policy.toml").unlink()
    (tmp_path / "shop.policy.toml").mkdir()
    with pytest.raises(BadFile, match=r"^cannot write .*shop\.policy\.toml: Is a directory$"):
        simulate(tmp_path / "shop.csv", customers=3, seed=2)
    assert (tmp_path / "shop.csv").read_bytes() == events
