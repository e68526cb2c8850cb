"""The worker: what is due is done, what is asked for is computed anew, everybody is brought up to a generation."""

import json
from threading import Event as Flag

import pytest
from django.conf import settings
from facts import a_run, now, order, take
from living import picture_of, standings

from tenure.lifecycle.policy import DEFAULT
from tenure_app.ledger.actions import save_policy
from tenure_app.ledger.models import Event, EventBody
from tenure_app.listen.models import Opportunity
from tenure_app.live import progress
from tenure_app.live.work import work

DAY = 86_400_000_000
START = 1_700_000_000_000_000  # in the middle of November 2023


def moves():
    rows = Event.objects.filter(kind="stage.changed").order_by("id")
    bodies = dict(EventBody.objects.values_list("event_id", "body"))
    return [(one.person_id, json.loads(bodies[one.pk])) for one in rows]


def worked(at):
    work(now=lambda: at, running=now, stop=Flag(), once=True)
    return progress.read(settings.TENURE_DATA)


@pytest.mark.usefixtures("ledger")
def test_an_import_fills_everybodys_standing_and_a_policy_moves_them():
    run = a_run(ended_at=START)
    take([order(f"o{n}", customer=n % 30, at=START - (n * 7 % 300) * DAY) for n in range(200)], run=run)
    at = START + DAY
    said = worked(at)
    assert (said.state, said.baseline, said.rebuilding, said.of) == ("done", False, "", 30)
    assert standings() == picture_of(at)
    assert moves() == []
    assert Opportunity.objects.filter(ended_at=None).count() == 30
    save_policy(DEFAULT.__class__(loyal_from=9), note="", by="", now=at)
    at += DAY
    before = standings()
    said = worked(at)
    assert said.policy == DEFAULT.__class__(loyal_from=9).hash
    assert standings() == picture_of(at)
    other = {person for person, row in standings().items() if row[:2] != before[person][:2]}
    told = moves()
    assert {person for person, said in told if said["cause"] == "policy"} <= other
    assert len(told) >= 5
    worked(at)
    assert moves() == told
