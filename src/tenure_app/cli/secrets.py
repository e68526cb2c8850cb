"""Secrets are handed in as files: what stands among a command's words is seen by everybody on the machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenure.errors import BadFile

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["first_line"]


def first_line(file: Path, what: str) -> str:
    """The first line of a file, without its end. BadFile where it cannot be read; what: is expected there."""
    try:
        return file.read_text(encoding="utf-8").split("\n")[0].strip("\r")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not text"
        raise BadFile(f"{file}: {why}; name a file whose first line is the {what}") from error
