"""Square's export of transactions, in the columns of today and the fewer ones of some years ago."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from duckdb import ColumnExpression

from tenure.read.cells import Cell
from tenure_app.imports.form import Field, Format, Task
from tenure_app.imports.typed import instants

__all__ = ["TRANSACTIONS"]

_ZONES: Final = {
    "eastern time (us & canada)": "America/New_York",
    "central time (us & canada)": "America/Chicago",
    "mountain time (us & canada)": "America/Denver",
    "pacific time (us & canada)": "America/Los_Angeles",
    "atlantic time (canada)": "America/Halifax",
    "newfoundland": "America/St_Johns",
    "saskatchewan": "America/Regina",
    "arizona": "America/Phoenix",
    "indiana (east)": "America/Indiana/Indianapolis",
    "alaska": "America/Anchorage",
    "hawaii": "Pacific/Honolulu",
    "puerto rico": "America/Puerto_Rico",
    "london": "Europe/London",
    "edinburgh": "Europe/London",
    "dublin": "Europe/Dublin",
    "paris": "Europe/Paris",
    "madrid": "Europe/Madrid",
    "tokyo": "Asia/Tokyo",
    "osaka": "Asia/Tokyo",
    "sapporo": "Asia/Tokyo",
    "sydney": "Australia/Sydney",
    "melbourne": "Australia/Melbourne",
    "hobart": "Australia/Hobart",
    "canberra": "Australia/Sydney",
    "brisbane": "Australia/Brisbane",
    "adelaide": "Australia/Adelaide",
    "darwin": "Australia/Darwin",
    "perth": "Australia/Perth",
}
"""What Square calls the zones of the countries it works in."""


def _prepare(task: Task) -> None:
    """Adds the instants: date and time of day stand in columns of their own, the zone in a third."""
    task.run("square", "moments")
    relation = task.engine.connection.table("tenure_moments")
    name = " with ".join(task.mapping[each] for each in ("day", "hour") if each in task.mapping)
    cell = Cell(task.source.label, name, "at", ColumnExpression("moment"), "text", True, relation)
    zones: list[tuple[str | None, str]] = [(None, task.times_in)]
    strange = []
    for (word,) in task.ask("square", "zones"):
        if (zone := _zone(str(word))) is not None:
            zones.append((str(word), zone))
        else:
            strange.append(str(word))
    if strange:
        named = ", ".join(repr(word) for word in strange[:5])
        task.notes.append(f"the time zones {named} are not known here: read as times in {task.times_in}")
    instants(task, relation, "created", cell, zones).create("tenure_timed")
    task.run("square", "timed")
    for place in ("tenure_moments", "tenure_timed"):
        task.engine.drop(place)


def _zone(word: str) -> str | None:
    """The zone that Square means; None if it is no zone."""
    name = _ZONES.get(word.strip().lower(), word.strip())
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _remarks(task: Task) -> Iterator[str]:
    nobody = task.ask("square", "count_doubts")[0][0]
    if nobody:
        yield f"{nobody} transactions name no customer: Square knows one only where a card or an account told it"


TRANSACTIONS: Final = Format(
    name="square-transactions",
    family="square",
    says="Square's export of transactions",
    fields=(
        Field("day", ("Date",)),
        Field("hour", ("Time",)),
        Field("zone", ("Time Zone",)),
        Field("amount", ("Total Collected", "Net Sales", "Gross Sales"), "money"),
        Field("discount", ("Discounts",), "money"),
        Field("number", ("Transaction ID", "Payment ID")),
        Field("event", ("Event Type",)),
        Field("id", ("Customer ID",)),
        Field("name", ("Customer Name",)),
        Field("state", ("Transaction Status",)),
        Field("channel", ("Channel",)),
        Field("description", ("Description",)),
        Field("location", ("Location",)),
        Field("dining", ("Dining Option",)),
        Field("refund_reason", ("Refund Reason",)),
        Field("discount_name", ("Discount Name",)),
    ),
    required=(("Date",), ("Transaction ID", "Payment ID"), ("Total Collected", "Net Sales", "Gross Sales")),
    marks=(
        "Time Zone", "Gross Sales", "Net Sales", "Gift Card Sales", "Partial Refunds", "Total Collected",
        "Card Entry Methods", "Square Gift Card", "Event Type", "Payment ID", "PAN Suffix", "Device Name", "Staff ID",
        "Dining Option", "Customer Reference ID", "Device Nickname",
    ),
    enough=3,
    foreign=("Item", "Price Point Name", "Modifiers Applied"),
    topic="square",
    judged=("judged",),
    drafts=("placed", "refunded"),
    prepare=_prepare,
    remarks=_remarks,
    only_names="ask Square for the column 'Customer ID' (Dashboard, Transactions, Export)",
)  # fmt: skip
