"""Facts into the ledger: each key once and for ever, what is said otherwise as a correction."""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pyarrow as pa
from django.conf import settings
from django.db import transaction

from tenure_app.ledger.bulk import insert, look_up, new_ids
from tenure_app.ledger.models import REVERSED, Event, Shop
from tenure_app.refused import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tenure.engine.duckdb import DuckDB

__all__ = ["FATES", "MARK", "STATE_MARK", "Taken", "append", "check_key", "foresee", "make_ready"]

_SQL: Final = "tenure_app.ledger"
_AT_ONCE: Final = 20_000
FATES: Final = ("new", "same", "changed", "corrected")
"""What becomes of a fact: a new one, the same again (nothing is written), a state that changed, another content of a
known key."""
MARK: Final = "\x1f"
"""Between a key and the number of its version: the unit separator, which no id holds."""
STATE_MARK: Final = "\x1e"
"""Between the key of a state and its number where another state followed: the record separator."""
_BLOCK: Final = 64  # bytes of SHA-256's blocks


@dataclass(slots=True)
class Taken:
    """How many facts had which fate so far."""

    facts: int
    done: int = 0
    fates: Counter[str] = field(default_factory=Counter)


class _Version(NamedTuple):
    """What the ledger holds of a key: its first event, how many versions, the last one's hash, whether it holds."""

    key: str
    first_id: int
    versions: int
    hash: str
    holds: bool


def make_ready(engine: DuckDB) -> int:
    """Make the table `ready` from `facts` and `resolved`: in the ledger's order, each with its keyed hash; how many."""
    inner, outer = _pads(settings.TENURE_HASH_KEY.encode())
    engine.run(_SQL, "intake", "canonical")
    engine.run(_SQL, "intake", "keyed", inner=inner, outer=outer)
    engine.run(_SQL, "intake", "ready", inner=inner, outer=outer)
    engine.drop("keyed")
    ((n,),) = engine.run(_SQL, "intake", "how_many").fetchall()
    return int(n)


def check_key(*, remember: bool = True) -> None:
    """Refused if the ledger was written with another TENURE_HASH_KEY; the first time, it is remembered by its mark."""
    mark = hmac.new(settings.TENURE_HASH_KEY.encode(), b"", hashlib.sha256).hexdigest()[:32]
    shop = Shop.objects.one()
    if not shop.hash_check:
        if remember:
            Shop.objects.update_or_create(pk=1, defaults={"hash_check": mark})
    elif not hmac.compare_digest(shop.hash_check, mark):
        raise Refused(
            "another_hash_key",
            "nothing was imported: TENURE_HASH_KEY is not the one this ledger was written with, and every known fact"
            " would be taken for a changed one; put the old one back (secrets/tenure_hash_key in the data folder)",
        )


def append(engine: DuckDB, *, source: int, run: int | None, now: Callable[[], int]) -> Iterator[Taken]:
    """Append the facts of `ready`, some thousand in a transaction; yields after each how far it is.

    Whoever stops in between loses nothing and may begin anew: what is written already is the same again.
    """
    ((n,),) = engine.run(_SQL, "intake", "how_many").fetchall()
    taken = Taken(int(n))
    fresh = not Event.objects.filter(source_id=source).exists()
    for low in range(1, taken.facts + 1, _AT_ONCE):
        high = min(low + _AT_ONCE - 1, taken.facts)
        with transaction.atomic():
            taken.fates.update(_append_some(engine, low, high, source, run, now(), fresh=fresh))
        taken.done = high
        yield taken


def foresee(engine: DuckDB, *, source: int) -> Counter[str]:
    """The fates that `append` would find for the facts of `ready`, nothing being written."""
    ((n,),) = engine.run(_SQL, "intake", "how_many").fetchall()
    fates: Counter[str] = Counter()
    for low in range(1, int(n) + 1, _AT_ONCE):
        fates.update(_sort(engine, low, low + _AT_ONCE - 1, source))
    return fates


def _append_some(
    engine: DuckDB, low: int, high: int, source: int, run: int | None, now: int, *, fresh: bool
) -> dict[str, int]:
    fates = _sort(engine, low, high, None if fresh else source)
    ids = new_ids("tenure_event", sum(n for fate, n in fates.items() if fate != "same"))
    if ids:
        places = pa.array(range(1, len(ids) + 1), pa.int64())
        engine.put("ids", pa.table({"place": places, "id": pa.array(ids, pa.int64())}))
        engine.run(_SQL, "intake", "numbered")
        insert("tenure_event", engine.relation(_SQL, "intake", "events", now=now, run=run, source=source))
        insert("tenure_eventbody", engine.relation(_SQL, "intake", "bodies"))
    return fates


def _sort(engine: DuckDB, low: int, high: int, source: int | None) -> dict[str, int]:
    """Make the table `chunk` of some facts, each with its fate; how many have which. None: the source has no facts."""
    found: list[_Version] = []
    if source is not None:
        keys = engine.run(_SQL, "intake", "keys", low=low, high=high).fetchall()
        found = _versions([key for key, is_state in keys if not is_state], source)
        found += _states([key for key, is_state in keys if is_state], source)
    engine.put("found", _as_table(found))
    engine.run(_SQL, "intake", "sorted", low=low, high=high)
    return {fate: int(n) for fate, n in engine.run(_SQL, "intake", "fates").fetchall()}


def _versions(keys: list[str], source: int) -> list[_Version]:
    """What the ledger holds of keys of which the last version holds."""
    firsts = look_up("versions", keys, source) if keys else []
    last: dict[int, tuple[int, str, str]] = {}
    for first, _, said, kind, _ in _later([first for _, first, _, _ in firsts]):
        n, *_ = last.get(first, (0, "", ""))
        last[first] = (n + 1, said, kind)
    out = []
    for key, first, said, kind in firsts:
        n, said, kind = last.get(first, (0, said, kind))
        out.append(_Version(key, first, n + 1, said, holds=kind not in REVERSED))
    return out


def _states(keys: list[str], source: int) -> list[_Version]:
    """What the ledger holds of keys under which one state follows another."""
    last: dict[str, tuple[int, int, str, int]] = {}
    n = 1
    while keys:
        spelt = {key if n == 1 else f"{key}{STATE_MARK}{n}": key for key in keys}
        rows = look_up("versions", list(spelt), source)
        for written, number, said, _ in rows:
            key = spelt[written]
            last[key] = (last[key][0] if key in last else number, n, said, number)
        keys, n = [spelt[key] for key, *_ in rows], n + 1
    later = _later([number for *_, number in last.values()])
    taken_back = {first for first, _, _, kind, _ in later if kind in REVERSED}
    return [
        _Version(key, first, versions, said, holds=number not in taken_back)
        for key, (first, versions, said, number) in last.items()
    ]


def _later(firsts: list[int]) -> list[tuple[Any, ...]]:
    return look_up("later", firsts) if firsts else []


def _as_table(found: list[_Version]) -> pa.Table:
    columns = list(zip(*found, strict=True)) or [[]] * 5
    kinds = [pa.string(), pa.int64(), pa.int64(), pa.string(), pa.bool_()]
    fields = [pa.array(column, kind) for column, kind in zip(columns, kinds, strict=True)]
    return pa.table(fields, names=list(_Version._fields))


def _pads(key: bytes) -> tuple[bytes, bytes]:
    """The inner and the outer key of HMAC-SHA256 (RFC 2104)."""
    block = (hashlib.sha256(key).digest() if len(key) > _BLOCK else key).ljust(_BLOCK, b"\0")
    return bytes(byte ^ 0x36 for byte in block), bytes(byte ^ 0x5C for byte in block)
