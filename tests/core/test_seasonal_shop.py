"""The simulated boot shop with its declared seasons: summer is no lapse, and who misses a winter is told apart.

A customer is a boot buyer here if four fifths of the orders that count are of boots: for them the policy declares a
season; who also buys shoes all year round is judged by the calendar. Who ever left or refused contact is left out: that
is stated, not inferred from silence. Both are counted from the file alone (boot_buyers.py).
"""

import os
from collections import defaultdict
from datetime import date, timedelta

import pytest
from boot_buyers import Buyers, midnight, winters

import tenure
from tenure.simulation import simulate

FULL = "TENURE_EXAMPLES" in os.environ
PEOPLE = 20_000 if FULL else 1_500
WINTER = (10, 11, 12, 1, 2)
SHOPS = {
    "two climates": (WINTER, "both"),
    "the south": (WINTER, "south"),
    "spring": ((3, 4, 5), "both"),
    **({"four months around new year": ((11, 12, 1, 2), "north")} if FULL else {}),
}
OPENING = date(2023, 10, 1)
"""Who last bought in a season begun before this day is judged by a snapshot of the shop's first months, when hardly
anybody had come back: the rule then stands on its priors, and some are inactive, which goes before seasonal, by the end
of the season they missed. Of all later seasons everybody is lapsed/seasonal who bought once a winter."""

COLUMNS = ("customer_id", "stage", "from", "to")

pytestmark = pytest.mark.generated


class Shop:
    """A shop and what the engine says of it, each picture asked once."""

    def __init__(self, folder, months, hemisphere) -> None:
        self.months = months
        self.files = simulate(folder / "shop.parquet", customers=PEOPLE, season_months=months, hemisphere=hemisphere)
        self.regions = ("north", "south") if hemisphere == "both" else (hemisphere,)
        self.buyers, self.pictures = Buyers(self.files), {}
        self.history = intervals(self.files, self.files.policy)

    def winters(self):
        """Each climate with each of its seasons."""
        return [(region, winter) for region in self.regions for winter in winters(self.months, region)]

    def picture(self, on):
        """Rows as of a day's start, by customer."""
        if on not in self.pictures:
            rows = tenure.stages(self.files.events, as_of=on, policy=self.files.policy).to_pylist()
            self.pictures[on] = {row["customer_id"]: row for row in rows}
        return self.pictures[on]

    def last_ordered(self, on, region, start, end):
        """The boot buyers, as of a day, whose last order lies in [start, end)."""
        found = self.buyers.of_boots(midnight(on), region)
        return [customer for customer, at in found.items() if midnight(start) <= at < midnight(end)]

    def bought_at_the_peak(self):
        """Who bought in the middle of a season (a December), with the month half a year on (the July)."""
        for region, winter in self.winters():
            after = winter.peak + timedelta(31)
            yield winter.off, self.last_ordered(winter.off, region, winter.peak, after)


def intervals(files, policy):
    """By customer: stage, from, to; known half a year beyond the shop's last day."""
    found = defaultdict(list)
    table = tenure.history(files.events, until=date(2026, 12, 31), policy=policy)
    for customer, *interval in zip(*(table[name].to_pylist() for name in COLUMNS), strict=True):
        found[customer].append(interval)
    return found


def lapsed_within(history, customers, start, days):
    """Customers who were lapsed or inactive at any time of the days from `start` on."""
    begin, end = midnight(start), midnight(start + timedelta(days))
    return [
        customer
        for customer in customers
        for stage, came, went in history[customer]
        if stage in ("lapsed", "inactive") and came < end and (went is None or begin < went)
    ]


@pytest.fixture(scope="module", params=SHOPS)
def shop(request, tmp_path_factory):
    """Each of the shops; no other line of this file knows which."""
    return Shop(tmp_path_factory.mktemp("shop"), *SHOPS[request.param])


def test_december_buyers_have_not_lapsed_on_any_day_of_any_july(shop):
    for july, customers in shop.bought_at_the_peak():
        assert len(customers) > PEOPLE / 200
        assert lapsed_within(shop.history, customers, july, 31) == [], july


def test_by_the_plain_calendar_most_of_them_would_have(shop, tmp_path):
    # it is the season that keeps them, not a lenient rule
    bare = tmp_path / "bare.toml"
    bare.write_text("[seasons]\nlearn = false\n", encoding="utf-8")
    history = intervals(shop.files, bare)
    asked, lapsed = 0, 0
    for july, customers in shop.bought_at_the_peak():
        asked += len(customers)
        lapsed += len(lapsed_within(history, customers, july, 31))
    assert lapsed > asked / 2


def test_who_missed_a_winter_is_overdue_for_the_season_and_to_be_written_to_before_the_next(shop):
    asked = 0
    for region, winter in shop.winters():
        missed = winter.following + (winter.end - winter.start)
        if missed > date(2026, 3, 10):
            continue  # nobody can have missed what the file has not seen
        on = missed + timedelta(60)
        customers = shop.last_ordered(on, region, winter.start, winter.end)
        rows = [shop.picture(on)[customer] for customer in customers]
        others = [row for row in rows if row["detail"] != "seasonal"]
        if winter.start < OPENING:
            assert {row["stage"] for row in others} <= {"inactive"}, (region, on)
        else:
            asked += len(rows)
            assert len(others) <= len(rows) / 20, (region, on)
            # two pairs in one winter make an uneven rhythm, which may leave them more time than one missed season
            twice = shop.buyers.bought_twice_in_half_a_year
            assert [row for row in others if not twice(row["customer_id"], midnight(on))] == [], (region, on)
            assert [row for row in others if row["overdue_at"] < midnight(on)] == [], (region, on)
        start = winter.following.replace(year=winter.following.year + 1)
        assert {row["contact_on"] for row in rows if row["stage"] == "lapsed"} <= {start - timedelta(14)}
        # rows of other stages say nothing of when to write
        assert {row["contact_on"] for row in rows if row["stage"] != "lapsed"} <= {None}
    assert asked > PEOPLE / 100


def test_everybody_overdue_for_a_season_is_written_to_within_the_lead_before_it_starts(shop):
    first = {region: winter.start for region, winter in shop.winters()}
    starts = {region: [start.replace(year=year) for year in range(2023, 2028)] for region, start in first.items()}
    asked = 0
    for on in (date(2025, 7, 15), date(2026, 3, 1)):
        for customer, row in shop.picture(on).items():
            if row["detail"] == "seasonal":
                region = shop.buyers.orders[customer][0].region
                assert any(timedelta(0) < start - row["contact_on"] <= timedelta(14) for start in starts[region])
                asked += 1
    assert asked > PEOPLE / 100
