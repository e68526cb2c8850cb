"""The page about the API is made from its document, and what the guide shows works."""

import importlib.util
import re
from pathlib import Path

from tenure.client import Client
from tenure_app.dialects import own
from tenure_app.dialects.said import Rules, Said

DOCS = Path(__file__).resolve().parents[3] / "docs"
GUIDE = (DOCS / "how-to" / "use-the-api.md").read_text(encoding="utf-8")


def test_the_page_of_the_api_is_up_to_date():
    path = DOCS / "reference" / "make_api.py"
    spec = importlib.util.spec_from_file_location("make_api", path)
    maker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(maker)
    written = path.with_name("api.md").read_text(encoding="utf-8")
    assert written == maker.page(), "run: python docs/reference/make_api.py"


def test_the_guide_calls_methods_that_are_there():
    called = set(re.findall(r"shop\.(\w+)\(", GUIDE))
    assert len(called) > 5
    assert {name for name in called if not hasattr(Client, name)} == set()


def test_the_guides_events_are_taken():
    block = re.search(r"send_events\(\"till\", (\[\n.*?\n\])\)", GUIDE, re.DOTALL)[1]
    events = eval(block)
    import json

    read = list(own.parse(own.CALL, json.dumps({"events": events}).encode(), 1_793_527_200_000_000, Rules()))
    assert [type(one) for one in read] == [Said, Said]
