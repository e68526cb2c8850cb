"""Writes dialects.md from the data files of the dialects. A test holds the page to them.

python docs/reference/make_dialects.py
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from tenure_app.dialects.amounts import MOST_MINOR
from tenure_app.dialects.mapping import Dialect, Meaning, Sum, dialect_of
from tenure_app.dialects.reading import MOST_BYTES
from tenure_app.dialects.said import FLAGS
from tenure_app.dialects.segment import LARGEST_CONTEXT, LARGEST_EVENT, MOST_EVENTS

HERE = Path(__file__).resolve().parent

HEAD = """# Dialects

Made from the files in `tenure_app/dialects/data` by `docs/reference/make_dialects.py`. What libraries and services send
is read into the [kinds of events](events.md). A source's own rules (`kinds`: the sender's name of an event to a kind)
come before what stands here; an event that no rule knows is kept as `event.other` with its name and properties.

## What holds for all

"""
RULES = [
    (
        "Size",
        (f"a request of {MOST_BYTES // 1_048_576} MB, an event of {LARGEST_EVENT // 1_024} KB, {MOST_EVENTS:,} "
        "events in a batch, "
        f"{LARGEST_CONTEXT // 1_024} KB that it says of all of them. Segment's libraries keep to 500 KB and 32 KB"),
    ),
    (
        "Refused with 400",
        ("no JSON, no UTF-8, lists and objects in each other without end (`invalid_json`); JSON of another "
        "shape (`invalid_body`); a single event that is too large (`too_large`). A request that is: 413"),
    ),
    (
        "Quarantined",
        ("an event that cannot be kept, one by one: the others of its batch are kept. It can be read again "
        "alone, with the same time"),
    ),
    (
        "Text",
        ("kept as it is. NUL and half a character, which no database keeps, quarantine the event (`bad_text`);"
        " so do more than 100 levels (`too_deep`)"),
    ),
    (
        "Ids",
        "texts or numbers of at most 255 characters, blanks around them cut",
    ),
    (
        "Times",
        ("ISO 8601, or seconds or milliseconds since 1970; without an offset of the source's zone; 1900 to "
        "2200. Without a time, when it was received"),
    ),
    (
        "Amounts",
        (f"exact, from the digits as written; at most {MOST_MINOR:,} of the smallest unit; negative or "
        "unreadable quarantines (`bad_amount`, `bad_currency`). Without a currency anywhere an amount is not "
        "known, and stays among the properties"),
    ),
    (
        "Category of an order",
        "that with the most money among its lines; then more lines, then the alphabet",
    ),
    (
        "Keys",
        "an order is known by its number (`order:`), everything else by its message's id (`m:`), for ever",
    ),
]
ODD = f"""
What is odd about a time is kept with the event: {", ".join(f"`{flag}` ({says})" for flag, says in FLAGS.items())}.

## segment

Segment's calls; RudderStack's libraries make them too. `identify`, `track`, `page`, `screen`, `group`, `alias`, one
event each; `batch` and `import` with many.

- Time: received at − (`sentAt` − `timestamp`), so that a wrong clock is set right. A `sentAt` that is absent or
  unreadable leaves `timestamp` as it is, and so does one of the last five seconds: that long a request may be on its
  way, and what a page sends in several at once stays in its order.
- `identify` links its two ids (`customer.identified`), and so does any event with both; `alias` says that two ids are
  one person's (`customer.merged`); `group` is `account.joined`; `page` and `screen` are `page.viewed`, `screen.viewed`.
- E-mail address and telephone are lifted out of the traits. `context.locale` and `context.timezone` are guesses.
  `context.consent.categoryPreferences`: no to any category is no to visits being joined.
- Of `context` campaign, page (path, referrer, title, url), library, system and device type are kept; the address of the
  device and its user agent are not.
- Without `messageId` an event is known by a hash of what it says; ids above 100 characters are hashed.
- An order's amount is `total`, else `revenue` with shipping and tax, else `value`, else the sum of its lines.

"""
CUSTOMERIO = """
## customerio

Customer.io's Track API, version 1, under `/api/v1`. Ids stand percent-encoded in the path; one that is an e-mail
address is their address too.

"""
CALLS = [
    (
        "`PUT /customers/{id}`",
        "`customer.identified`; `unsubscribed` true or false is `consent.denied` or `consent.given` as well",
    ),
    (
        "`POST /customers/{id}/events`, `POST /events`",
        "by its name, see below; of type `page` or `screen`: `page.viewed`, `screen.viewed`",
    ),
    (
        "`PUT /customers/{id}/devices`, `DELETE /customers/{id}/devices/{id}`",
        "`device.added`, `device.removed`",
    ),
    (
        "`POST /customers/{id}/suppress`, `.../unsuppress`",
        "`contact.refused`, `contact.allowed`",
    ),
    (
        "`DELETE /customers/{id}`",
        "`customer.left`, reason `deleted`",
    ),
    (
        "`POST /merge_customers`",
        "`customer.merged`: the second is taken for the first",
    ),
]
CALLED_AGAIN = """
Without an `id` of the event the same bytes to the same path within one hour of the clock are one event: the library
sends a failed request again within seconds. Names mean what they mean in Segment's dialect, and:

