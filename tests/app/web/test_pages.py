"""What the pages say: the numbers of the tables behind them, names, days, and nothing that a spreadsheet would run."""

import csv
import io
import re
from datetime import date, timedelta

import pytest
from django.http import QueryDict
from django.test import Client
from django.urls import reverse
from made_up_shop import ZONE

from tenure.lifecycle.policy import DEFAULT, dumps
from tenure.lifecycle.trace import STAGES
from tenure.periods import date_of, day_number, day_of, start_of_day
from tenure_app.insight import moving
from tenure_app.ledger.models import PolicyVersion, Shop
from tenure_app.web import choosing, counting
from tenure_app.web.moment import Moment
from tenure_app.web.pages.customers import pieces_of, worth_a_call
from tenure_app.web.tables import safe_cell

DAY = date(2025, 12, 1)


def at(day=DAY):
    as_of = start_of_day(day_number(day), ZONE)
    return Moment(day, as_of, date(2025, 12, 10), None, ZONE, (("as_of", day.isoformat()),))


def text_of(answer):
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.content.decode())


@pytest.fixture
def reading(console):
    return console.opened(at())


def test_flows_of_a_period_add_up_to_the_change_in_counts(reading):
    period = counting.period_before(DAY, "month", ZONE)
    moved = counting.staged(moving.flows(reading, period.start_at, period.end_at))
    now = counting.totals(moving.counts(reading))
    before = dict(reading.codes_at(period.start_at).aggregate("code, count(*)").fetchall())
    for stage in now:
        came = sum(n for (a, b), n in moved.items() if b == stage and a != stage)
        left = sum(n for (a, b), n in moved.items() if a == stage and b != stage)
        stood = sum(n for code, n in before.items() if STAGES[code][0] == stage)
        assert now[stage] == stood + came - left


def test_the_river_ends_at_the_counts_of_the_picture(reading):
    levels = counting.levels(reading, DAY)
    last = {(one.stage, one.detail): one.customers for one in levels if one.day == DAY and one.customers}
    assert last == moving.counts(reading)


def test_the_ring_shows_the_pictures_numbers_and_each_leads_to_its_people(owner, reading):
    text = text_of(owner.get(reverse("ring"), {"as_of": DAY.isoformat()}))
    for stage, n in counting.totals(moving.counts(reading)).items():
        assert f"st-{stage}" in text
        assert f">{n:,}<" in text
        page = text_of(owner.get(reverse("customers"), {"as_of": DAY.isoformat(), "stage": stage}))
        assert f"{n:,} people" in page or f"{n:,} person" in page


@pytest.mark.parametrize("cell", ["new-active", "new-lapsed", "active-loyal", "lapsed-active"])
def test_the_people_behind_a_cell_are_as_many_as_it_says(reading, cell):
    a, b = cell.split("-")
    period = counting.period_before(DAY, "quarter", ZONE)
    n = counting.staged(moving.flows(reading, period.start_at, period.end_at)).get((a, b), 0)
    asked = QueryDict(f"moved_from={a}&moved_to={b}&begin={period.start}")
    assert choosing.people(reading, choosing.chosen(asked), at()).aggregate("count(*)").fetchall() == [(n,)]


@pytest.mark.parametrize("sort", sorted(set(choosing.SORTS) - set(choosing.FORESEEN)))
@pytest.mark.parametrize("turned", ["", "1"])
def test_paging_forth_and_back_meets_everybody_once(reading, sort, turned):
    choice = choosing.chosen(QueryDict(f"stage=lapsed&sort={sort}&turned={turned}"))
    place, forth = "", []
    while place is not None:
        page = choosing.first_page(reading, choice, at(), place, rows=40)
        assert page.before == sum(map(len, forth))
        forth.append([row["c"] for row in page.rows])
        place, back = page.following, page.preceding
    everybody = [c for page in forth for c in page]
    assert len(set(everybody)) == len(everybody) == page.total > 80
    found = [forth[-1]]
    while back is not None:
        page = choosing.first_page(reading, choice, at(), back, rows=40)
        found.insert(0, [row["c"] for row in page.rows])
        back = page.preceding
    assert [c for page in found for c in page] == everybody


@pytest.mark.parametrize("place", ["after:x:1:0", "after:1", "nonsense", "upto:1:2:-9", "after:9:9:9:9"])
def test_a_place_that_is_none_is_no_error(owner, place):
    assert owner.get(reverse("customers"), {"place": place}).status_code == 200


