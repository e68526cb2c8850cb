"""What senders were promised, against what the ledger holds in the end."""

import contextlib
import re
from collections import Counter

from django.db.models import F
from living import picture_of, standings, up_to_date
from served import messages, until

from tenure_app import clock
from tenure_app.ledger.models import Event, Person
from tenure_app.listen.models import Opportunity, Quarantined
from tenure_app.live.models import Standing
from tenure_app.refused import Refused

NUMBER = re.compile(r'"messageId": ?"([^"]+)"')


def nothing_was_lost_or_done_twice(served, senders, *, judged=True):
    """What was promised against what the ledger holds; `judged`: and where everybody stands."""
    served.drained()
    orders = {}
    for one in senders.plain:
        assert one.answered, "it was never answered"
        orders |= one.orders
    promised = {"plain": [number for one in senders.plain for number in one.answered]}
    for one in senders.libraries:
        assert one.given_up == [], one.given_up[:2]
        promised[one.name] = one.ids
    for name, numbers in promised.items():
        found = [key for key, _ in messages(name)]
        assert [key for key, n in Counter(found).items() if n > 1] == []
        assert len(numbers) == len(set(numbers))
        assert set(found) == set(numbers), (len(found), len(numbers))
    placed = Event.objects.filter(source__name="plain", kind="order.placed").values_list("order_key", "amount_minor")
    assert sorted(placed) == sorted(orders.items())
    assert not Event.objects.filter(kind="order.corrected").exists()
    aside(senders)
    if judged:
        alike()


def aside(senders):
    """What could not be put on the timeline is kept, each once."""
    wanted = {number for one in senders.plain for number in one.bad}
    kept = Counter(NUMBER.search(said)[1] for (said,) in Quarantined.objects.values_list("said"))
    assert set(kept) == wanted
    assert [number for number, n in kept.items() if n > 1] == []


def alike():
    """Everybody stands where everybody computed anew would stand, and is on the way to one next purchase.

    What came long after it happened changed the population by which all are judged: that is known from the next
    refresh on, to which the worker brings everybody up.
    """
    until(brought_up, "a refresh comes to its turn")
    fresh = picture_of(clock.now())
    assert len(fresh) == Person.objects.filter(root=None, anonymous=False).count()
    with contextlib.suppress(AssertionError):
        until(lambda: standings() == fresh, "the worker brings all standings up", 20)
    assert standings() == fresh
    ways = Opportunity.objects.filter(ended_at=None).values_list("person_id", "cycle")
    assert sorted(ways) == sorted(Standing.objects.annotate(cycle=F("occasions") + 1).values_list("person_id", "cycle"))


def brought_up():
    """One refresh at a time: the worker may be at it."""
    try:
        up_to_date(clock.now())
    except Refused:
        return False
    return True