"""
STRIPE = """
## stripe

Webhooks, checked by `Stripe-Signature` (at most five minutes old). Amounts are in Stripe's smallest units. A payment is
told in several events: the charge is the order, its id the order's; `payment_intent.succeeded`, `invoice.paid` and
`checkout.session.completed` are `event.other` unless the source's rules say otherwise.

"""
SHOPIFY = """
## shopify

Webhooks by topic, checked by `X-Shopify-Hmac-Sha256`. That signs the body alone, so a message is known by its body and
topic, whatever its headers say. A refund does not say whose order it was: its number does.

"""
STANDARD = """
## standard

Any sender of Standard Webhooks: `{"type": ..., "timestamp": ..., "data": {...}}`, checked by
`webhook-signature` with the secret `whsec_...` (at most five minutes old). A type that is the name of one of our kinds
means it; what others mean is the source's rules' to say.

"""


def dialects_page() -> str:
    """The text of dialects.md."""
    segment = dialect_of("segment")
    own = {name: said for name, said in dialect_of("customerio").events.items() if name not in segment.events}
    parts = [HEAD, _table(("what", "rule"), RULES), ODD, _names(segment.events.items()), _spots(segment)]
    parts += [CUSTOMERIO, _table(("call", "what it is"), CALLS), CALLED_AGAIN, _names(own.items())]
    for text, name in ((STRIPE, "stripe"), (SHOPIFY, "shopify"), (STANDARD, "standard")):
        dialect = dialect_of(name)
        parts += [text, _names(dialect.events.items()) if dialect.events else "", _spots(dialect)]
    return "".join(parts)


def _names(events: Iterable[tuple[str, Meaning]]) -> str:
    rows = [(f"`{name}`", f"`{said.kind}`", "; ".join(_notes(said))) for name, said in events]
    return _table(("event", "kind", "with"), rows)


def _notes(said: Meaning) -> Iterator[str]:
    yield from (f"{name} {value}" for name, value in said.fixed.items() if name != "asks")
    if said.updates:
        yield "changes an order that is known"
    yield from (f"only if `{'.'.join(spot)}` is {str(wanted).lower()}" for spot, wanted in said.when)
    if said.switch:
        yield f"by `{'.'.join(said.switch)}`: " + ", ".join(f"{case} `{kind}`" for case, kind in said.cases.items())


def _spots(dialect: Dialect) -> str:
    """Where what is kept of a kind stands, without what stands there for every kind."""
    usual, rows = dialect.other.spots, []
    for kind, said in dialect.kinds.items():
        found = {name: spots for name, spots in said.spots.items() if usual.get(name) != spots}
        cells = [f"{name}: {_either('.'.join(spot) for spot in spots)}" for name, spots in found.items()]
        if said.amounts:
            cells.append(f"amount: {_either(_sum(terms, said) for terms in said.amounts)}")
        if said.discounts:
            cells.append(f"discount: {_either(_sum(terms, said) for terms in said.discounts)}")
        cells += [f"trait {name}: `{'.'.join(spot)}`" for name, spot in said.traits.items()]
        if cells:
            rows.append((f"`{kind}`", "; ".join(cells)))
    text = ""
    if usual:
        text = "\n" + _table(("of every event", "where it stands"), [
            (name, _either(".".join(spot) for spot in spots)) for name, spots in usual.items()
        ])  # fmt: skip
    return text + ("\n" + _table(("kind", "where it stands"), rows) if rows else "")


def _either(spots: Iterable[str]) -> str:
    return ", else ".join(f"`{spot}`" for spot in spots)


def _sum(terms: Sum, said: Meaning) -> str:
    if not terms:
        lines = said.lines
        assert lines is not None
        times = f" × {'.'.join(lines.quantity)}" if lines.quantity else ""
        where = "".join(f", {name} {value}" for name, value in lines.where)
        return f"sum of {'.'.join(lines.at)}: {'.'.join(lines.price)}{times}{where}"
    words = [f"{'+' if sign > 0 else '−'} {'.'.join(spot)}" for sign, spot in terms]
    return " ".join(words).removeprefix("+ ")


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    return "".join("| " + " | ".join(cells) + " |\n" for cells in [head, ("---",) * len(head), *rows])


if __name__ == "__main__":
    (HERE / "dialects.md").write_text(dialects_page(), encoding="utf-8", newline="\n")
