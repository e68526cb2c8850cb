"""Streams between stages, the fire of one life, and pictures in other tongues."""

import re
from datetime import date, timedelta
from itertools import pairwise
from math import isclose

from hypothesis import given, settings
from hypothesis import strategies as st
from test_draw import FLOWS, OCTOBER, PARTS, parsed

from tenure.draw import STAGES, Dot, Level, Mark, Piece, Tongue, alluvial, burned, burning, ring, river

STAYS = {(stage, stage): 500 for stage in STAGES}
STREAMS = st.lists(FLOWS, min_size=1, max_size=4)


@settings(deadline=None, max_examples=60)
@given(STREAMS)
def test_streams_are_well_formed_and_inside_their_box(flows):
    days = [date(2026, 7, 1) + timedelta(days=30 * i) for i in range(len(flows) + 1)]
    text = alluvial(days, flows)
    if not text:
        assert not any(n for one in flows for n in one.values())
        return
    parsed(text)
    assert "nan" not in text
    places = [float(found) for found in re.findall(r' y="(-?[\d.]+)"', text)]
    assert all(-1 <= place <= 400 for place in places)


def test_the_bars_of_streams_are_as_tall_as_their_numbers_and_stays_are_pale():
    text = alluvial([date(2026, 10, 1), date(2026, 11, 1)], [{**STAYS, ("loyal", "lapsed"): 250, ("", "new"): 500}])
    tall = {
        code: [float(one) for one in re.findall(rf'<rect class="(?:area|pat) {code}"[^>]* height="([\d.]+)"', text)]
        for code in ("lo", "la", "ne")
    }
    assert isclose(tall["lo"][0] / tall["lo"][1], 750 / 500, rel_tol=0.01)
    assert isclose(tall["la"][1] / tall["la"][0], 750 / 500, rel_tol=0.01)
    assert isclose(tall["ne"][1] / tall["ne"][0], 2, rel_tol=0.01)
    assert len(re.findall('class="wash', text)) == 6
    assert re.findall('class="rib hot"', text) == ['class="rib hot"']


@given(st.lists(st.floats(0, 4000), min_size=5, max_size=5), st.floats(0, 4000), st.floats(0, 4000))
def test_a_fire_only_burns_down_and_is_out_when_inactive(times, start, end):
    times = sorted(times)
    curve = burned(times, max(start, times[0]), end)
    assert all(a.at <= b.at and a.chance >= b.chance - 1e-9 for a, b in pairwise(curve))
    assert all(0 <= one.chance <= 1 for one in curve)
    assert all(one.chance == 0 for one in curve if one.at > times[-1])


def test_the_picture_of_a_life_is_well_formed_and_says_what_it_shows():
    curve = [*burned((0, 30, 60, 90, 120), 0, 80), *burned((80, 110, 140, 170, 200), 80, 220)]
    pieces = [Piece("new", "", 0, 60), Piece("lapsed", "short", 60, 80), Piece("active", "", 80, 150)]
    text = burning(
        pieces, curve, [Dot(0, 0.2), Dot(80, 1)], [Mark(60, "overdue <b>", "em"), Mark(110, "next", until=140)],
        start=0, end=220, now=150, title='The life of "A & B"',
    )  # fmt: skip
    root = parsed(text)
    assert root.get("aria-label") == 'The life of "A & B"'
    assert len(re.findall(r'<circle class="inkf"', text)) == 2
    assert "overdue &lt;b&gt;" in text
    assert "style=" not in text


def test_pictures_speak_the_tongue_they_are_given():
    shout = Tongue(said=lambda words, **values: words.format(**values).upper(), count=lambda n: f"~{n}")
    text = ring(PARTS, OCTOBER, tongue=shout)
    parsed(text)
    assert "FROM LOYAL TO LAPSED" in text
    assert "~268 FROM" in text
    days = [Level(date(2026, 1, 1) + timedelta(days=i), "loyal", "", 10 + i) for i in range(40)]
    assert "PEOPLE IN EACH STAGE" in river(days, tongue=shout)


def test_the_river_marks_the_day_and_veils_what_comes_after():
    days = [Level(date(2026, 1, 1) + timedelta(days=i), "loyal", "", 10 + i) for i in range(40)]
    assert "veil" not in river(days)
    text = river(days, on=date(2026, 1, 20))
    assert text.count('class="veil"') == text.count('class="hnd"') == 1
    assert ">20 Jan<" in text