def test_people_are_found_by_name_address_and_number(owner, console):
    for words in ("dahl", "DAHL  =Å", "=åse <b", "ASE@exam", "17", "Customer 17"):
        assert "Dahl" in text_of(owner.get(reverse("customers"), {"q": words})), words
    assert "Nobody is called" in text_of(owner.get(reverse("customers"), {"q": "Nobodyknows"}))


def test_what_people_wrote_is_shown_and_not_obeyed(owner):
    text = text_of(owner.get(reverse("customer", args=[17])))
    assert "=Åse &lt;b&gt;&quot;of&quot; Dahl" in text
    assert '<b>"of' not in text


def test_the_file_holds_everybody_asked_for_and_no_formula(owner, reading):
    answer = owner.get(reverse("customers-file"), {"as_of": DAY.isoformat(), "stage": "loyal"})
    assert answer.streaming
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
    assert len(rows) == counting.totals(moving.counts(reading))["loyal"]
    assert {row["stage"] for row in rows} == {"loyal"}
    everybody = owner.get(reverse("customers-file"), {"as_of": DAY.isoformat()})
    names = [
        row["name"] for row in csv.DictReader(io.StringIO(b"".join(everybody.streaming_content).decode("utf-8-sig")))
    ]
    assert '\'=Åse <b>"of" Dahl' in names
    assert not [name for name in names if name.startswith(("=", "+", "-", "@", "\t"))]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@A1", "\tx", "\rx", "＝1"])
def test_a_cell_that_a_spreadsheet_would_run_is_quoted(text):
    assert safe_cell(text) == f"'{text}"
    assert [safe_cell(one) for one in ("a=1", -5, None)] == ["a=1", -5, ""]


def test_every_link_keeps_the_day_and_what_was_known(owner):
    words = {"as_of": "2025-06-03", "known_at": "2025-11-02"}
    pages = ("ring", "customers", "flows", "cohorts", "worth", "discounts", "policy")
    for name in pages:
        text = text_of(owner.get(reverse(name), words))
        assert "As known on 2 November 2025" in text
        for there in pages:
            assert f'href="{reverse(there)}?as_of=2025-06-03&amp;known_at=2025-11-02"' in text, (name, there)


def test_the_pinned_clock_is_said(owner):
    assert "The clock stands still</b> on 10 December 2025" in text_of(owner.get(reverse("ring")))


def test_a_day_that_is_none_is_refused_in_the_pages_style(owner):
    answer = owner.get(reverse("ring"), {"as_of": "yesterday"})
    assert answer.status_code == 400
    assert "bad_day" in answer.content.decode()


def test_before_the_first_fact_there_is_a_next_step(owner):
    text = text_of(owner.get(reverse("ring"), {"as_of": "2001-01-01"}))
    assert "Nobody is here yet" in text
    assert reverse("imports") in text


def test_the_river_leads_to_a_day(owner, console):
    answer = owner.get(reverse("ring"), {"day": "100", "every": "week"})
    assert answer.status_code == 302
    assert re.search(r"as_of=2023-06-\d\d&every=week", answer["Location"])


def test_the_preview_counts_as_many_as_stand_elsewhere_after_saving(owner, console):
    other = dumps(DEFAULT).replace("lists every key.", "lists every key.\n[stages]\nloyal_from = 4\n")
    answer = owner.post(reverse("policy-preview"), {"toml": other, "meant": "text"}, follow=True)
    said = re.search(r"<h1>([\d,]+) (?:people|person) would stand elsewhere", answer.content.decode())
    readings = [console.opened(at(date(2025, 12, 10)), policy) for policy in (console.policy, _policy(other))]
    first, second = (dict(one.table("people").select("c", "code").fetchall()) for one in readings)
    # the page compares with the rule in force, which the made-up shop hands out for every reading without a policy
    assert int(said[1].replace(",", "")) == sum(first[c] != second[c] for c in first)
    assert owner.post(reverse("policy-save"), {"toml": other, "note": "later"}).status_code == 302
    assert PolicyVersion.objects.first().note == "later"
    assert "saved" in text_of(owner.get(reverse("policy")))


def _policy(toml):
    from tenure_app.web.rules import policy_of

    return policy_of(toml)


def test_a_policy_that_breaks_a_rule_is_refused_with_its_words(owner):
    answer = owner.post(reverse("policy-preview"), {"toml": "[stages]\nloyal_from = 1\n", "meant": "text"})
    assert answer.status_code == 400
    assert "loyal_from" in answer.content.decode()


