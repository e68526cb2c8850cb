"""The policies that were saved, and the one in force."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tenure.errors import BadPolicy
from tenure.lifecycle.policy import DEFAULT, Policy, load
from tenure_app.ledger.models import PolicyVersion

__all__ = ["in_force", "of_text"]


def in_force() -> Policy:
    """The one saved last, the default rule where none was; BadPolicy if this release does not understand it."""
    last = PolicyVersion.objects.first()
    return DEFAULT if last is None else of_text(last.toml)


def of_text(toml: str) -> Policy:
    """A policy as its file would say it; BadPolicy names the key that breaks a rule."""
    with tempfile.TemporaryDirectory(prefix="tenure-") as folder:
        file = Path(folder) / "policy.toml"
        file.write_text(toml, encoding="utf-8")
        try:
            return load(file)
        except BadPolicy as wrong:  # nobody knows this file
            raise BadPolicy(str(wrong).replace(f"{file}: ", "")) from None
