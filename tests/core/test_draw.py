"""The pictures' geometry: areas tell numbers, slots do not overlap, nothing leaves its box."""

import re
from datetime import date, timedelta
from itertools import pairwise, product
from math import isclose, radians
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure.draw import (
    CODES,
    DETAILS,
    STAGES,
    STYLE,
    Band,
    Ember,
    Level,
    Piece,
    bar,
    columns,
    esc,
    flame,
    life_line,
    mark,
    paint,
    petals,
    ribbons,
    ring,
    river,
    sprite,
    stack,
    tint,
)  # fmt: skip
from tenure.draw.ring import HOLE, INNER, RIM
from tenure.draw.words import change, day_of, many, ordinal, percent, range_of, span_of

OCTOBER = {
    ("prospect", "new"): 298, ("prospect", "inactive"): 14, ("new", "active"): 187, ("new", "lapsed"): 203,
    ("active", "loyal"): 164, ("active", "lapsed"): 141, ("loyal", "lapsed"): 268, ("loyal", "inactive"): 9,
    ("lapsed", "active"): 72, ("lapsed", "loyal"): 196, ("lapsed", "inactive"): 157,
    ("inactive", "active"): 19, ("inactive", "loyal"): 22,
}  # fmt: skip
PARTS = [
    ("prospect", "", 5912), ("new", "", 2104), ("active", "", 1986), ("loyal", "", 3871), ("lapsed", "short", 1412),
    ("lapsed", "long", 986), ("lapsed", "seasonal", 842), ("inactive", "win_back", 1963),
    ("inactive", "do_not_contact", 924),
]  # fmt: skip
FLOWS = st.dictionaries(
    st.sampled_from([(a, b) for a, b in product(("", *STAGES), STAGES)]), st.integers(0, 10**7), max_size=36
)
COUNTS = st.lists(
    st.tuples(st.sampled_from([(s, d) for s in STAGES for d in DETAILS.get(s, ("",))]), st.integers(0, 10**7)),
    max_size=9, unique_by=lambda row: row[0],
).map(lambda rows: [(stage, detail, n) for (stage, detail), n in rows])  # fmt: skip


def parsed(text: str) -> ET.Element:
    return ET.fromstring(text)


def numbers(text: str) -> list[float]:
    return [float(found) for path in re.findall(r' d="([^"]+)"', text) for found in re.findall(r"-?\d+\.?\d*", path)]


def area(petal) -> float:
    return radians(petal.high - petal.low) * (petal.outer**2 - INNER**2) / 2


@settings(deadline=None)
@given(COUNTS)
def test_petal_areas_are_in_proportion_to_their_numbers(parts):
    found = petals(parts)
    assert sorted((p.stage, p.detail, p.customers) for p in found) == sorted(part for part in parts if part[2])
    for a, b in pairwise(found):
        assert isclose(area(a) * b.customers, area(b) * a.customers, rel_tol=1e-6)


def test_the_parts_of_a_stage_fill_its_sixty_degrees_without_overlap():
    lapsed = [petal for petal in petals(PARTS) if petal.stage == "lapsed"]
    assert [petal.detail for petal in lapsed] == ["short", "long", "seasonal"]
    assert isclose(lapsed[0].high, 147.25)
    assert isclose(lapsed[-1].low, 92.75)
    assert all(isclose(a.low, b.high) for a, b in pairwise(lapsed))


@settings(deadline=None)
@given(FLOWS)
def test_slots_on_the_rim_never_overlap_and_stay_on_their_stage(flows):
    slots: dict[str, list[tuple[float, float]]] = {stage: [] for stage in STAGES}
    for ribbon in ribbons(flows):
        slots[ribbon.flow[0]].append(ribbon.leaves)
        slots[ribbon.flow[1]].append(ribbon.reaches)
    for i, stage in enumerate(STAGES):
        taken = sorted(slots[stage])
        assert all(a[1] <= b[0] + 1e-9 for a, b in pairwise(taken))
        assert all(-150 + 60 * i + 2.75 <= low <= high <= -150 + 60 * (i + 1) - 2.75 for low, high in taken)


