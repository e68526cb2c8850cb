"""What the tests of the dialects share: requests written shortly, and what comes of them."""

import json
from pathlib import Path

from tenure_app.dialects.reading import count, parse
from tenure_app.dialects.said import Bad, Rules, Said

SPEC = json.loads((Path(__file__).parent / "segment_spec.json").read_text(encoding="utf-8"))
"""Events of Segment's documentation and the names of their properties, with their types."""
NOW = 1_767_261_600_000_000
"""2026-01-01T10:00:00Z."""
SECOND, MINUTE, DAY = 1_000_000, 60_000_000, 86_400_000_000
EUROS = Rules(currency="EUR")


def read(dialect, call, body, rules=EUROS, received_at=NOW):
    """Everything a request says, having passed the door."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    assert count(dialect, call, raw) >= 1
    return list(parse(dialect, call, raw, received_at=received_at, rules=rules))


def one(dialect, call, body, rules=EUROS, received_at=NOW):
    """The one event of a request."""
    [said] = read(dialect, call, body, rules, received_at)
    assert isinstance(said, Said), said
    return said


def refused(dialect, call, body, rules=EUROS, received_at=NOW):
    """The code with which the one event of a request is kept off the timeline."""
    [bad] = read(dialect, call, body, rules, received_at)
    assert isinstance(bad, Bad), bad
    assert bad.reason
    return bad.code


def track(event, properties=None, **more):
    """A track call's body."""
    return {"type": "track", "event": event, "userId": "u1", "messageId": "m1", "properties": properties or {}} | more
