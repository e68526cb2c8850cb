"""The Node libraries of Segment, RudderStack and Customer.io, as they are published: what they send is what the
timeline shows, each message once."""

import json
import subprocess
from collections import Counter

import acts
import node
import pytest
from served import messages, quarantined, timeline


@pytest.fixture(scope="module")
def folder():
    return node.installed()


def spoken(folder, library, key, address, who):
    """What a library that was made to speak complained of."""
    told = subprocess.run(
        ["node", "speak.mjs", library, key, address, who],
        cwd=folder, input=json.dumps(acts.as_json()), capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    return told.returncode, told.stdout + told.stderr


@pytest.mark.parametrize("library", ["segment", "rudder", "customerio"])
def test_what_the_node_library_sent_is_what_the_timeline_shows(live, recorder, folder, library):
    who = f"node-{library}"
    assert spoken(folder, library, live.source(who), recorder.address, who) == (0, "")
    live.drained()
    rows, wanted = timeline(who), acts.expected(who)
    assert acts.shown(rows, wanted) == wanted
    assert quarantined(who) == []
    sent = recorder.sent()
    assert sorted(key for key, _ in messages(who)) == sorted(sent)
    assert [one["id"] for one in rows] == sent
    for one, place in zip(rows, range(7), strict=True):
        said = int(acts.instant(10 * place).timestamp() * 1e6)
        assert abs(one["at"] - said) < 10_000_000, one


@pytest.mark.parametrize("library", ["segment", "rudder", "customerio"])
def test_what_node_sends_again_after_a_mishap_is_there_once(live, recorder, folder, library):
    who = f"node-{library}-retry"
    recorder.mishaps = ["lost", 503]
    assert spoken(folder, library, live.source(who), recorder.address, who)[0] == 0
    live.drained()
    wanted = acts.expected(who)
    assert acts.shown(timeline(who), wanted) == wanted
    assert max(Counter(recorder.sent()).values()) == 2
