"""What every dialect is read into: one event as a sender said it, in our words, before anybody is recognised."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

__all__ = ["ALIAS", "EVENT", "FLAGS", "LINK", "Bad", "Rules", "Said"]

EVENT, LINK, ALIAS = "event", "link", "alias"
"""What an event asks for besides being kept. link: its ids are one person's, if nothing speaks against it (identify).
alias: `user` and `previous` are one person, said explicitly. event: nothing."""

FLAGS: Final = {
    "late": "told more than a day after it happened",
    "future": "lies in the future by more than the clocks can differ",
    "skewed": "the sender's clock was wrong by more than a day and was set right",
}
"""What may be odd about a time; the event is kept with it."""


@dataclass(slots=True)
class Said:
    """One event.

    key: within the source, for ever: `order:` and the order's id where it says that an order was placed or changed,
    else `m:` and the message's id. message: the message's id where the key is another. at: us UTC, the sender's clock
    set right; None: no time was said. kind: of the glossary, `event.other` for what no rule knows. name: what the
    sender calls it. user, anonymous, previous: ids within the source; email: as said. account: the id of a group of
    the source. traits: said of the person, guesses: read off their device (language, timezone), account_traits: of the
    group. properties: the rest of what was said, without transport. updates: it changes an order that is known, and
    is only kept where none is. choice: what the sender says of their choice about visits, None where nothing.
    raw: as it was sent, for whoever has to find it in their own code. before: the key that the same would have had if
    it came a little earlier, where the key says when it came.
    """

    key: str
    kind: str
    at: int | None
    name: str = ""
    message: str | None = None
    flag: str | None = None
    asks: str = EVENT
    user: str | None = None
    anonymous: str | None = None
    previous: str | None = None
    email: str | None = None
    phone: str | None = None
    account: str | None = None
    order_key: str | None = None
    amount_minor: int | None = None
    currency: str | None = None
    discount_minor: int | None = None
    category: str | None = None
    region: str | None = None
    channel: str | None = None
    reason: str | None = None
    updates: bool = False
    choice: bool | None = None
    traits: Mapping[str, Any] = field(default_factory=dict)
    guesses: Mapping[str, Any] = field(default_factory=dict)
    account_traits: Mapping[str, Any] = field(default_factory=dict)
    properties: Mapping[str, Any] = field(default_factory=dict)
    raw: bytes = field(default=b"", repr=False, compare=False)
    before: str | None = None


@dataclass(slots=True)
class Bad:
    """An event that cannot be put on the timeline. code: for programs; reason: one line for people; name: its own name
    or its call's; said: the event as JSON, or the text that could not be read."""

    code: str
    reason: str
    name: str
    said: str


@dataclass(frozen=True, slots=True)
class Rules:
    """What a source's events mean, as data.

    kinds: the sender's own name of an event, lower case, to a kind of the glossary; "" leaves it `event.other`.
    currency: of amounts that name none, None: such amounts are not known. zone: of times that carry none.
    """

    kinds: Mapping[str, str] = field(default_factory=dict)
    currency: str | None = None
    zone: str = "UTC"
