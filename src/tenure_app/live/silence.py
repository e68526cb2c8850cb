"""The moment at which silence alone moves somebody is known beforehand; when it comes, they are looked at."""

from __future__ import annotations

from typing import Final

from django.db import transaction

from tenure_app.live.asking import each, rows_of

__all__ = ["wake"]

_MOST: Final = 500


def wake(*, now: int, most: int = _MOST) -> int:
    """Touch up to `most` of those whose standing holds no longer, so that they are followed; how many."""
    due = rows_of("silent", now, most)
    with transaction.atomic():
        each("touch", [(person, now) for (person,) in due])
    return len(due)
