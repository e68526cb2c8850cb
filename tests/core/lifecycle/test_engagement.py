"""How far on prospects are: by a table of cases, by a slow plain oracle, and as rules that are read from text."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure.errors import BadPolicy
from tenure.lifecycle.engagement import DEFAULT, PLACES, Rule, Rules, dumps, engaged, loads
from tenure.periods import DAY_US

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "engagement.md"
SHORT = Rules(
    Rule(("page.viewed",), within_days=9),
    Rule(("product.viewed", "products.searched"), at_least=2, within_days=3),
    Rule(("cart.updated",), within_days=2),
)
KINDS = ("page.viewed", "product.viewed", "products.searched", "cart.updated", "message.opened")


def oracle(people, events, as_of, rules):
    """The definition, read aloud: every instant at which anything can change is looked at, one after the other."""
    out = {}
    for person, known_at in people:
        if known_at >= as_of:
            continue
        theirs = [(at, n, kind) for n, (whose, kind, at) in enumerate(events) if whose == person and at < as_of]

        def counting(place, instant, theirs=theirs):
            kinds = {kind for further in PLACES[place:] for kind in getattr(rules, further).kinds}
            days = getattr(rules, PLACES[place]).within_days * DAY_US
            return sorted((at, n) for at, n, kind in theirs if kind in kinds and at <= instant < at + days)

        def stands(instant, counting=counting):
            for place in (2, 1):
                if len(counting(place, instant)) >= getattr(rules, PLACES[place]).at_least:
                    return place
            return 0

        last = as_of - 1
        place, since = stands(last), known_at
        changes = {at for at, _, _ in theirs}
        changes |= {at + getattr(rules, name).within_days * DAY_US for at, _, _ in theirs for name in PLACES[1:]}
        for one in sorted((one for one in changes if one <= last), reverse=True):
            if stands(one - 1) != place:
                since = max(known_at, one) if place == 0 else one
                break
        evidence = [n for _, n in counting(place, last)]
        out[person] = (PLACES[place], since, evidence)
    return out


def found(people, events, as_of, rules):
    got = engaged(
        [one for one, _ in people], [at for _, at in people], c=[one for one, _, _ in events],
        kind=[kind for _, kind, _ in events], at=[at for _, _, at in events], as_of=as_of, rules=rules,
    )  # fmt: skip
    return {
        int(person): (PLACES[got.place[i]], int(got.since_at[i]), got.evidence(i).tolist())
        for i, person in enumerate(got.person)
    }


CASES = [
    ("known, nothing seen", [], 10, ("awareness", 0, [])),
    ("looked at a page", [("page.viewed", 2)], 10, ("awareness", 0, [0])),
    ("long ago, so nothing is told", [("page.viewed", 2)], 11.1, ("awareness", 0, [])),
    ("one search is not enough", [("products.searched", 8)], 10, ("awareness", 0, [0])),
    ("two are", [("products.searched", 8), ("product.viewed", 9)], 10, ("consideration", 9, [0, 1])),
    ("but not when they lie apart", [("products.searched", 5), ("product.viewed", 9)], 10, ("awareness", 0, [0, 1])),
    ("a cart decides", [("cart.updated", 9)], 10, ("decision", 9, [0])),
    ("a cart counts as considering, too", [("cart.updated", 7), ("product.viewed", 9.5)], 9.9,
     ("consideration", 9.5, [0, 1])),
    ("after the cart grew old they consider", [("product.viewed", 7), ("cart.updated", 7.5)], 9.8,
     ("consideration", 9.5, [0, 1])),
    ("up to the last instant before", [("product.viewed", 7), ("cart.updated", 7.5)], 10,
     ("consideration", 9.5, [0, 1])),
    ("and they are aware since the older of the two grew old", [("product.viewed", 7), ("cart.updated", 7.5)], 10.1,
     ("awareness", 10, [0, 1])),
    ("what goes on and on began at the first", [("cart.updated", 5), ("cart.updated", 7), ("cart.updated", 8)], 9,
     ("decision", 5, [1, 2])),
    ("an order of kinds that nothing counts", [("message.opened", 9)], 10, ("awareness", 0, [])),
    ("what happens at the instant itself is not known yet", [("cart.updated", 10)], 10, ("awareness", 0, [])),
]  # fmt: skip


@pytest.mark.parametrize(("events", "as_of", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_case_is_as_it_is_written(events, as_of, expected):
    people, rows = [(1, 0)], [(1, kind, round(day * DAY_US)) for kind, day in events]
    place, since, evidence = expected
    told = found(people, rows, round(as_of * DAY_US), SHORT)[1]
    assert told == (place, round(since * DAY_US), evidence)


people_of = st.lists(st.tuples(st.integers(1, 6), st.integers(0, 8 * DAY_US)), unique_by=lambda one: one[0], max_size=5)
instants = st.one_of(
    st.integers(0, 12 * DAY_US), st.integers(0, 24).map(lambda n: n * DAY_US // 2),
    st.integers(0, 24).map(lambda n: n * DAY_US // 2 + 1),
)  # fmt: skip
events_of = st.lists(st.tuples(st.integers(1, 7), st.sampled_from(KINDS), instants), max_size=14)
rules_of = st.builds(
    lambda n, m, a, b, c: Rules(
        replace(SHORT.awareness, within_days=a), replace(SHORT.consideration, at_least=n, within_days=b),
        replace(SHORT.decision, at_least=m, within_days=c),
    ),
    st.integers(1, 3), st.integers(1, 3), st.integers(1, 9), st.integers(1, 4), st.integers(1, 4),
)  # fmt: skip


@given(people_of, events_of, instants, rules_of)
def test_the_columns_say_what_the_plain_reading_says(people, events, as_of, rules):
    assert found(people, events, as_of, rules) == oracle(people, events, as_of, rules)


@given(people_of, events_of, events_of, instants, rules_of)
def test_what_happens_later_changes_nothing(people, events, later, as_of, rules):
    then = [(whose, kind, as_of + at) for whose, kind, at in later]
    assert found(people, events + then, as_of, rules) == found(people, events, as_of, rules)


@given(people_of, events_of, instants, rules_of, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(people, events, as_of, rules, dice):
    places = list(range(len(events)))
    dice.shuffle(places)
    turned = found(people[::-1], [events[n] for n in places], as_of, rules)
    assert {
        who: (place, since, sorted(places[n] for n in evidence)) for who, (place, since, evidence) in turned.items()
    } == {who: (place, since, sorted(evidence)) for who, (place, since, evidence) in found(
        people, events, as_of, rules
    ).items()}  # fmt: skip


@given(people_of, events_of, instants, rules_of)
def test_without_evidence_nobody_is_further_than_aware(people, events, as_of, rules):
    for place, _, evidence in found(people, events, as_of, rules).values():
        assert place == "awareness" or evidence


def test_another_name_of_a_stage_changes_nothing_but_its_name():
    events = [(1, "products.searched", 8 * DAY_US), (1, "product.viewed", 9 * DAY_US)]
    named = replace(SHORT, consideration=replace(SHORT.consideration, label="Vergleichen"))
    assert found([(1, 0)], events, 10 * DAY_US, named) == found([(1, 0)], events, 10 * DAY_US, SHORT)
    assert loads(dumps(named)) == named


def test_rules_are_read_as_they_are_written():
    assert loads("") == DEFAULT
    assert loads(dumps(DEFAULT)) == DEFAULT
    kinds = '["cart.updated", "cart.updated"]'
    said = loads(f'[decision]\nkinds = {kinds}\nat_least = 3\nlabel = "Ready \\"to\\" buy \\\\"\n')
    assert said.decision == Rule(("cart.updated",), 3, 14, 'Ready "to" buy \\')
    assert said.awareness == DEFAULT.awareness
    assert loads(dumps(said)) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[", "not TOML"),
        ("[loyal]", "'loyal': no such table"),
        ("decision = 3", "decision: must be a table"),
        ("[decision]\nkind = 3", r"\[decision\] 'kind': no such key"),
        ("[decision]\nkinds = []", r"\[decision\] kinds: must be a list"),
        ('[decision]\nkinds = "cart.updated"', r"\[decision\] kinds: must be a list"),
        ('[decision]\nkinds = ["cart.stolen"]', "'cart.stolen' is no kind of event"),
        ("[decision]\nat_least = 0", "at_least = 0: must be a whole number from 1"),
        ("[decision]\nat_least = true", "at_least = True: must be a whole number"),
        ("[decision]\nwithin_days = 1.5", "within_days = 1.5: must be a whole number"),
        ("[decision]\nwithin_days = 99999", "from 1 to 3,650"),
        ('[decision]\nlabel = "a\\nb"', "label: must be text"),
        ("[awareness]\nat_least = 2", "everybody who is known is at least aware"),
    ],
)
def test_rules_that_cannot_be_are_refused_by_name(text, said):
    with pytest.raises(BadPolicy, match=said):
        loads(text)


def test_the_page_shows_the_usual_rules_to_the_letter():
    assert f"```toml\n{dumps(DEFAULT)}```" in PAGE.read_text(encoding="utf-8")
