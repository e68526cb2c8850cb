"""The report page: what it says, that it says nothing it does not know, and that nothing in it can do harm."""

import re
from base64 import b64encode
from dataclasses import replace
from datetime import UTC, date, datetime
from hashlib import sha256
from html.parser import HTMLParser

import made_up_report
import pytest

from tenure.draw import STAGES
from tenure.measure.retention import Cohort, SecondPurchase, Within
from tenure.reporting import (
    Due,
    DueSoon,
    Flow,
    MissedSeason,
    Month,
    Move,
    Moves,
    Period,
    ReportData,
    StageCount,
    page,
)  # fmt: skip

VOID = {"meta"}
UNKNOWN = Within(90, 0, 0, None, None, None, None)


class Page(HTMLParser):
    """Tags, attributes and text of a page; unbalanced tags fail."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, {key: value or "" for key, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, {key: value or "" for key, value in attrs}))

    def handle_endtag(self, tag):
        assert tag not in VOID
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"[ \n]+", " ", " ".join(self.words)).strip(" ")

    def every(self, tag: str, attribute: str) -> list[str]:
        return [attrs[attribute] for found, attrs in self.tags if attribute in attrs and (tag in ("*", found))]


@pytest.fixture(scope="module")
def shop() -> ReportData:
    return made_up_report.report(made_up_report.lives(400))


def section(text: str, key: str) -> str:
    """The words of one section."""
    found = re.search(rf'<section class="sec[^"]*" id="{key}">(.*?)</section>', text, re.DOTALL)
    return Page(found.group(1)).text


PAGES = {
    "shop": lambda: made_up_report.report(made_up_report.lives(400)),
    "twelve": lambda: made_up_report.report(made_up_report.lives(12)),
    "tiny": made_up_report.tiny,
    "empty": made_up_report.empty,
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_well_formed_self_contained_and_scriptless(name):
    found = Page(page(PAGES[name]()))
    assert not {"script", "link", "img", "iframe", "object", "base", "form"} & {tag for tag, _ in found.tags}
    assert found.every("*", "style") == []
    assert found.every("*", "src") == []
    assert not [key for _, attrs in found.tags for key in attrs if key.startswith("on")]
    ids = found.every("*", "id")
    assert len(ids) == len(set(ids))
    assert {href[1:] for href in found.every("a", "href") + found.every("use", "href")} <= set(ids)
    assert all(href.startswith("#") for href in found.every("*", "href"))


@pytest.mark.parametrize("name", PAGES)
def test_numbers_that_are_not_numbers_never_reach_a_page(name):
    text = page(PAGES[name]())
    assert "nan" not in re.findall(r"[a-z]+", Page(text).text.lower())
    assert "None" not in text
    assert not re.search(r'="[^"]*(nan|inf)[^a-z]', text)


def test_the_policy_allows_this_style_sheet_and_nothing_else(shop):
    text = page(shop)
    sheet = re.search(r"<style>(.*?)</style>", text, re.DOTALL).group(1)
    seal = b64encode(sha256(sheet.encode()).digest()).decode()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text).group(1)
    assert policy == f"default-src 'none'; style-src 'sha256-{seal}'; base-uri 'none'; form-action 'none'"
    assert not re.search(r"url\(|@import|</", sheet)


def test_the_same_data_give_the_same_bytes(shop):
    assert page(shop) == page(made_up_report.report(made_up_report.lives(400)))


EVIL = "<script>alert(1)</script>\"'&\u202eevil\udcff"


def test_whatever_people_wrote_is_shown_and_not_obeyed(shop):
    move = Move(EVIL, "loyal", "lapsed", date(2026, 10, 9), EVIL, 4)
    due = Due(EVIL, "loyal", date(2026, 11, 3), EVIL, 4)
    text = page(
        replace(
            shop, shop=EVIL, files=(EVIL,), zone=EVIL, rule=EVIL, policy=EVIL, notes=(EVIL,), rejected=((EVIL, 2),),
            overdue=Moves(1, (move,)), returned=Moves(1, (move,)), first=Moves(1, (move,)),
            due=DueSoon(1, 1, 1, (due,)),
            seasons=tuple(replace(band, name=EVIL) for band in shop.seasons),
        )
    )  # fmt: skip
    assert "<script" not in text
    text.encode("utf-8")
    found = Page(text)
    assert "script" not in {tag for tag, _ in found.tags}
    assert found.text.count("<script>alert(1)</script>\"'&\u202eevil?") >= 14
    assert "<bdi>&lt;script&gt;" in text


def test_a_very_long_id_is_cut():
    move = Move("x" * 500, "new", "lapsed", date(2026, 10, 9), "Late.", 1)
    data = replace(
        made_up_report.tiny(), period=Period(date(2026, 10, 1), date(2026, 11, 1)), overdue=Moves(1, (move,))
    )
    assert re.findall("x{30,}…?", page(data)) == ["x" * 59 + "…"]


def test_flows_counts_and_changes_agree_on_the_page(shop):
    found = Page(page(shop))
    inn = {stage: sum(f.customers for f in shop.flows if f.to_stage == stage) for stage in STAGES}
    out = {stage: sum(f.customers for f in shop.flows if f.from_stage == stage) for stage in STAGES}
    assert inn == {stage: shop.at(stage) for stage in STAGES}
    for stage in STAGES:
        change = inn[stage] - out[stage]
        sign = "+" if change > 0 else "\u2212" if change < 0 else "±"
        assert f"{stage.capitalize()} {inn[stage]:,} {sign}{abs(change):,} in October" in found.text


def test_the_matrix_holds_every_flow_once_with_its_totals(shop):
    text = page(shop)
    cells = dict(re.findall(r'<span class="[^"]*" id="(\w+-\w+)">([\d,]+)</span>', text))
    assert cells == {f"{f.from_stage}-{f.to_stage}": f"{f.customers:,}" for f in shop.flows if f.from_stage}
    assert section(text, "moves").endswith(f"1 Nov {' '.join(str(shop.at(s)) for s in STAGES)} {shop.customers}")


def test_ember_marks_who_slipped_and_nobody_who_stayed(shop):
    text = page(shop)
    hot = set(re.findall(r'<span class="hot q\d" id="([\w-]+)"', text))
    assert hot == {f"{f.from_stage}-lapsed" for f in shop.flows if f.from_stage in ("new", "active", "loyal")
                   and f.to_stage == "lapsed"}  # fmt: skip


def test_at_most_a_handful_of_people_are_marked_for_a_look():
    rows = tuple(Due(f"c{i}", "loyal", date(2026, 11, 3), "Late.", 30 - i) for i in range(30))
    text = page(replace(made_up_report.tiny(), due=DueSoon(30, 30, 30, rows)))
    assert text.count('<span class="when hot">') == 5


def test_lists_are_cut_and_say_how_many_more(shop):
    rows = tuple(Move(f"c{i}", "new", "lapsed", date(2026, 10, 9), "Late.", 1) for i in range(40))
    text = page(replace(shop, overdue=Moves(123_456, rows)))
    words = section(text, "overdue")
    assert words.count("Late.") == 8
    assert words.endswith("and 123,448 more")


def test_due_soon_is_sorted_by_orders_then_day_then_customer():
    rows = (
        Due("b", "new", date(2026, 11, 5), "B.", 1), Due("a", "new", date(2026, 11, 5), "A.", 1),
        Due("d", "loyal", date(2026, 11, 9), "D.", 7), Due("c", "new", date(2026, 11, 2), "C.", 1),
    )  # fmt: skip
    words = section(page(replace(made_up_report.tiny(), due=DueSoon(3, 4, 0, rows))), "due")
    assert re.findall(r"\b([abcd]) \d", words) == ["d", "c", "a", "b"]
    assert "2 Nov, in 1 day C. 1 order so far." in words


def test_a_shop_of_a_million_gives_a_small_page(shop):
    big = replace(
        shop,
        stages=tuple(replace(row, customers=row.customers * 2500) for row in shop.stages),
        flows=tuple(replace(flow, customers=flow.customers * 2500) for flow in shop.flows),
        panel=tuple(replace(level, customers=level.customers * 2500) for level in shop.panel),
        overdue=Moves(10**6, shop.overdue.rows * 5000),
        due=DueSoon(10**5, 10**6, 10**4, shop.due.rows * 5000),
        files=tuple(f"orders-{i}.csv" for i in range(5000)),
        notes=shop.notes * 5,
    )
    assert len(page(big).encode()) < 200_000


def test_prospects_that_files_cannot_hold_are_unknown_and_not_zero(shop):
    blind = replace(
        shop, prospects_known=False, stages=tuple(row for row in shop.stages if row.stage != "prospect"),
        flows=tuple(flow for flow in shop.flows if "prospect" not in (flow.from_stage, flow.to_stage)),
    )  # fmt: skip
    found = Page(page(blind))
    assert "Prospect unknown these files hold orders only" in found.text
    assert "Prospect" not in section(page(blind), "moves")


def test_an_empty_shop_says_so_and_what_to_do():
    words = Page(page(made_up_report.empty())).text
    assert "Nobody is here yet The files hold no rows." in words
    assert "tenure report orders.csv --as-of" in words
    late = Page(page(replace(made_up_report.empty(), rows=5))).text
    assert "5 rows were read; none tells of a customer before 1 November 2026." in late


def test_one_customer_gives_a_page_that_claims_nothing():
    text = page(made_up_report.tiny())
    words = Page(text).text
    assert "1 person bought here; 1 order so far. A petal’s area is its number of people." in words
    assert "1 of 1 customer by the fire" in words
    assert "Moves cannot be told yet." in words
    assert "One day is not a river yet." in section(text, "river")
    assert "No whole month lies inside the files yet" in section(text, "moves")
    assert "Not yet known: no month after a first order is over." in section(text, "retention")
    assert "Not yet known: no month of first orders has been watched for 30 days." in section(text, "second")
    assert "%" not in words.replace("95\u00a0%", "")


COHORTS = (
    Cohort(date(2026, 7, 1), 1000, (1000, 312, 4, 0)),
    Cohort(date(2026, 8, 1), 0, (0, 0, 0)),
    Cohort(date(2026, 9, 1), 50, (50, 25)),
    Cohort(date(2026, 10, 1), 8, ()),
)


def test_retention_shows_share_and_n_and_leaves_unfinished_months_blank():
    words = section(page(replace(made_up_report.tiny(), cohorts=COHORTS)), "retention")
    assert words.split("people 1 2 3 ")[1].split(" Blank")[0] == "Jul 2026 1,000 31 <1 0 Sep 2026 50 50 Oct 2026 8"


def test_more_than_eighteen_cohorts_show_the_last_and_say_so():
    rows = tuple(Cohort(date(2024 + i // 12, 1 + i % 12, 1), 10, tuple([10] + [3] * (30 - i))) for i in range(30))
    words = section(page(replace(made_up_report.tiny(), cohorts=rows)), "retention")
    assert "The last 18 of 30 months are shown." in words
    assert re.findall(r"[A-Z][a-z]{2} 20\d\d", words)[0] == "Jan 2025"
    assert "bought before the files begin" not in words


def test_quarters_are_named_as_quarters():
    rows = (Cohort(date(2026, 4, 1), 10, (10, 3)), Cohort(date(2026, 7, 1), 4, (4,)))
    words = section(page(replace(made_up_report.tiny(), cohorts=rows, every="quarter")), "retention")
    assert "Q2 2026 10 30 Q3 2026 4" in words
    assert "that quarter is not over" in words


def test_second_purchases_show_rate_interval_and_median_and_say_what_is_too_young():
    known = Within(90, 200, 62, 0.31, 0.2502, 0.3771, 23.0)
    month = Within(30, 200, 40, 0.2, 0.15, 0.26, 12.5)
    rows = (
        SecondPurchase(date(2026, 5, 1), 200, 70, (month, known)),
        SecondPurchase(date(2026, 9, 1), 90, 12, (Within(30, 90, 9, 0.1, 0.05, 0.18, 9.0),
                                                   Within(90, 4, 3, 0.75, 0.3, 0.95, 9.0))),
        SecondPurchase(date(2026, 10, 1), 41, 0, (Within(30, 0, 0, None, None, None, None), UNKNOWN)),
    )  # fmt: skip
    words = section(page(replace(made_up_report.tiny(), second=rows)), "second")
    assert "again within 30 days median in 90 d May 2026 200" in words
    rows = (rows[0], rows[2])
    words = section(page(replace(made_up_report.tiny(), second=rows)), "second")
    assert "again within 90 days median in 30 d May 2026 200 31\u00a0% 25–38 23\u00a0d 20\u00a0%" in words
    assert "Oct 2026 41 not yet known" in words


def test_the_opening_share_counts_everybody_watched_long_enough():
    rows = (
        SecondPurchase(date(2026, 5, 1), 200, 70, (Within(90, 200, 62, 0.31, 0.25, 0.38, 23.0),)),
        SecondPurchase(date(2026, 8, 1), 90, 12, (Within(90, 50, 3, 0.06, 0.02, 0.16, 9.0),)),
    )
    words = Page(page(replace(made_up_report.tiny(), second=rows))).text
    assert "26\u00a0% of first orders were followed by a second within 90 days." in words
    assert "250 customers seen for that long; 95\u00a0% interval 21–32\u00a0%" in words


def sentences(data: ReportData) -> str:
    return Page(re.search(r'<ul class="words">(.*?)</ul>', page(data), re.DOTALL).group(1)).text


OCTOBER = replace(
    made_up_report.tiny(),
    period=Period(date(2026, 10, 1), date(2026, 11, 1)),
    flows=(Flow("", "new", 30), Flow("new", "lapsed", 9), Flow("loyal", "lapsed", 6), Flow("lapsed", "active", 7)),
    stages=(StageCount("new", "", 30), StageCount("lapsed", "seasonal", 4), StageCount("inactive", "win_back", 3),
            StageCount("inactive", "do_not_contact", 1)),
)  # fmt: skip


def months(*overdue: int) -> tuple[Month, ...]:
    return tuple(Month(date(2026, 10 - len(overdue) + 1 + i, 1), n, 5, 30) for i, n in enumerate(overdue))


@pytest.mark.parametrize(
    ("before", "said"),
    [
        ((4, 8, 20, 3, 9, 11), "The 6 months before had 3 to 20. Nothing out of the ordinary."),
        ((4, 8, 14, 3, 9, 11), "The 6 months before had 3 to 14. More than in any of them."),
        ((40, 80, 20, 30, 90, 16), "The 6 months before had 16 to 90. Fewer than in any of them."),
    ],
)
def test_a_month_is_compared_with_the_months_before_it(before, said):
    words = sentences(replace(OCTOBER, months=months(*before, 15)))
    assert f"15 people became overdue in October; 6 of them had been loyal. {said}" in words


def test_too_few_months_are_not_compared():
    words = sentences(replace(OCTOBER, months=months(4, 8, 9, 3, 11, 15)))
    assert "The 5 months before" not in words
    assert "nobody was left alone for comparison" in words


def test_a_dot_asks_for_a_look_only_where_the_month_is_worse_than_all_before():
    def dots(data: ReportData) -> int:
        return re.search(r'<ul class="words">(.*?)</ul>', page(data), re.DOTALL).group(1).count('class="dot"')

    assert dots(replace(OCTOBER, months=months(4, 8, 20, 3, 9, 11, 15))) == 0
    assert dots(replace(OCTOBER, months=months(4, 8, 14, 3, 9, 11, 15))) == 1
    assert dots(replace(OCTOBER, due=DueSoon(3, 5, 0, ()))) == 0
    assert dots(replace(OCTOBER, due=DueSoon(3, 5, 1, ()))) == 1
    assert dots(replace(OCTOBER, missed_season=MissedSeason(4, date(2026, 11, 15)))) == 1
    assert dots(replace(OCTOBER, missed_season=MissedSeason(4, date(2026, 11, 16)))) == 0


def test_all_sentences_together():
    data = replace(OCTOBER, due=DueSoon(12, 20, 5, ()), missed_season=MissedSeason(4, date(2027, 2, 6)))
    assert sentences(data) == (
        "12 people will be overdue within seven days without an order; 5 of them loyal. "
        "15 people became overdue in October; 6 of them had been loyal. "
        "4 people missed their season. Write to them from 6 Feb 2027. "
        "7 came back in October. How many would have come anyway is unknown: nobody was left alone for comparison. "
        "30 ordered for the first time in October. "
        "3 people are inactive and may be won back; leave 1 other alone."
    )


def test_the_foot_names_policy_zone_rejects_and_rule(shop):
    words = Page(re.search(r"<footer.*?</footer>", page(shop), re.DOTALL).group()).text
    orders = sum(len(life.orders) for life in made_up_report.lives(400))
    assert words == (
        "How this was made As of 1 November 2026, Europe/Oslo; what happened before, nothing after "
        f"People {shop.customers:,} customers, {orders:,} orders that count "
        f"Read {orders + 31:,} rows; 31 rejected (no_customer 19, bad_time 12) "
        f"Files orders-2025.csv , orders-2026.csv Rule {shop.rule} Policy 4f2a91c07b3e Note {shop.notes[0]}"
    )


def test_an_as_of_inside_a_day_is_shown_with_its_time():
    words = Page(page(replace(made_up_report.tiny(), as_of=datetime(2026, 11, 1, 14, 5, tzinfo=UTC)))).text
    assert "As of 1 November 2026, 14:05" in words


def test_a_period_that_ends_before_the_as_of_day_is_told_apart():
    words = Page(page(replace(OCTOBER, as_of=datetime(2026, 11, 15, tzinfo=UTC)))).text
    assert (
        "Ribbons show who moved in October; a petal’s area is its number of people. Counts and river are those" in words
    )
