"""After facts came in or were taken back: the mirror follows the ledger."""

from __future__ import annotations

__all__ = ["refresh"]


def refresh() -> None:
    """Bring the mirror up to the ledger; what is computed from it follows when it is next asked for."""
