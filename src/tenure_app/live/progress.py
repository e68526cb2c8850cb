"""How far everybody's standings are behind a new generation: a small file that the console reads.

It is written by the one who works; whoever goes on after them begins where it says.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

__all__ = ["COMPARING", "DONE", "NEW", "WRITING", "Progress", "read", "write"]

NEW, COMPARING, WRITING, DONE = "new", "comparing", "writing", "done"
_NAME: Final = "standings.json"


@dataclass(frozen=True, slots=True)
class Progress:
    """state: `new` (nothing was ever brought up), `comparing` (lives with where everybody stands), `writing` what
    differs, `done`. generation: the lives that standings are, or were last, brought up to, policy: its hash; done, of:
    people who differ, written and in all; baseline: everybody's first standing. rebuilding: why everybody's life is
    being computed anew now (`nothing` there yet, `policy`, `zone`, `import`, `month`, `words`, `kinds`, `late`,
    `news`), "" where it is not; took_us: what that took last. at: of the last change (us UTC).
    """

    state: str = NEW
    generation: str = ""
    policy: str = ""
    done: int = 0
    of: int = 0
    baseline: bool = True
    rebuilding: str = ""
    took_us: int = 0
    at: int = 0

    @property
    def filling(self) -> bool:
        """Whether everybody's first standing is still to be written."""
        return self.baseline and self.state != DONE


def read(folder: Path) -> Progress:
    """What the file in the data folder says; as if new where there is none, or another release wrote it."""
    try:
        return Progress(**json.loads((folder / _NAME).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return Progress()


def write(folder: Path, said: Progress) -> None:
    """Say it in one step: who reads finds what was said before, or this."""
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / f"{_NAME}.{os.getpid()}"
    unfinished.write_text(json.dumps(asdict(said)), encoding="utf-8")
    unfinished.replace(folder / _NAME)
