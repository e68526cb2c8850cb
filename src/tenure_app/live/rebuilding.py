"""When everybody's life is computed anew, and by whom: one child process at a time, as rarely as will do."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from django.conf import settings

from tenure_app.insight.refresh import position_of
from tenure_app.ledger.manifest import read_manifest
from tenure_app.ledger.mirror import behind
from tenure_app.ledger.models import Event, ImportRun, Shop
from tenure_app.live import progress
from tenure_app.live.child import Child
from tenure_app.live.follow import look_again
from tenure_app.live.grounds import grounds_of

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Rebuilding"]

_AT_ONCE: Final = ("nothing", "month", "words", "kinds", "policy", "zone", "import")
"""Reasons for which somebody waits, or looks at what is wrong."""
_RARELY: Final = 10.0
"""Times what the last one took pass before the next for what is nearly right: facts of a month that is over."""
_PAUSE: Final = 2.0
"""Seconds at least between two, and after one that failed."""
_TRIES: Final = 3
"""How often it is done for one who waits for it to the end."""
_LOOK: Final = 2.0
"""Seconds between two looks at what nobody tells us of: a policy that was saved, an import that ended."""
_NEWS_US: Final = 1_800_000_000
"""Microseconds after which what was appended is read into the mirror, if nothing else asked for it before."""


class Rebuilding:
    """What asks for everybody's life to be computed anew, and the process that does it."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._asked: Counter[str] = Counter()
        self._child: Child | None = None
        self._ended = self._looked = float("-inf")
        self._took, self._tries, self._imported = 0.0, 0, 0

    @property
    def under_way(self) -> bool:
        """Whether it is being done."""
        return self._child is not None

    def ask(self, why: Counter[str]) -> None:
        """Ask for it, for so many people each reason."""
        self._asked += why

    def turn(self, *, wait: bool = False) -> bool:
        """Begin what is due, look after what is under way; whether one has ended well just now."""
        if self._child is not None:
            return self._look_after(wait=wait)
        self._look(wait=wait)
        why = self._due(wait=wait)
        if why is not None:
            self._asked.clear()
            # one that brought nothing makes no generation that knows of it
            self._imported = self._now()
            self._child = Child(["refresh"], settings.TENURE_DATA / "refresh.log")
            self._say(why)
            return wait and self._look_after(wait=True)
        return False

    def stop(self) -> None:
        """End what is under way."""
        if self._child is not None:
            self._child.stop()
            self._child = None

    def _due(self, *, wait: bool) -> str | None:
        rest = time.monotonic() - self._ended
        if wait:  # nobody comes back later to see whether it is enough
            self._tries += 1
            rest = rest if self._tries > _TRIES else float("inf")
        if rest < _PAUSE:
            return None
        found = next((why for why in _AT_ONCE if self._asked[why]), None)
        if found is not None:
            return found if rest >= self._took or found in ("nothing", "policy", "zone") else None
        found = next((why for why in ("late", "news") if self._asked[why]), None)
        return found if found is not None and rest >= _RARELY * self._took else None

    def _look_after(self, *, wait: bool) -> bool:
        assert self._child is not None
        code = self._child.ended(wait=wait)
        if code is None:
            return False
        self._took, self._ended, self._child = self._child.took, time.monotonic(), None
        self._say("")
        # who waits for it asks again if it is not enough; facts of a month that is over were asked about once
        self._asked = Counter(late=self._asked["late"])
        look_again()
        if code != 0:
            raise RuntimeError("tenure refresh ended with an error; the end of refresh.log says which")
        return True

    def _look(self, *, wait: bool) -> None:
        """What nobody tells us of."""
        if not wait and time.monotonic() - self._looked < _LOOK:
            return
        self._looked = time.monotonic()
        folder = settings.TENURE_DATA / "mirror"
        grounds, manifest = grounds_of(folder), read_manifest(folder)
        if grounds is None or manifest is None:
            self._asked["nothing"] += Event.objects.exists()
            return
        self._asked["policy"] += not grounds.in_force
        self._asked["zone"] += grounds.zone != Shop.objects.one().zone
        ended = ImportRun.objects.filter(ended_at__gt=max(grounds.known_at, self._imported))
        self._asked["import"] += ended.exists()
        if self._now() - grounds.known_at > _NEWS_US and time.monotonic() - self._ended > _NEWS_US / 1_000_000:
            position = position_of(manifest)
            self._asked["news"] += position is None or behind(position) > 0

    def _say(self, why: str) -> None:
        folder = settings.TENURE_DATA
        took = int(self._took * 1_000_000)
        progress.write(folder, replace(progress.read(folder), rebuilding=why, took_us=took, at=self._now()))
