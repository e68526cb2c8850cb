"""Stages by their codes, without the arrays that `tenure.lifecycle.trace` brings along."""

from typing import Final

__all__ = ["STAGES"]

STAGES: Final[tuple[tuple[str, str | None], ...]] = (
    ("prospect", None), ("new", None), ("active", None), ("loyal", None), ("lapsed", "short"), ("lapsed", "long"),
    ("lapsed", "seasonal"), ("inactive", "win_back"), ("inactive", "do_not_contact"),
)  # fmt: skip
"""(stage, detail) by code, as `tenure.lifecycle.trace.STAGES`."""