@settings(deadline=None)
@given(FLOWS)
def test_every_move_has_one_ribbon_as_wide_as_its_number_and_outside_the_middle(flows):
    found = {ribbon.flow: ribbon for ribbon in ribbons(flows)}
    moves = {flow: n for flow, n in flows.items() if n and flow[0] and flow[0] != flow[1]}
    assert {flow: ribbon.customers for flow, ribbon in found.items()} == moves
    per_person = {(r.leaves[1] - r.leaves[0]) / r.customers for r in found.values()}
    assert not per_person or isclose(max(per_person), min(per_person), rel_tol=1e-6)
    assert all(r.depth <= RIM - HOLE for r in found.values())


def test_opposite_flows_nest():
    ahead, back = (
        next(r for r in ribbons(OCTOBER) if r.flow == flow) for flow in (("loyal", "lapsed"), ("lapsed", "loyal"))
    )
    assert (ahead.way, back.way) == (1, -1)
    assert back.depth - back.width / 2 >= ahead.depth + ahead.width / 2


@pytest.mark.parametrize(
    ("flow", "way"),
    [(("prospect", "new"), 1), (("prospect", "inactive"), -1), (("inactive", "prospect"), 1), (("lapsed", "loyal"), -1),
     (("inactive", "new"), 1), (("new", "lapsed"), 1)],
)  # fmt: skip
def test_up_to_three_steps_ahead_run_with_the_clock(flow, way):
    assert [ribbon.way for ribbon in ribbons({flow: 10})] == [way]


@settings(deadline=None, max_examples=60)
@given(COUNTS, FLOWS)
def test_the_ring_is_well_formed_and_inside_its_box_whatever_the_numbers(parts, flows):
    text = ring(parts, flows, hot={("loyal", "lapsed")}, core=("7", "by the fire"))
    parsed(text)
    assert "nan" not in text
    assert "inf" not in text.replace("infty", "")
    assert all(-6 <= number <= 572 for number in numbers(text))
    for x, y in re.findall(r'<text[^>]* x="([-\d.]+)" y="([-\d.]+)"', text):
        assert 90 <= float(x) <= 476
        assert 90 <= float(y) <= 476


def test_one_huge_flow_leaves_the_small_ones_visible():
    found = {ribbon.flow: ribbon for ribbon in ribbons({("new", "active"): 10**7, ("loyal", "lapsed"): 1})}
    assert found["loyal", "lapsed"].width == 1.8
    assert found["new", "active"].width < 52


def test_a_small_shop_is_calm():
    (only,) = ribbons({("new", "active"): 1})
    assert only.width < 10


def test_an_empty_ring_keeps_the_six_places():
    text = ring([], {})
    assert re.findall(r'class="edge dim (\w\w)"', text) == list(CODES.values())


def test_hot_flows_and_links_to_the_table_are_in_the_ring():
    text = ring(PARTS, OCTOBER, hot={("loyal", "lapsed")})
    assert re.findall(r'href="#([\w-]+)"[^>]*><title>[^<]*</title><path class="rib hot"', text) == ["loyal-lapsed"]
    assert len(re.findall(r'<path class="rib', text)) == len(OCTOBER)


DAYS = [date(2026, 1, 1) + timedelta(days=7 * i) for i in range(40)]


def levels(days: list[date] = DAYS) -> list[Level]:
    rows = [("prospect", "", 900), ("loyal", "", 40), ("active", "", 0), ("new", "", 11), ("lapsed", "short", 20),
            ("lapsed", "long", 5), ("inactive", "win_back", 30), ("inactive", "do_not_contact", 2)]  # fmt: skip
    return [Level(day, s, d, n + i) for i, day in enumerate(days) for s, d, n in rows]


def test_river_layers_lie_on_each_other_and_are_as_thick_as_their_numbers():
    days, layers = stack(levels())
    assert days == tuple(DAYS)
    assert [(layer.stage, layer.detail, layer.below) for layer in layers] == [
        ("loyal", "", False), ("active", "", False), ("new", "", False), ("lapsed", "short", True),
        ("lapsed", "long", True), ("inactive", "win_back", True), ("inactive", "do_not_contact", True),
    ]  # fmt: skip
    for a, b in pairwise(layers):
        assert b.lower == (a.upper if a.below == b.below else (0,) * 40)
    assert [layer.upper[-1] - layer.lower[-1] for layer in layers] == [79, 39, 50, 59, 44, 69, 41]


