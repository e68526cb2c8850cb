"""Which files of the mirror are in force: one small file, replaced in one step, names them all.

Files of a generation are never changed after they were named. Who writes holds the lock; who reads opens what is named
and goes on with it for as long as they like, for the files of the generation before stay.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from tenure_app.refused import Refused

__all__ = ["Lives", "Manifest", "Traits", "publish", "read_manifest", "replaced", "writing"]

_NAME: Final = "current.json"
_BEFORE: Final = "before.json"
_LOCK: Final = "writing.lock"
_OURS: Final = ("events-", "delta-", "lives-", "traits-")


@dataclass(frozen=True, slots=True)
class Lives:
    """What was computed by one policy: the file of all lives, and the overlay of whoever was touched since."""

    base: str
    delta: str | None = None


@dataclass(frozen=True, slots=True)
class Traits:
    """Which file has the traits that segments may use, its number, how far the ledger was read for it, in its own
    terms, and the traits' names."""

    file: str
    number: int
    events: int
    names: Sequence[str]


@dataclass(frozen=True, slots=True)
class Manifest:
    """The generation in force. `events`: all facts; `delta`: the overlay of whoever was touched since.

    lives: by the policy's hash, with `@` and the instant for what was known at another one. position: how far the
    ledger was read, in its own terms. known_at: when it was read (us UTC). traits: None where none are asked for.
    """

    generation: int
    events: str
    delta: str | None = None
    lives: Mapping[str, Lives] = field(default_factory=dict)
    position: Any = None
    known_at: int | None = None
    traits: Traits | None = None

    def files(self) -> set[str]:
        """Names of all files that it names."""
        named = {self.events, self.delta, None if self.traits is None else self.traits.file}
        for one in self.lives.values():
            named |= {one.base, one.delta}
        return {name for name in named if name is not None}


def read_manifest(folder: Path) -> Manifest | None:
    """The generation in force, None where nothing was published yet or the file cannot be read."""
    return _read(folder / _NAME)


def _read(path: Path) -> Manifest | None:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        lives = {key: Lives(**one) for key, one in told.pop("lives").items()}
        traits = told.pop("traits", None)
        return Manifest(**told, lives=lives, traits=None if traits is None else Traits(**traits))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def publish(folder: Path, manifest: Manifest) -> None:
    """Name a generation: whole or not at all, also when the machine stops; then remove what neither it nor the one
    before it names. Only who is `writing` may call it."""
    for name in sorted(manifest.files()):
        _to_disk(folder / name)
    before = read_manifest(folder)
    if before is not None:
        replaced(folder / _BEFORE, _text(before))
    replaced(folder / _NAME, _text(manifest))
    kept = manifest.files() | (before.files() if before else set())
    for path in folder.iterdir():
        if path.name.startswith(_OURS) and path.name.removesuffix(".wal") not in kept:
            path.unlink(missing_ok=True)


def _text(manifest: Manifest) -> bytes:
    return json.dumps(asdict(manifest), indent=1).encode()


def replaced(path: Path, content: bytes) -> None:
    """Write a file in one step: who reads it finds the old or the new, never a part."""
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.unfinished")
    unfinished.write_bytes(content)
    _to_disk(unfinished)
    unfinished.replace(path)
    _to_disk(path.parent)


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def writing(folder: Path, *, wait: bool = False) -> Iterator[None]:
    """Hold the right to write, alone on this machine; Refused if another process has it, unless one will `wait` for it.
    A process that dies loses it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _LOCK).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused(
                "mirror_busy", "The mirror was not written: another process is writing it. Try again when it is done."
            ) from None
        yield
