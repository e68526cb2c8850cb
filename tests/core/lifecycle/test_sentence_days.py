"""The sentence is the third reader of the rule: on generated shops each number in it is held against the picture's row
and against the oracle, which shares no code with the words.

Every sentence is read by a pattern of the whole, so that a word more or less is noticed too.
"""

import math
import os
import re
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import NamedTuple

import pytest
from asked import pictures, policy_of
from lives import Shop, as_ofs, shop

from tenure.lifecycle.oracle import Event, Oracle
from tenure.lifecycle.oracle.clocks import CALENDAR
from tenure.lifecycle.oracle.days import LocalDays, month_of, number_of
from tenure.lifecycle.oracle.life import Life, Occasion, has_left
from tenure.lifecycle.oracle.policy import Rule, most_specific, read
from tenure.lifecycle.oracle.rhythm import LONGEST, MOST, Snapshot, deviations, odds, p_buy, silences, usual

DAY = 86_400_000_000
SEEDS = (3, 10, 11, 14, 15, 17, 28, 41, 42, 53, 63, 69)
"""Shops that between them say every sort of sentence below."""
if "TENURE_EXAMPLES" in os.environ:
    SEEDS = (*SEEDS, *range(100, 100 + min(int(os.environ["TENURE_EXAMPLES"]), 2_000) // 10))
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
LEVEL = {"long": 1, "win_back": 2, "do_not_contact": 2}
"""The threshold that a detail is beyond, where it is not the first."""
STANCES = ("customer.left", "contact.refused", "contact.allowed", "customer.erased")
STANCE = {"Left": "customer.left", "not to be contacted": "contact.refused", "to be forgotten": "customer.erased"}

ON = r"\d+ [A-Z][a-z]{2} \d+"
DAYS = r"1 day|(?!1 days)[\d,]+ days"
SILENT = rf"(?:(?P<nth>First|Second) order (?P<ago>{DAYS}) ago|Silent (?P<silent>{DAYS}))"
GAPS = (
    r"; (?:(?P<share>\S+ of \S+) gaps like theirs are over|(?P<usually>those who come back usually do"
    rf"|a third order usually follows)|(?P<limit>the limit is))(?: within)? (?P<within>{DAYS})"
)
CHANCE = (
    r"(?:;|, and) their chance to order within (?P<horizon>\d+) days \((?P<near>just under |under )?(?P<chance>\d+) %\)"
    r" is (?P<holds>not )?below (?:(?P<mark>\d+) %, (?P<odds>far under|under|over) )?the (?:shop's average "
    rf"\((?P<average>\d+) %, (?P<month>{ON}), n = (?P<n>[\d,]+)\)"
    r"|standard average \((?P<standard>\d+) %; too little history, n = (?P<few>[\d,]+)\))"
)
SEASON = (
    r"(?P<season>; a whole season passed without an order, and they are|; their season has not come and gone since)"
)
DUE = rf"(?:, so not overdue before (?P<so>{ON})| overdue since (?P<since>{ON})| before (?P<before>{ON}))"
THIN = r"; too little history \(n = (?P<thin>[\d,]+)\), so these are standard values"
RHYTHM = re.compile(
    rf"{SILENT}(?:{GAPS})?(?:{CHANCE})?(?:{SEASON})?(?:{DUE})?(?:{THIN})?\.(?: To be left alone: (?P<alone>.+)\.)?"
)
SPOKEN = re.compile(
    rf"(?P<who>Left|Asked) on (?P<on>{ON})(?: (?P<what>to be forgotten|not to be contacted))?"
    r"(?:; reason: (?P<left>.+)| \((?P<asked>.+)\))?\."
)
PROSPECT = re.compile(rf"No order that counts; a prospect since (?P<on>{ON})\.")


class Told(NamedTuple):
    """What the oracle knows of the customer whom a sentence is about, and the row that the engine made of them."""

    row: dict
    as_of: int
    life: Life
    days: LocalDays
    rule: Rule | None = None
    snapshot: Snapshot | None = None

    @property
    def occasion(self) -> Occasion:
        """The last one."""
        return self.life.occasions[-1]

    @property
    def level(self) -> int:
        """The threshold that the sentence speaks of."""
        return LEVEL.get(self.row["detail"], 0)

    @property
    def mark(self) -> float:
        """What the chance is held against."""
        return odds(self.snapshot.level, self.rule.odds[self.level])

    def gap(self, quantile: float) -> float:
        """That quantile of the next gap, in days of the clock."""
        return usual(self.occasion.x, self.occasion.log_gaps, self.snapshot.gaps, deviations(quantile))

    def ends(self, silence: float) -> int:
        """Days of the calendar until a silence of so many days of the clock is over."""
        clock, day = self.occasion.clock, self.occasion.day
        over = clock.lam_inv(clock.lam(day) + min(silence, MOST))
        return max(1, math.ceil(over - 1e-9) - day)

    def chance(self, day: int, t_x: float) -> float:
        """The chance to order within the horizon, on a day."""
        lam = self.occasion.clock.lam
        silence = max(lam(day) - lam(self.occasion.day), 0.0)
        return p_buy(silence, self.occasion.x, t_x, self.snapshot.horizon, self.snapshot.buying)


def number(text: str) -> int:
    """A whole number, with or without commas."""
    return int(text.replace(",", ""))


def day_number(text: str) -> int:
    """Days since 1970-01-01 of a day as people write it."""
    day, month, year = text.split()
    return number_of(date(int(year), MONTHS.index(month) + 1, int(day)))


def part(share: str) -> float:
    """The share of gaps that words like `19 of 20` stand for."""
    named = {"nine of ten": 0.9, "half of all": 0.5}
    count, total = ("0", "1") if share in named else share.replace(",", "").split(" of ")
    return named.get(share, float(count) / float(total))


def wrong_in(text: str, told: Told) -> list[str]:
    """What in a sentence contradicts the row, the rule or itself."""
    if told.rule is None:
        return wrong_stance(text, told)
    found = RHYTHM.fullmatch(text)
    return wrong_rhythm(found.groupdict(), told) if found else ["the words"]


def wrong_rhythm(said: dict[str, str | None], told: Told) -> list[str]:
    """The same of a sentence about somebody whom the rhythm judges."""
    row, occasion = told.row, told.occasion
    silent = number((said["ago"] or said["silent"] or "").split()[0])
    orders = row["occasions"] if row["occasions"] == occasion.x + 1 else 0
    late = row["stage"] in ("lapsed", "inactive")
    checks = {
        "days silent": silent == told.days.day_of(told.as_of - 1) - occasion.day,
        "which order": said["nth"] == {1: "First", 2: "Second"}.get(orders),
        "reason": said["alone"] == (row["reason"] if row["detail"] == "do_not_contact" else None),
        "on time or late": late == (said["so"] is None and said["before"] is None),
        "season": (said["season"] is not None) == (row["detail"] == "seasonal" or _in_season(told)),
        "thin": _is_thin(said, told),
    }
    due = said["so"] or said["since"] or said["before"]
    if due:
        checks["due"] = day_number(due) == told.days.day_of(row["overdue_at"])
    if said["since"]:
        checks["overdue since"] = row["overdue_at"] < told.as_of and row["detail"] == "seasonal"
    if said["within"]:
        checks |= _gap_checks(said, told, silent, late)
    if said["chance"]:
        checks |= _chance_checks(said, told, late)
    return [name for name, holds in checks.items() if not holds]


def _in_season(told: Told) -> bool:
    """Whether a season that is not over yet keeps somebody on time, longer than the silence alone would."""
    clock, row = told.occasion.clock, told.row
    if row["stage"] in ("lapsed", "inactive") or not clock.seasonal() or told.occasion.x >= 2:
        return False
    due = told.days.day_of(row["overdue_at"])
    return due == clock.season_beginning_after(told.occasion.day)[1] and due > _by_silence(told)


def _by_silence(told: Told) -> int:
    """The day on which the silence alone would be too long, by the oracle's rule."""
    occasion = told.occasion
    t_x = occasion.t_x if occasion.clock == CALENDAR else math.floor(occasion.t_x + 0.5)
    short = silences(told.rule, occasion.x, t_x, occasion.log_gaps, told.snapshot)[0]
    return occasion.day + told.ends(short)


def _is_thin(said: dict[str, str | None], told: Told) -> bool:
    """Whether too little history is said where it is so, with its n, and nowhere else."""
    n = told.snapshot.customers
    told_of = said["thin"] or said["few"]
    if said["chance"] or told.rule.kind != "window":
        return (number(told_of) == n < 20) if told_of else n >= 20
    return told_of is None


def _gap_checks(said: dict[str, str | None], told: Told, silent: int, late: bool) -> dict[str, bool]:
    """The days within which gaps are over: those of the share that is named, passed by who is late."""
    rule, level, within = told.rule, told.level, number((said["within"] or "").split()[0])
    if said["limit"]:
        meant = [rule.days[level]]
    elif said["usually"]:
        meant = [rule.first_floors[level] * told.gap(rule.first_floor)]
    else:
        floor, cap = rule.first_floors[level] * told.gap(rule.first_floor), told.gap(rule.caps[level])
        capped = (late and not said["chance"]) or (told.occasion.x < 2 and cap < floor)
        known = [rule.quantiles] if rule.kind == "quantile" else [rule.caps] if capped else [rule.floors]
        known += [rule.caps] if said["so"] and rule.kind == "rhythm" else []
        meant = [told.gap(one[level]) for one in known if abs(one[level] - part(said["share"] or "")) < 1e-9]
    checks = {"within": [told.ends(silence) for silence in dict.fromkeys(meant)] == [within]}
    if late:
        checks["passed"] = within <= silent
    elif said["so"]:
        checks["so"] = told.occasion.day + within == day_number(said["so"])
    else:
        checks["gaps before chance"] = told.occasion.day + within <= day_number(said["before"] or "")
    return checks


def _chance_checks(said: dict[str, str | None], told: Told, late: bool) -> dict[str, bool]:
    """The chance, what it is held against, and from which day it is below."""
    snapshot, occasion, times = told.snapshot, told.occasion, told.rule.odds[told.level]
    stands = "far under" if times < 0.5 else "under" if times < 1 else "over"
    shown, chance = number(said["chance"] or ""), told.chance(told.days.day_of(told.as_of - 1), occasion.t_x)
    bounds = (0.0, 0.5) if said["near"] == "under " else (shown - 0.5, shown + 0.5)
    checks = {
        "horizon": number(said["horizon"] or "") == snapshot.horizon,
        "chance": bounds[0] - 1e-6 <= 100 * chance <= bounds[1] + 1e-6 and (said["near"] != "under " or shown == 1),
        "average": abs(number(said["average"] or said["standard"] or "") - 100 * snapshot.level) <= 0.5 + 1e-9,
        "n": number(said["n"] or said["few"] or "") == snapshot.customers,
        "odds": said["odds"] == (None if times == 1 else stands),
        "below": chance < told.mark + 1e-9 if late else chance > told.mark - 1e-9,
        "holds": late == (said["holds"] is None),
    }
    if said["month"]:
        checks["month"] = day_number(said["month"]) == month_of(occasion.day)
    if said["mark"]:
        checks["mark"] = abs(number(said["mark"]) - 100 * told.mark) <= 0.5 + 1e-9
    if said["before"]:
        checks["falls"] = _falls_on(told, day_number(said["before"]))
    return checks


def _falls_on(told: Told, day: int) -> bool:
    """Whether the chance is not below its mark before a day, and below on it (ten years are the longest asked)."""
    occasion = told.occasion
    t_x = occasion.t_x if occasion.clock == CALENDAR else math.floor(occasion.t_x + 0.5)
    never = occasion.clock.lam(day) - occasion.clock.lam(occasion.day) >= LONGEST
    holds = day == occasion.day + 1 or told.chance(day - 1, t_x) > told.mark - 1e-9
    return holds and (never or told.chance(day, t_x) < told.mark + 1e-9)



def wrong_stance(text: str, told: Told) -> list[str]:
    """The same of a sentence about somebody who never bought, left, refused or is erased."""
    if not has_left(told.life, told.as_of):
        said = PROSPECT.fullmatch(text)
        return [] if said and day_number(said["on"]) == told.days.day_of(told.row["since"]) else ["prospect"]
    events, orders = told.life.events, told.life.orders
    last = {kind: max((one.at for one in events if one.kind == kind), default=-DAY) for kind in STANCES}
    ordered = max((order.at for order in orders), default=-DAY)
    refused = last["contact.refused"] > max(last["contact.allowed"], ordered)
    kind = "contact.refused" if refused else "customer.left"
    kind = "customer.erased" if last["customer.erased"] >= 0 else kind
    said = SPOKEN.fullmatch(text)
    if not said or STANCE[said["what"] or said["who"]] != kind:
        return ["stance"]
    reason = "erased" if kind == "customer.erased" else said["left"] or said["asked"]
    checks = {"day": day_number(said["on"]) == told.days.day_of(last[kind]), "reason": reason == told.row["reason"]}
    return [name for name, holds in checks.items() if not holds]


def told_by(lives: Shop, ats: Iterable[int], folder) -> Iterator[Told]:
    """Everybody in the pictures of a shop as of some instants."""
    events, text, zone = lives
    policy, oracle, days, rules = policy_of(text, folder), Oracle(events, text, zone), LocalDays(zone), read(text)
    for as_of in ats:
        for customer, row in pictures(events, policy, zone, as_of).items():
            life = oracle.life(customer, as_of)
            if has_left(life, as_of) or not life.orders:
                yield Told(row, as_of, life, days)
                continue
            occasion = life.occasions[-1]
            scope = most_specific(rules.scopes, *occasion.group)
            snapshot = oracle.snapshot(month_of(occasion.day))
            yield Told(row, as_of, life, days, scope.rule if scope else rules.rule, snapshot)


def told_of(seed: int, folder) -> Iterator[Told]:
    """Everybody in two pictures of the shop of a seed."""
    return told_by(shop(seed), as_ofs(seed, shop(seed), (), 2), folder)


def boots_and_a_book(kind: str) -> Shop:
    """Who bought boots on 15 January 2020 and never again, and who bought a book at noon of 1 June 2021."""
    policy = f'''
        [rhythm]
        kind = "{kind}"
        days = [90, 180, 3650]
        odds = [5, 0.4, 0.05]
        [[season]]
        category = "boots"
        months = [11, 12, 1, 2]
    '''
    bought = [(1, date(2020, 1, 15), "boots"), (2, date(2021, 6, 1), "books")]
    events = [Event(who, number_of(day) * DAY + DAY // 2, "order.placed", category=of) for who, day, of in bought]
    return Shop(events, policy, "UTC")


def sort_of(text: str, told: Told) -> tuple[str, str]:
    """The kind of rule and what decided, by the words of the sentence."""
    if told.rule is None:
        return "no rule", text.split(maxsplit=1)[0]
    said = RHYTHM.fullmatch(text)
    by = "season" if said["season"] else "chance" if said["chance"] else "days"
    return told.rule.kind, f"{'on time' if said['so'] or said['before'] else 'late'} by {by}"


SORTS = {
    *(("no rule", first) for first in ("No", "Left", "Asked")),
    *((kind, f"{when} by {by}") for kind in ("rhythm", "quantile", "chance", "window")
      for when in ("on time", "late") for by in ("days", "chance", "season")),
} - {
    *((kind, f"{when} by chance") for kind in ("quantile", "window") for when in ("on time", "late")),
    ("chance", "late by days"),
}  # fmt: skip


@pytest.mark.generated
def test_every_number_of_every_sentence_agrees_with_the_row_and_the_oracle(tmp_path):
    wrong, sorts = [], set()
    asked = {seed: told_of(seed, tmp_path) for seed in SEEDS}
    june = number_of(date(2021, 6, 2)) * DAY
    asked |= {kind: told_by(boots_and_a_book(kind), [june], tmp_path) for kind in ("window", "chance")}
    for where, every in asked.items():
        for told in every:
            text = told.row["because"]
            found = set(wrong_in(text, told))
            wrong += [(where, told.row["customer_id"], told.as_of, sorted(found), text)] if found else []
            sorts |= set() if found else {sort_of(text, told)}
    assert wrong == []
    assert sorts == SORTS


def moved(text: str) -> Iterator[str]:
    """The sentence with one of its days and numbers moved by one, each in turn; reasons are left alone."""
    for place in re.finditer(rf"{ON}|\d[\d,.]*\d|\d", re.sub(r"reason: .*|\(\D+\)\.|To be left alone.*", "", text)):
        found = place[0]
        if " " in found:
            day = date(1970, 1, 1) + timedelta(day_number(found) + 1)
            other = f"{day.day} {MONTHS[day.month - 1]} {day.year}"
        else:
            other = f"{float(found.replace(',', '')) + 1:,.10g}"
        yield text[: place.start()] + other + text[place.end() :]


@pytest.mark.parametrize("seed", [3, 15, 69])
def test_a_sentence_with_one_number_moved_by_one_is_noticed(seed, tmp_path):
    every = [(other, told) for told in told_of(seed, tmp_path) for other in moved(told.row["because"])]
    assert len(every) > 100
    assert [other for other, told in every if not wrong_in(other, told)] == []