def test_a_long_river_is_thinned_and_keeps_its_last_day():
    many_days = [date(2020, 1, 1) + timedelta(days=i) for i in range(2000)]
    days, _ = stack([Level(day, "new", "", 5) for day in many_days])
    assert days[-1] == many_days[-1]
    assert len(days) <= 240
    assert len({(b - a).days for a, b in pairwise(days)}) == 1


@pytest.mark.parametrize("length", [2, 5, 13, 62, 63, 400, 3000, 20_000])
def test_river_axis_labels_do_not_collide_and_stay_inside(length: int):
    days = [date(2020, 1, 1) + timedelta(days=i * max(1, length // 300)) for i in range(min(length, 300))]
    text = river(levels(days), bands=[Band("boots & <b>", days[0], days[-1])])
    parsed(text)
    labels = re.findall(r'<text class="s" x="([\d.]+)" y="206">([^<]+)</text>', text)
    assert all(float(x) + 7 * len(word) <= float(following) for (x, word), (following, _) in pairwise(labels))
    assert all(float(x) + 7 * len(word) <= 1242 - 60 for x, word in labels)
    assert all(0 <= number <= 1360 for number in numbers(text))


def test_names_at_the_rivers_end_do_not_overlap():
    text = river(levels())
    heights = [float(y) for y in re.findall(r'<text class="end \w\w" x="\d+" y="([\d.]+)"', text)]
    assert len(heights) == 5
    assert all(b - a >= 15.9 for a, b in pairwise(heights))
    assert all(16 <= y - 4 <= 190 for y in heights)


@pytest.mark.parametrize("rows", [[], levels(DAYS[:1]), [Level(day, "prospect", "", 5) for day in DAYS]])
def test_without_a_past_or_people_there_is_no_river(rows):
    assert river(rows) == ""


def test_a_life_line_is_cut_to_its_axis_and_told_by_height():
    text = life_line(
        [Piece("prospect", "", -50, 10), Piece("new", "", 10, 60), Piece("inactive", "win_back", 60, 200),
         Piece("loyal", "", 200, 300)],
        start=0, end=100, width=200, height=20,
    )  # fmt: skip
    boxes = [
        tuple(float(rect.get(key, "")) for key in ("x", "y", "width", "height")) for rect in parsed(text).iter("rect")
    ]
    assert boxes == [(0, 11, 20, 9), (20, 0, 100, 20), (120, 14, 80, 6)]


def test_the_flame_is_cut_at_stage_borders():
    text = flame(
        [Piece("new", "", 0, 50), Piece("lapsed", "short", 50, 100)], [Ember(0, 0.8), Ember(100, 0.4)],
        start=0, end=100, width=100, height=100,
    )  # fmt: skip
    assert re.findall(r' d="([^"]+)"', text) == [
        "M0.0 100.0L0.0 20.0L50.0 40.0L50.0 100.0Z",
        "M50.0 100.0L50.0 40.0L100.0 60.0L100.0 100.0Z",
    ]


def test_a_jump_in_the_flame_belongs_to_the_piece_that_begins_there():
    embers = [Ember(0, 0.5), Ember(50, 0.1), Ember(50, 0.9), Ember(100, 0.5)]
    text = flame(
        [Piece("new", "", 0, 50), Piece("active", "", 50, 100)], embers, start=0, end=100, width=100, height=10
    )
    assert [path.split("L")[1:-1] for path in re.findall(r' d="([^"]+)"', text)] == [
        ["0.0 5.0", "50.0 9.0"], ["50.0 1.0", "100.0 5.0"],
    ]  # fmt: skip


def test_a_bar_with_its_interval_is_in_per_cent_of_the_full_length():
    text = bar("active", 0.3, 0.2, 0.5, full=0.6)
    assert re.findall(r'x[12]="([\d.]+)%"', text) == ["33.33", "83.33", "33.33", "33.33", "83.33", "83.33"]
    assert '<rect class="area ac" x="0" y="3" width="50.00%"' in text
    parsed(bar("active", 0.0, 0.0, 0.0, full=0.0))


def test_columns_are_in_proportion_and_the_last_is_filled():
    rects = list(parsed(columns("new", [5, 0, 10])).iter("rect"))
    assert [rect.get("height") for rect in rects] == ["20.0", "0.0", "40.0"]
    assert [rect.get("class") for rect in rects] == ["wash edged ne", "wash edged ne", "area ne"]
    parsed(columns("new", [0]))


@pytest.mark.parametrize(("share", "kind"), [(0.0, ""), (0.001, "q1"), (0.5, "q5"), (1.0, "q8"), (2.0, "q8")])
def test_a_tint_tells_nothing_from_little(share, kind):
    assert tint(share) == kind


def test_text_of_people_is_harmless_and_always_encodable():
    assert esc("<script>\"x\" & 'y'</script>") == "&lt;script&gt;&quot;x&quot; &amp; &#x27;y&#x27;&lt;/script&gt;"
    assert esc("a\udcffb") == "a?b"


def test_every_mark_and_pattern_that_is_used_is_in_the_sprite():
    ids = set(re.findall(r' id="([\w-]+)"', sprite()))
    used = {re.search(r'href="#([\w-]+)"', mark(stage)).group(1) for stage in STAGES}
    used |= {re.search(r"url\(#([\w-]+)\)", paint(s, d)).group(1) for s, ds in DETAILS.items() for d in ds}
    assert used == ids
    parsed(sprite())


def test_both_copies_of_the_dark_colours_agree():
    heads = (r"^:root\[data-theme=dark\]", r"\(prefers-color-scheme:dark\)\{:root:not\(\[data-theme=light\]\)")
    blocks = [re.search(head + r"\{([^}]*)\}", STYLE, re.MULTILINE).group(1) for head in heads]
    dark, system = (set(re.findall(r"([\w-]+):([^;]+);", block)) for block in blocks)
    assert dark == system
    assert len(dark) > 30


def rgb(colour: str) -> tuple[float, ...]:
    return tuple(int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))


def luminance(colour: tuple[float, ...]) -> float:
    red, green, blue = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [r":root\{", r":root\[data-theme=dark\]\{"])
def test_ink_can_be_read_on_the_darkest_tint_of_every_stage(theme):
    block = re.search(theme + r"([^}]*)\}", STYLE).group(1)
    value = dict(re.findall(r"--([\w-]+):(#\w{6});", block))
    darkest = max(int(q) for q in re.findall(r"--q:(\d+)%", STYLE)) / 100
    for fill in (*(f"{code}-f" for code in CODES.values()), "ember-fill"):
        ground = tuple(
            darkest * f + (1 - darkest) * p for f, p in zip(rgb(value[fill]), rgb(value["paper"]), strict=True)
        )
        assert contrast(rgb(value["ink"]), ground) >= 4.5, fill


def test_numbers_and_dates_read_as_people_say_them():
    assert [change(174), change(-27), change(0)] == ["+174", "\u221227", "±0"]
    assert [many(1, "person", "people"), many(2469, "customer")] == ["1 person", "2,469 customers"]
    assert [percent(x) for x in (0, 0.001, 0.456, 0.999, 1)] == [
        "0\u00a0%", "under\u00a01\u00a0%", "46\u00a0%", "over\u00a099\u00a0%", "100\u00a0%",
    ]  # fmt: skip
    assert range_of(0.271, 0.348) == "27–35"
    assert [ordinal(n) for n in (1, 3, 10, 11, 12, 21, 22, 103, 111)] == [
        "first", "third", "tenth", "11th", "12th", "21st", "22nd", "103rd", "111th",
    ]  # fmt: skip
    assert [day_of(date(2026, 10, 18), 2026), day_of(date(2024, 3, 3), 2026)] == ["18 Oct", "3 Mar 2024"]
    assert span_of(date(2026, 10, 1), date(2026, 11, 1), 2026) == "October"
    assert span_of(date(2025, 12, 1), date(2026, 1, 1), 2026) == "December 2025"
    assert span_of(date(2026, 10, 2), date(2026, 11, 2), 2026) == "2 Oct to 1 Nov"
    assert span_of(date(2025, 12, 5), date(2026, 1, 5), 2026) == "5 Dec 2025 to 4 Jan"
