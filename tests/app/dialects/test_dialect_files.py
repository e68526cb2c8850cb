"""The data files of the dialects speak of kinds that exist, and the page of the reference shows all of them."""

import importlib.util
import re
from pathlib import Path

import pytest
from said_again import SPEC

from tenure.events import KINDS
from tenure_app.dialects import mapping
from tenure_app.dialects.mapping import dialect_of, found_at
from tenure_app.dialects.reading import DIALECTS

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "dialects.md"
FILED = [name for name in DIALECTS if (Path(mapping.__file__).with_name("data") / f"{name}.toml").exists()]


def test_the_page_is_up_to_date():
    spec = importlib.util.spec_from_file_location("make_dialects", PAGE.with_name("make_dialects.py"))
    maker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(maker)
    assert PAGE.read_text(encoding="utf-8") == maker.dialects_page(), "run: python docs/reference/make_dialects.py"


def test_the_page_tells_every_event_of_the_documentation_and_of_the_files():
    page = PAGE.read_text(encoding="utf-8")
    shown = set(re.findall(r"^\| `([^`]+)` \|", page, re.MULTILINE))
    wanted = {name.lower() for part in ("ecommerce", "email", "b2b", "mobile") for name in SPEC[part]}
    for name in FILED:
        wanted |= dialect_of(name).events.keys()
    assert wanted - shown == set()


def test_every_dialect_but_our_own_has_a_file():
    assert {"segment", "customerio", "stripe", "shopify", "standard"} <= set(FILED)


@pytest.mark.parametrize("name", FILED)
def test_names_are_small_letters_and_kinds_exist(name):
    dialect = dialect_of(name)
    assert [word for word in dialect.events if word != word.lower().strip()] == []
    assert {said.kind for said in dialect.events.values()} <= KINDS.keys()
    assert {kind for said in dialect.events.values() for kind in said.cases.values()} <= KINDS.keys()
    for said in (*dialect.events.values(), *dialect.kinds.values()):
        # an order's number is its key, and what updates needs one
        assert not said.updates or "order_key" in said.spots
        assert bool(said.amounts) <= ("currency" in said.spots)


@pytest.mark.parametrize(
    ("table", "wrong"),
    [
        ({"events": {"x": "no.kind"}}, "no.kind is no kind of event"),
        ({"kinds": {"no.kind": {}}}, "no kinds of events: no.kind"),
        ({"events": {"x": {"kind": "page.viewed", "colour": "red"}}}, "colour is no key"),
    ],
)
def test_a_file_that_speaks_of_what_is_not_there_is_seen(monkeypatch, table, wrong):
    monkeypatch.setattr(mapping, "_file", lambda name: table)
    with pytest.raises(ValueError, match=wrong):
        dialect_of.__wrapped__("planted")


@pytest.mark.parametrize(
    ("spot", "found"),
    [("a.b", 1), ("a.c", None), ("l.1.x", 2), ("l.2.x", None), ("l.x", None), ("n", None), ("e", None), ("z", 0),
     ("a.b.c", None)],
)
def test_values_are_found_where_they_stand(spot, found):
    root = {"a": {"b": 1}, "l": [{}, {"x": 2}], "n": None, "e": " ", "z": 0}
    assert found_at(root, (tuple(spot.split(".")),)) == found
    assert found_at(root, (("nowhere",), tuple(spot.split(".")))) == found
