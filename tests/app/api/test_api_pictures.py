"""Pictures over the API are those of the console: who stands where, who moved, what is expected."""

import importlib
from collections import Counter

import pytest

from tenure.periods import format_instant, parse_instant
from tenure_app import background
from tenure_app.insight.forecasts import foreseen_by
from tenure_app.insight.opening import opened

ZONE = "Europe/Oslo"
DAY = "2024-03-01"


@pytest.fixture
def at_once(monkeypatch):
    """What a process of its own would work out is worked out here, before the answer; gives its modules."""
    begun = []

    def begin(words, log, module="tenure"):
        begun.append(module)
        importlib.import_module(module).main(words)
        return 4_194_305

    monkeypatch.setattr(background, "begin", begin)
    return begun


def reading(day=DAY):
    return opened(parse_instant(day, ZONE), zone=ZONE)


def test_stages_count_everybody_of_the_day(asking):
    said = asking.get("/stages", {"as_of": DAY}).json
    rows = reading().table("people").aggregate("stage, detail, count(*)").fetchall()
    assert {(one["stage"], one["detail"]): one["customers"] for one in said["stages"]} == {
        (stage, detail): n for stage, detail, n in rows
    }
    assert said["customers"] == 50
    assert said["as_of"] == format_instant(parse_instant(DAY, ZONE))
    assert said["read_at"] == "1970-01-01T00:00:00.000002Z"


def test_who_stood_where_comes_page_by_page(asking):
    whole = asking.all("/stages/customers", as_of=DAY, limit=7)
    assert [one["customer"] for one in whole] == sorted(c for (c,) in reading().table("people").select("c").fetchall())
    counted = Counter((one["stage"], one["detail"]) for one in whole)
    for (stage, detail), n in counted.items():
        asked = {"stage": stage} | ({"detail": detail} if detail else {})
        assert len(asking.all("/stages/customers", as_of=DAY, limit=3, **asked)) == n
    assert asking.all("/stages/customers", as_of=DAY, stage="new", detail="short") == []


def test_a_cursor_of_one_day_is_none_of_another(asking):
    mine = asking.get("/stages/customers", {"as_of": DAY, "limit": 3}).json["next"]
    other = asking.get("/stages/customers", {"as_of": "2024-04-01", "limit": 3, "cursor": mine})
    assert other.json["code"] == "bad_cursor"


def test_flows_add_up_to_the_stages_of_both_days(asking):
    begins, ends = "2024-03-01", "2024-06-01"
    said = asking.get("/flows", {"begins": begins, "ends": ends}).json
    before, after = (asking.get("/stages", {"as_of": day}).json["stages"] for day in (begins, ends))
    out, into = Counter(), Counter()
    for one in said["flows"]:
        if one["from_stage"] is not None:
            out[one["from_stage"], one["from_detail"]] += one["customers"]
        into[one["to_stage"], one["to_detail"]] += one["customers"]
    assert out == {(one["stage"], one["detail"]): one["customers"] for one in before}
    assert into == {(one["stage"], one["detail"]): one["customers"] for one in after}
    assert asking.get("/flows", {"begins": ends, "ends": begins}).json["code"] == "bad_time"


def test_a_picture_of_before_anybody_was_known_is_not_there(asking):
    for where in ("/stages", "/flows", "/stages/customers"):
        answer = asking.get(where, {"ends" if where == "/flows" else "as_of": "2001-01-01"})
        assert (answer.status, answer.json["code"]) == (404, "nothing_yet")


def test_as_known_at_another_time_is_computed_first(asking):
    answer = asking.get("/stages", {"as_of": DAY, "known_at": "2024-01-01"})
    assert (answer.status, answer.json["code"], answer.headers["Retry-After"]) == (503, "not_ready", "1")


def test_predictions_are_those_of_the_worth_page(asking, at_once):
    first = asking.get("/predictions", {"as_of": DAY})
    assert (first.status, first.json["code"]) == (503, "not_ready")
    assert at_once == ["tenure_app.insight.foreseeing"]
    said = asking.get("/predictions", {"as_of": DAY}).json
    found = foreseen_by(reading(), 90)
    assert (said["n"], said["days"], said["model"]) == (found.n, 90, found.model)
    assert said["expected_orders_low"] <= said["expected_orders"] == found.orders <= said["expected_orders_high"]
    assert (said["currency"], said["expected_value"]) == ("EUR", found.value)
    people = asking.all("/predictions/customers", as_of=DAY, limit=7)
    assert len(people) == said["n"] == asking.get("/predictions/customers", {"as_of": DAY}).json["n"]
    assert sum(one["expected_orders"] for one in people) == pytest.approx(said["expected_orders"], rel=1e-4)
    assert asking.get("/predictions", {"days": 91}).json["code"] == "bad_days"


def test_another_rule_is_tried_before_it_is_put_in_force(asking):
    toml = '[rhythm]\nkind = "window"\ndays = [30, 60, 120]\n'
    waits = asking.post("/policies/preview", {"toml": toml})
    assert (waits.status, waits.json["code"]) == (503, "not_ready")
    same = asking.post(f"/policies/preview?as_of={DAY}", {"toml": ""})
    assert (same.json["customers"], same.json["changed"], same.json["moves"]) == (50, 0, [])
    from django.conf import settings

    from tenure.lifecycle.policy import DEFAULT
    from tenure_app.insight.refresh import refresh
    from tenure_app.ledger.policies import of_text

    refresh(settings.TENURE_DATA / "mirror", of_text(toml), zone=ZONE, now=3, keep=DEFAULT, progress=lambda *_: None)
    said = asking.post(f"/policies/preview?as_of={DAY}", {"toml": toml}).json
    assert said["changed"] == sum(one["customers"] for one in said["moves"]) > 0
    wrong = asking.post("/policies/preview", {"toml": "[rhythm]\nkind = 'guess'"})
    assert (wrong.status, wrong.json["code"]) == (422, "invalid_input")
    assert "kind" in wrong.json["detail"]


def test_a_rule_is_put_in_force_and_listed(asking):
    toml = '[rhythm]\nkind = "window"\ndays = [30, 60, 120]\n'
    saved = asking.post("/policies", {"toml": toml, "note": "shorter"})
    assert (saved.status, saved.json["by"], saved.json["in_force"]) == (201, "key a program", True)
    again = asking.post("/policies", {"toml": toml})
    assert (again.status, again.json["code"]) == (409, "same_policy")
    other = asking.post("/policies", {"toml": toml.replace("30", "31")}).json
    listed = asking.all("/policies", limit=1)
    assert [(one["number"], one["in_force"]) for one in listed] == [
        (other["number"], True), (saved.json["number"], False)
    ]
    assert asking.get(f"/policies/{saved.json['number']}").json["note"] == "shorter"
    assert asking.get("/policies/999").json["code"] == "no_such_policy"
