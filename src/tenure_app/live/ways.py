"""The open way to everybody's next purchase: exactly one, of the cycle they are in, with when they are expected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tenure_app.insight.stages import STAGES
from tenure_app.ledger.bulk import put
from tenure_app.live.asking import ask, each

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from tenure_app.live.judging import Stand

__all__ = ["settle_ways"]

_LEFT_ALONE: Final = STAGES.index(("inactive", "do_not_contact"))
_COLUMNS: Final = ("person_id", "cycle", "opened_at", "expected_at")


def settle_ways(stands: Sequence[Stand], nobodies: Collection[int], *, now: int) -> None:
    """Open what is not open, end what is of another cycle, and say when they are expected; those of whoever wants to be
    left alone end, and so do those of `nobodies`. Within a transaction."""
    wanted = {one.person: one for one in stands if one.code != _LEFT_ALONE}
    ended, expected, right = [], [], set()
    for number, person, cycle, expected_at in ask("open_ways", [*(one.person for one in stands), *nobodies]):
        one = wanted.get(person)
        if one is None or cycle != one.occasions + 1 or person in right:
            ended.append((now, number))
            continue
        right.add(person)
        if expected_at != one.expected_at:
            expected.append((one.expected_at, number))
    each("end_way", ended)
    each("expect", expected)
    opened = [one for one in wanted.values() if one.person not in right]
    put("tenure_opportunity", _COLUMNS, [
        (one.person, one.occasions + 1, one.last_order_at or one.since_at, one.expected_at) for one in opened
    ])  # fmt: skip
