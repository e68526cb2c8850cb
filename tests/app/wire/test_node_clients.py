"""The Node libraries of Segment, RudderStack and Customer.io, as they are published: what they send is what the
timeline shows, each message once."""

import json
import subprocess

import acts
import node
import pytest
from served import messages, quarantined, timeline


@pytest.fixture(scope="module")
def folder():
    return node.installed()


@pytest.mark.parametrize("library", ["segment", "rudder", "customerio"])
def test_what_the_node_library_sent_is_what_the_timeline_shows(live, recorder, folder, library):
    who = f"node-{library}"
    told = subprocess.run(
        ["node", "speak.mjs", library, live.source(who), recorder.address, who],
        cwd=folder, input=json.dumps(acts.as_json()), capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (told.returncode, told.stdout, told.stderr) == (0, "", "")
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