def test_the_shops_settings_are_saved_or_refused(owner):
    form = {"name": "Boots", "zone": "Europe/Berlin", "currency": "nok", "fiscal_year_month": 7}
    assert owner.post(reverse("settings-shop"), form).status_code == 302
    assert Shop.objects.get().currency == "NOK"
    for wrong in ({"zone": "Europe/Atlantis"}, {"margin": "101"}, {"margin": "0"}, {"discount_rate": "-1"}):
        assert owner.post(reverse("settings-shop"), form | wrong).status_code == 400
    assert Shop.objects.get().zone == "Europe/Berlin"


def test_the_margin_is_said_in_per_cent_and_unknown_again_where_nothing_is_said(owner):
    form = {"name": "Boots", "zone": "Europe/Berlin", "currency": "EUR", "fiscal_year_month": 1}
    assert owner.post(reverse("settings-shop"), form | {"margin": "37.5", "discount_rate": "8"}).status_code == 302
    shop = Shop.objects.get()
    assert (shop.margin, shop.discount_rate) == (0.375, 0.08)
    assert 'name="margin" type="number" inputmode="decimal" min="0.01" max="100" step="any" value="37.5"' in text_of(
        owner.get(reverse("settings"))
    )
    assert owner.post(reverse("settings-shop"), form).status_code == 302
    shop.refresh_from_db()
    assert (shop.margin, shop.discount_rate) == (None, 0.08)


def test_colours_and_language_are_kept_by_the_browser(owner):
    owner.post(reverse("theme"), {"theme": "dark", "next": "/policy/"})
    assert 'data-theme="dark"' in text_of(owner.get(reverse("policy")))
    owner.post(reverse("language"), {"language": "de"})
    assert "Die geltende Regel" in text_of(owner.get(reverse("policy")))


def test_missing_and_failed_pages_are_in_the_consoles_style(owner, client_of, monkeypatch):
    answer = owner.get("/nowhere/")
    assert (answer.status_code, "There is nothing here" in answer.content.decode()) == (404, True)
    from tenure_app.web.pages import ring

    def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(ring, "opened", broken)
    client = Client(raise_request_exception=False, SERVER_NAME="localhost")
    client.force_login(owner.get("/policy/").wsgi_request.user)
    failed = client.get("/")
    assert (failed.status_code, "Your data is safe" in failed.content.decode()) == (500, True)


def test_while_the_picture_is_computed_the_page_asks_again(owner, monkeypatch):
    from tenure_app.insight.reading import NotReady
    from tenure_app.web.pages import ring

    def computing(*_):
        raise NotReady(why="the disk is full")

    monkeypatch.setattr(ring, "opened", computing)
    text = text_of(owner.get(reverse("ring")))
    assert 'aria-busy="true"' in text
    assert "Reading the lives as of" in text
    assert "the disk is full" in text
    assert 'hx-trigger="load delay:1s"' in text


def test_an_ember_is_somebody_loyal_who_became_overdue_lately_and_there_are_at_most_five(owner, console):
    turns = "SELECT b.from_at FROM kept_history a JOIN kept_history b ON b.c = a.c AND b.from_at = a.to_at"
    ((begun,),) = console.connection.execute(
        f"{turns} WHERE a.code = 3 AND b.code = 4 ORDER BY 1 DESC LIMIT 1"
    ).fetchall()
    day = date_of(day_of(begun, ZONE)) + timedelta(days=3)
    reading = console.opened(at(day))

    def shown(**asked):
        text = text_of(owner.get(reverse("customers"), {"as_of": day.isoformat(), **asked}))
        lines = [one for one in re.split(r"<tr\b", text) if '<a class="who"' in one]
        found = {int(re.search(r"/customers/(\d+)/", one)[1]): 'class="ember"' in one for one in lines}
        return set(found), {c for c, hot in found.items() if hot}

    begin = (day - timedelta(days=14)).isoformat()
    late, marked = shown(moved_from="loyal", moved_to="lapsed", begin=begin)
    assert 0 < len(marked) == min(5, len(late))
    lives = pieces_of(reading, sorted(late))
    assert all(worth_a_call(lives[c], at(day)) for c in late)
    assert not any(worth_a_call(lives[c][:-1], at(day)) for c in late)
    # merely late, or about to be
    others = (
        {"stage": "loyal", "overdue": 30},
        {"stage": "inactive"},
        {"moved_to": "lapsed", "moved_from": "new", "begin": begin},
    )
    assert [shown(**asked)[1] for asked in others] == [set()] * 3
