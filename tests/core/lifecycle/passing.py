"""Reads a day's picture off passages, as whoever keeps them would."""

from tenure.lifecycle.passages import passages
from tenure.lifecycle.trace import STAGES
from tenure.periods import day_of

COLUMNS = (
    "stage", "detail", "reason", "since", "cycle", "orders", "occasions", "first_order_at", "last_order_at",
    "expected_next_at", "overdue_at", "long_overdue_at", "inactive_at", "contact_on",
)  # fmt: skip


def kept(engine, timeline, policy, zone, known=None):
    """The four tables as lists of dictionaries, by name, and the trace."""
    traced = passages(timeline, policy, zone=zone, known=known)
    names = ("history", "passages", "reasons", "contacts")
    return {name: engine.connection.table(name).to_arrow_table().to_pylist() for name in names}, traced


def holding(rows, instant):
    """By customer the one row that holds as of an instant."""
    found = {}
    for row in rows:
        if row["from_at"] < instant and (row["to_at"] is None or instant <= row["to_at"]):
            assert row["c"] not in found
            found[row["c"]] = row
    return found


def read_off(tables, zone, instant):
    """The picture as of an instant: by customer a dictionary of COLUMNS."""
    passed, reasons = holding(tables["passages"], instant), holding(tables["reasons"], instant)
    day = day_of(instant, zone)
    ahead = [row for row in tables["contacts"] if row["from_day"] <= day < row["to_day"]]
    contacts = {row["version"]: row["contact_day"] for row in ahead}
    return {
        c: _row(one, passed.get(c), reasons.get(c), contacts) for c, one in holding(tables["history"], instant).items()
    }


def _row(stood, passed, why, contacts):
    code = stood["code"]
    stage, detail = STAGES[code]
    known = passed or dict.fromkeys(("first_order_at", "last_order_at", "version")) | {"orders": 0, "occasions": 0}
    due = {name: known.get(name) for name in ("expected_at", "overdue_at", "long_overdue_at", "inactive_at")}
    if code == 8:
        due = dict.fromkeys(due)
    return {
        "stage": stage, "detail": detail, "since": stood["from_at"], "cycle": known["occasions"] + 1,
        "reason": (why["reason"] if why else "unknown") if code in (7, 8) else None,
        **{name: known[name] for name in ("orders", "occasions", "first_order_at", "last_order_at")},
        "expected_next_at": due.pop("expected_at"), **due,
        "contact_on": contacts.get(known["version"]) if code == 6 else None,
    }  # fmt: skip
