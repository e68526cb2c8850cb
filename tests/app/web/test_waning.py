"""The picture of a silence: what falls due within it stands there, what lies beyond does not, and text stays text."""

import re

from tenure.draw import Due, waning

LINE = [(0.0, 0.9), (10.0, 0.8), (40.0, 0.3)]


def drawn(line=LINE, dues=(), now=10.0, chance=0.8):
    return waning(line, dues, now=now, chance=chance, title="<how> it wanes", said="today, 80 %")


def test_a_line_of_one_point_is_no_picture():
    assert drawn(LINE[:1]) == ""


def test_the_line_is_solid_up_to_today_and_dashed_beyond():
    solid, dashed = re.findall(r'class="line lo( dash)?"[^>]* d="([^"]+)"', drawn())
    assert (solid[0], dashed[0]) == ("", " dash")
    assert solid[1].endswith("L250.0 30.0")
    assert dashed[1].startswith("M250.0 30.0")


def test_what_falls_due_beyond_the_line_is_left_out_and_labels_turn_before_the_edge():
    dues = [Due(41.0, "inactive"), Due(39.0, "long overdue", "lapsed"), Due(12.0, "overdue", "lapsed")]
    text = drawn(dues=dues)
    assert "inactive" not in text
    assert re.search(r'mile la" x="30.00%" dx="6" y="13" text-anchor="start">overdue<', text)
    assert re.search(r'mile la" x="97.50%" dx="-6" y="30" text-anchor="end">long overdue<', text)


def test_the_title_is_shown_and_not_obeyed():
    assert 'aria-label="&lt;how&gt; it wanes"' in drawn()


def test_today_after_the_last_point_ends_the_line():
    text = drawn([(0.0, 0.9), (10.0, 0.8), (50.0, 0.2)], now=50.0, chance=0.2)
    assert text.count('vector-effect="non-scaling-stroke"') == 1
