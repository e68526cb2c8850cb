"""Which format a file is, told by its columns."""

from __future__ import annotations

from collections.abc import Sequence

from tenure.errors import BadColumns
from tenure.read.columns import Columns, find
from tenure_app.imports.form import Format, plain
from tenure_app.imports.registry import FORMATS, ORDERS
from tenure_app.refused import Refused

__all__ = ["deciding", "missing", "recognise"]


def recognise(names: Sequence[str]) -> Format:
    """The one format that these columns fit, in any order and case; Refused if none or several do.

    A file that fits no shop's export but has a customer and a time column is one of the format `orders`.
    """
    have = {plain(name) for name in names}
    fits = [each for each in FORMATS if _fits(each, have)]
    if len(fits) == 1:
        return fits[0]
    if fits:
        several = " and ".join(each.name for each in fits)
        raise Refused("ambiguous_format", f"nothing was imported: the columns fit {several}; choose one with --format")
    try:
        find("the file", tuple(names), Columns())
    except BadColumns as error:
        raise Refused("unknown_format", f"nothing was imported: {_none_fits(names, have, error)}") from error
    return ORDERS


def deciding(names: Sequence[str], form: Format) -> tuple[str, ...]:
    """The columns, as named in the file, by which it is recognised as this format."""
    wanted = {plain(name) for name in (*(name for group in form.required for name in group), *form.marks)}
    return tuple(name for name in names if plain(name) in wanted)


def missing(names: Sequence[str], form: Format) -> tuple[str, ...]:
    """Required columns that the file does not have."""
    have = {plain(name) for name in names}
    return tuple(" or ".join(group) for group in form.required if not have & {plain(name) for name in group})


def _fits(form: Format, have: set[str]) -> bool:
    if any(not have & {plain(name) for name in group} for group in form.required):
        return False
    if have & {plain(name) for name in form.foreign}:
        return False
    return len(have & {plain(name) for name in form.marks}) >= form.enough


def _none_fits(names: Sequence[str], have: set[str], error: BadColumns) -> str:
    """What the file has, what comes nearest and what every format would want."""
    held = ", ".join(repr(name) for name in names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
    near = max(FORMATS, key=lambda each: len(have & {plain(name) for name in each.marks}))
    if have & {plain(name) for name in near.foreign}:
        return f"this is another export than {near.says}, which could be read; it has {held}"
    wants = "; ".join(f"{each.name}: {', '.join(group[0] for group in each.required)}" for each in FORMATS)
    if "could each be" in str(error):
        return f"{str(error).removeprefix('the file: ')}"
    return (
        f"no format fits the columns {held}; orders wants a customer and a time (name them with --customer-column and"
        f" --at), the others at least {wants}"
    )
