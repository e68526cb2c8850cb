"""Curves that grow day by day, and shares of a whole."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_draw import numbers, parsed

from tenure.draw import Curve, Tongue, curves, part

GROWING = st.lists(st.floats(0, 1), min_size=2, max_size=366).map(sorted)


@given(GROWING, GROWING)
def test_curves_are_well_formed_and_inside_their_box(one, other):
    text = curves([Curve("full price", one), Curve("discount", other)], title="Who came back")
    root = parsed(text)
    assert "nan" not in text
    inner = next(each for each in root.iter() if each.get("preserveAspectRatio"))
    for path in inner:
        assert all(-1e-6 <= value <= 1000 for value in numbers(f' d="{path.get("d")}"'))
    high = float(root.get("height"))
    assert all(0 <= float(value) <= high for value in re.findall(r' y[12]?="([\d.]+)"', text))


def test_two_lines_are_apart_without_colour_and_named():
    text = curves([Curve("full <price>", [0, 0.2, 0.4]), Curve("discount", [0, 0.1, 0.3])], title='"Who" came back')
    root = parsed(text)
    assert root.get("aria-label") == '"Who" came back'
    assert re.findall(r'class="line ([a-z ]+)"', text) == ["lo", "ne dash"] * 2
    assert "full &lt;price&gt;" in text
    assert "style=" not in text


def test_a_line_of_steps_ends_at_its_share_of_the_grid():
    text = curves([Curve("one", [0, 0.25, 0.5])], title="x")
    path = re.search(r'vector-effect="non-scaling-stroke" d="([^"]+)"', text)[1]
    assert path == "M0 210.00H500.00V105.00H1000.00V0.00"
    assert [label.replace("\u00a0", " ") for label in re.findall(r">([\d.]+\u00a0%)<", text)] == [
        "10 %", "20 %", "30 %", "40 %", "50 %"
    ]  # fmt: skip


@pytest.mark.parametrize(("days", "last"), [(14, 14), (30, 28), (60, 60), (90, 90), (180, 180), (365, 360), (1, 1)])
def test_the_axis_has_a_few_days_and_names_the_last(days, last):
    words = re.findall(r'text-anchor="\w+">([^<]+)<', curves([Curve("one", [0.1] * (days + 1))], title="x"))
    assert words[-1] == f"{last} days"
    assert 2 <= len(words) <= 8


def test_shares_of_nothing_and_of_everything_are_drawn():
    for share in (0.0, 1.0):
        text = curves([Curve("one", [share, share])], title="x", tongue=Tongue(count=lambda n: f"~{n}"))
        parsed(text)
        assert "~1 days" in text


def test_a_single_day_is_no_curve():
    assert curves([Curve("one", [0.4])], title="x") == ""
    assert curves([], title="x") == ""


def test_a_part_is_in_per_cent_of_the_whole_with_a_line_to_compare_with():
    text = part("active", 0.71, 0.65)
    parsed(text)
    assert re.findall(r'width="([\d.]+%)" height="11"', text) == ["100%", "71.00%"]
    assert 'x1="65.00%"' in text
    assert 'width="100.00%"' in part("active", 1.4, 0.65)
