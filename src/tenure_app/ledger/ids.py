"""Which ids identify anybody, and how they are written so that they are found again; as imports write them."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from typing import Final

__all__ = ["address", "draw_of", "folded_name", "identifying", "scattered", "telephone", "turned_name"]

_LONGEST: Final = 500
"""Characters of an id that an index still holds."""
_REMEMBERED: Final = 65_536
_DRAWS: Final = 2_147_483_647

_GENERIC: Final = frozenset({
    "null", "undefined", "none", "nil", "nan", "n/a", "#n/a", "<na>", "na", "anonymous", "anonymous_user", "anon",
    "guest", "user", "userid", "user_id", "user id", "unknown", "not set", "(not set)", "not_set", "not available",
    "test", "testuser", "test_user", "demo", "example", "id", "distinct_id", "distinctid", "anonymous_id",
    "anonymousid", "email", "e-mail", "username", "name", "login", "customer", "customer_id", "member", "visitor",
    "default", "empty", "missing", "invalid", "deleted", "-1", "true", "false", "yes", "no", "[object object]",
    "[object undefined]", "object", "{}", "[]", '""', "''", "00000000-0000-0000-0000-000000000000",
    "ffffffff-ffff-ffff-ffff-ffffffffffff", "{{user.id}}", "{{userid}}", "${userid}", "%userid%",
})  # fmt: skip
"""What libraries and forms send where they know nobody, small letters."""
_GENERIC_NAMES: Final = frozenset({
    "example", "test", "tester", "noreply", "no-reply", "no_reply", "donotreply", "do-not-reply", "none", "null",
    "nobody", "anonymous", "guest", "unknown", "undefined", "email", "user", "na", "n/a", "asdf",
})  # fmt: skip
"""The parts before the @ that are nobody's, where what follows is made up too."""
_MADE_UP: Final = frozenset({
    "example.com", "example.org", "example.net", "test.com", "test.test", "test.de", "email.com", "domain.com",
    "none.com", "null.com", "localhost", "none", "null", "undefined", "invalid", "noemail.com", "nomail.com",
})  # fmt: skip
_UNFIT: Final = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
"""What no database keeps as text, and no id holds."""
_WHOLE: Final = re.compile(r"0|-?[1-9][0-9]{0,17}")
_ADDRESS: Final = re.compile(r"[^@\s]+@[^@\s]+")


@lru_cache(maxsize=_REMEMBERED)
def identifying(said: str | None) -> str | None:
    """An id as it is looked for; None for what identifies nobody: a word that libraries send for nobody in particular,
    one character over and over, a text that no id is."""
    if said is None:
        return None
    text = said.strip()
    if not text or len(text) > _LONGEST or _UNFIT.search(text):
        return None
    if text.lower() in _GENERIC or (len(set(text.replace("-", ""))) <= 1 and not _counts(text)):
        return None
    return text


def _counts(text: str) -> bool:
    """Whether a shop may well have given it all the same: 7, 11, 222, K."""
    return text.isalnum() and text[0] != "0" and (len(text) == 1 or (len(text) <= 6 and text.isdigit()))


@lru_cache(maxsize=_REMEMBERED)
def address(said: str | None) -> str | None:
    """An e-mail address as it is looked for; None for what is none, and for those that many write into forms."""
    text = (said or "").strip().lower()
    if len(text) > _LONGEST or not _ADDRESS.fullmatch(text) or _UNFIT.search(text):
        return None
    name, _, domain = text.partition("@")
    if domain in _MADE_UP and (name in _GENERIC_NAMES or name == domain.partition(".")[0] or len(set(name)) == 1):
        return None
    return None if name in ("null", "undefined") else text


@lru_cache(maxsize=_REMEMBERED)
def telephone(said: str | None) -> str | None:
    """A telephone number as it is looked for, digits with a plus where it names its country; None for what is none."""
    text = (said or "").strip()
    digits = re.sub(r"[^0-9]", "", text)
    if not 6 <= len(digits) <= 40 or len(set(digits)) == 1:
        return None
    if text.startswith("00"):
        return f"+{digits[2:]}"
    return f"+{digits}" if text.startswith("+") else digits


def folded_name(said: str) -> str:
    """What a search for a name looks at: small letters, single spaces."""
    return " ".join(said.lower().split())


def turned_name(folded: str) -> str | None:
    """A name with its last word first; None for one of a single word."""
    first, _, last = folded.rpartition(" ")
    return f"{last} {first}" if first else None


def draw_of(customer: str | None) -> int | None:
    """The draw of whom a customer's id makes known, the same whether they come in a file or over the wire; None where
    they draw by their number."""
    if customer is None or "@" in customer:
        return None
    if not _WHOLE.fullmatch(customer):
        return int.from_bytes(hashlib.md5(customer.encode(), usedforsecurity=False).digest()[8:], "little") % _DRAWS
    return scattered(int(customer))


def scattered(number: int) -> int:
    """The draw of a whole number (tenure.lifecycle.population.draws)."""
    x = number % _DRAWS
    y = (x * 48271 + 11) % _DRAWS
    return (y * y + x) % _DRAWS
