"""Files of each export format with people and purchases of chance, and the facts that must come of them.

What is expected is said by whoever makes the row, not worked out from the file.
"""

import csv
import io
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import export_columns as columns

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST = ("Ana", "Björn", "Chloé", "Dag", "Éva", "O'Neil", "Li", "Zoë")
LAST = ("Smith, Jr.", "Müller", "D'Arcy", "Nowak", "Ito", "van den Berg", '"Ace" Jones')


def micros(at: datetime) -> int:
    return (at - EPOCH) // timedelta(microseconds=1)


@dataclass
class Export:
    """Rows by column, and what they say: facts by key, people by their strongest id, counts by code."""

    format: str
    columns: tuple[str, ...]
    file_name: str = "export.csv"
    rows: list[dict] = field(default_factory=list)
    facts: dict[str, tuple] = field(default_factory=dict)
    """key: (kind, strongest id of the person, instant, order_key, amount_minor, currency, channel)"""
    rejected: dict[str, int] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)
    needed: tuple[str, ...] = ()
    """Columns without which other facts would come of it."""

    def say(self, key, kind, person, at, order=None, amount=None, currency=None, channel=None):
        self.facts[key] = (kind, person, None if at is None else micros(at), order, amount, currency, channel)

    def lose(self, where, code, rows=1):
        where[code] = where.get(code, 0) + rows

    def text(self, rng=None, *, keep=1.0) -> str:
        """The file; with a generator columns shuffled, their case changed, and those not needed dropped by chance."""
        names = list(self.columns)
        shown = {name: name for name in names}
        if rng is not None:
            rng.shuffle(names)
            names = [name for name in names if name in self.needed or rng.random() < keep]
            shown = {name: rng.choice((name, name.upper(), name.lower(), f" {name} ")) for name in names}
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow([shown[name] for name in names])
        writer.writerows([row.get(name, "") for name in names] for row in self.rows)
        return out.getvalue()

    def write(self, folder: Path, rng=None, *, keep=1.0, bom=False) -> Path:
        path = folder / self.file_name
        path.write_bytes((b"\xef\xbb\xbf" if bom else b"") + self.text(rng, keep=keep).encode())
        return path


@dataclass(frozen=True)
class Person:
    number: int
    first: str
    last: str
    email: str
    phone: str
    country: str


def people(rng, n):
    return [
        Person(
            6940095564 + 7 * i, rng.choice(FIRST), rng.choice(LAST), f"Person{i}@Example.com",
            f"+49 30 {1000000 + i}", rng.choice(("DE", "US", "GB")),
        )
        for i in range(n)
    ]  # fmt: skip


def instant(rng):
    return datetime(2022, 1, 1, tzinfo=UTC) + timedelta(seconds=rng.randrange(3 * 365 * 86_400))


def cents(rng):
    return rng.choice((0, 5, 999, 123_450, rng.randrange(1, 400_000)))


def money(minor, thousands=""):
    return f"{minor // 100:,}.{minor % 100:02}".replace(",", thousands)


def shopify_orders(rng, n=60):
    out = Export(
        "shopify-orders", columns.SHOPIFY_ORDERS,
        needed=("Name", "Email", "Financial Status", "Created at", "Cancelled at", "Currency", "Total", "Subtotal",
                "Refunded Amount", "Lineitem name", "Lineitem quantity", "Phone", "Billing Phone", "Shipping Phone"),
    )  # fmt: skip
    known = people(rng, n // 3)
    statuses = ("paid",) * 6 + ("partially_paid", "partially_refunded", "refunded", "pending", "authorized", "voided")
    for number in range(1001, 1001 + n):
        person, at, total, lines = rng.choice(known), instant(rng), cents(rng), rng.randrange(1, 4)
        status = rng.choice(statuses)
        back = total if status == "refunded" else total // 2 if status == "partially_refunded" else 0
        cancelled = at + timedelta(days=3) if status == "refunded" and rng.random() < 0.5 else None
        email = "" if rng.random() < 0.1 else person.email
        zone = ZoneInfo(rng.choice(("Europe/London", "America/New_York")))
        stamp = lambda moment, zone=zone: moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S %z")  # noqa: E731
        head = {
            "Name": f"#{number}", "Email": email, "Financial Status": status, "Currency": "EUR",
            "Subtotal": money(total), "Total": money(total), "Created at": stamp(at), "Billing Name": person.first,
            "Cancelled at": stamp(cancelled) if cancelled else "", "Refunded Amount": money(back),
            "Shipping Country": person.country, "Notes": 'two\n"lines"', "Billing Zip": "'01234", "Source": "web",
        }  # fmt: skip
        for line in range(lines):
            item = {"Lineitem name": f"Boot {line}", "Lineitem quantity": "2", "Lineitem price": "1.00"}
            repeated = {"Name": rng.choice(("", f"#{number}")), "Email": rng.choice(("", email))}
            out.rows.append({**(head if line == 0 else repeated), **item})
        if status in ("pending", "authorized", "voided"):
            out.lose(out.left_out, "voided" if status == "voided" else "not_paid", 1)
            out.lose(out.left_out, "voided" if status == "voided" else "not_paid", lines - 1)
        elif not email:
            out.lose(out.rejected, "missing_customer", lines)
        else:
            who, order = person.email.lower(), str(number)
            out.say(f"order:{order}", "order.placed", who, at, order, total, "EUR", "web")
            if back:
                out.say(f"refund:{order}:1", "order.refunded", who, cancelled or at, order, back, "EUR", "web")
            if cancelled:
                out.say(f"cancel:{order}", "order.cancelled", who, cancelled, order, None, None, "web")
    return out


def shopify_customers(rng, n=40, *, legacy=False):
    names = columns.SHOPIFY_CUSTOMERS_2023 if legacy else columns.SHOPIFY_CUSTOMERS
    out = Export("shopify-customers", names)
    out.needed = tuple(name for name in names if name in ("Customer ID", "Email") or "Marketing" in name)
    for person in people(rng, n):
        who = person.email.lower() if legacy else str(person.number)
        email, sms = rng.choice(("yes", "no")), rng.choice(("yes", "no", ""))
        out.rows.append({
            "Customer ID": f"'{person.number}", "First Name": person.first, "Last Name": person.last,
            "Email": person.email, "Accepts Email Marketing": email, "Accepts SMS Marketing": sms,
            "Phone": f"'{person.phone}", "Default Address Country Code": person.country, "Tags": "VIP, Blog",
            "Note": "line\nbreak", "Total Spent": "12.50", "Country Code": person.country,
        })  # fmt: skip
        out.say(f"customer:{who}", "customer.created", who, None)
        for channel, word in (("email", email), ("sms", sms)):
            if word:
                kind = "consent.given" if word == "yes" else "consent.denied"
                out.say(f"consent:{channel}:{who}", kind, who, None, channel=channel)
    return out


def woocommerce_customers(rng, n=40, *, older=False):
    names = columns.WOOCOMMERCE_CUSTOMERS_OLDER if older else columns.WOOCOMMERCE_CUSTOMERS
    sign_up = "Sign up" if older else "Sign Up"
    out = Export("woocommerce-customers", names, needed=("Email", sign_up, "Username", "AOV", "Orders"))
    for person in people(rng, n):
        at = instant(rng) if rng.random() < 0.8 else None
        out.rows.append({
            "Name": f"{person.first} {person.last}", "Username": person.first.lower(), "Email": person.email,
            sign_up: at.strftime("%Y-%m-%d %H:%M:%S") if at else "", "Orders": "3", "AOV": "12.5",
            "Country / Region": person.country, "City": "Köln",
        })  # fmt: skip
        who = person.email.lower()
        out.say(f"customer:{who}", "customer.created", who, at)
    return out


def woocommerce_orders(rng, n=50):
    out = Export("woocommerce-orders", columns.WOOCOMMERCE_ORDERS)
    out.needed = out.columns
    for number in range(501, 501 + n):
        name, at, net = rng.choice(FIRST) + " " + rng.choice(LAST[1:]), instant(rng), cents(rng)
        status = rng.choice(("completed", "processing", "on-hold", "refunded", "cancelled", "failed", "pending"))
        out.rows.append({
            "Date": at.strftime("%Y-%m-%d %H:%M:%S"), "Order #": str(number), "Status": status, "Customer": name,
            "N. Revenue (formatted)": "$" + money(net, ","), "Customer type": "new", "Product(s)": "2× Boot",
            "Items sold": "2", "Net Sales": money(net),
        })  # fmt: skip
        if status in ("on-hold", "pending", "failed"):
            out.lose(out.left_out, "failed" if status == "failed" else "not_paid")
            continue
        who, order = name.lower(), str(number)
        out.say(f"order:{order}", "order.placed", who, at, order, net, "USD")
        if status == "refunded":
            out.say(f"refund:{order}:1", "order.refunded", who, at, order, net, "USD")
        if status == "cancelled":
            out.say(f"cancel:{order}", "order.cancelled", who, at, order)
    return out


def stripe_payments(rng, n=60, *, legacy=False):
    names = columns.STRIPE_PAYMENTS_LEGACY if legacy else columns.STRIPE_PAYMENTS
    created = "Created (UTC)" if legacy else "Created date (UTC)"
    out = Export("stripe-payments", names)
    out.needed = ("id", created, "Amount", "Amount Refunded", "Currency", "Captured", "Status", "Customer ID",
                  "Customer Email", "Mode")  # fmt: skip
    known = people(rng, n // 3)
    for i in range(n):
        person, at, amount = rng.choice(known), instant(rng), cents(rng)
        status = rng.choice(("Paid", "Paid", "Paid", "Refunded", "Failed", "Uncaptured", "Test"))
        currency = rng.choice(("eur", "usd", "jpy"))
        written = f"{amount:,}" if currency == "jpy" else money(amount, ",")
        guest = person.number % 2
        out.rows.append({
            "id": f"ch_{i:04}", created: at.strftime("%Y-%m-%d %H:%M:%S"), "Amount": written, "Currency": currency,
            "Amount Refunded": written if status == "Refunded" else "0.00", "Customer Email": person.email,
            "Status": {"Uncaptured": "Paid", "Test": "Paid"}.get(status, status),
            "Captured": "FALSE" if status in ("Uncaptured", "Failed") else "true",
            "Mode": "Test" if status == "Test" else "Live", "Customer ID": "" if guest else f"cus_{person.number}",
            "Customer Name": person.last,
        })  # fmt: skip
        if status in ("Failed", "Uncaptured", "Test"):
            out.lose(out.left_out, {"Failed": "failed", "Uncaptured": "not_captured", "Test": "test"}[status])
            continue
        who = person.email.lower() if guest else f"cus_{person.number}"
        out.say(f"order:ch_{i:04}", "order.placed", who, at, f"ch_{i:04}", amount, currency.upper())
        if status == "Refunded" and amount:
            key = f"refund:ch_{i:04}:1"
            out.say(key, "order.refunded", who, at, f"ch_{i:04}", amount, currency.upper())
    return out


def square_transactions(rng, n=60, *, older=False):
    names = columns.SQUARE_TRANSACTIONS_OLDER if older else columns.SQUARE_TRANSACTIONS
    out = Export("square-transactions", names)
    out.needed = ("Date", "Time", "Time Zone", "Total Collected", "Net Sales", "Gross Sales", "Transaction ID",
                  "Event Type", "Customer ID", "Transaction Status", "Channel", "Discounts")  # fmt: skip
    known = people(rng, n // 3)
    zones = (("Eastern Time (US & Canada)", "America/New_York"), ("London", "Europe/London"), ("UTC", "UTC"))
    for i in range(n):
        person, amount, (says, zone) = rng.choice(known), cents(rng), rng.choice(zones)
        at = instant(rng).replace(hour=15)
        wall = at.astimezone(ZoneInfo(zone))
        back, nobody = rng.random() < 0.2, rng.random() < 0.2
        amount = amount or 7
        out.rows.append({
            "Date": wall.strftime("%m/%d/%Y" if older else "%Y-%m-%d"), "Time": wall.strftime("%H:%M:%S"),
            "Time Zone": says, "Gross Sales": "$0.00", "Discounts": "-$0.95",
            "Total Collected": ("-$" if back else "$") + money(amount, ","), "Transaction ID": f"T{i:03}",
            "Event Type": "Refund" if back else "Payment", "Customer ID": "" if nobody else f"SQ{person.number}",
            "Customer Name": person.first, "Transaction Status": "Complete",
        })  # fmt: skip
        if nobody:
            out.lose(out.rejected, "missing_customer")
            continue
        kind, key = ("order.refunded", f"refund:T{i:03}:1") if back else ("order.placed", f"order:T{i:03}")
        out.say(key, kind, f"SQ{person.number}", at, f"T{i:03}", amount, "USD")
    return out


def mailchimp(rng, n=40, *, status="subscribed"):
    names = {"unsubscribed": columns.MAILCHIMP_UNSUBSCRIBED, "cleaned": columns.MAILCHIMP_CLEANED}
    out = Export("mailchimp-audience", names.get(status, columns.MAILCHIMP), f"{status}_members_export_1a2b3c.csv")
    out.needed = ("Email Address", "OPTIN_TIME", "CONFIRM_TIME", "UNSUB_TIME", "CLEAN_TIME", "LEID", "EUID")
    for person in people(rng, n):
        optin = instant(rng) if rng.random() < 0.7 else None
        confirm = instant(rng)
        ended = instant(rng)
        shown = lambda at: at.strftime("%Y-%m-%d %H:%M:%S") if at else ""  # noqa: E731
        out.rows.append({
            "Email Address": person.email, "First Name": person.first, "OPTIN_TIME": shown(optin),
            "CONFIRM_TIME": shown(confirm), "CONFIRM_IP": "203.0.113.9", "CC": person.country, "LEID": "1", "EUID": "e",
            "TAGS": '"VIP","Blog"', "UNSUB_TIME": shown(ended), "UNSUB_REASON": "NO_LONGER", "CLEAN_TIME": shown(ended),
        })  # fmt: skip
        who = person.email.lower()
        out.say(f"customer:{who}", "customer.created", who, optin or confirm)
        if status == "subscribed":
            out.say(f"consent:email:{who}", "consent.given", who, confirm, channel="email")
        elif status == "unsubscribed":
            out.say(f"consent:email:{who}", "consent.denied", who, ended, channel="email")
        elif status == "cleaned":
            out.say(f"bounce:email:{who}", "message.bounced", who, ended, channel="email")
    return out


def hubspot(rng, n=40):
    out = Export("hubspot-contacts", columns.HUBSPOT)
    out.needed = ("Record ID", "Email", "Create Date", "Unsubscribed from all email", "Lead Status")
    for person in people(rng, n):
        at, refused = instant(rng).replace(second=0), rng.choice(("true", "false", ""))
        out.rows.append({
            "Record ID": str(person.number), "First Name": person.first, "Last Name": person.last,
            "Email": person.email, "Create Date": at.strftime("%Y-%m-%d %H:%M"), "Lead Status": "NEW",
            "Unsubscribed from all email": refused, "Country/Region": person.country, "Phone Number": person.phone,
        })  # fmt: skip
        who = str(person.number)
        out.say(f"customer:{who}", "customer.created", who, at)
        if refused == "true":
            out.say(f"consent:email:{who}", "consent.denied", who, None, channel="email")
    return out


EXPORTS = {
    "shopify orders": shopify_orders,
    "shopify customers": shopify_customers,
    "shopify customers of 2023": lambda rng: shopify_customers(rng, legacy=True),
    "woocommerce customers": woocommerce_customers,
    "woocommerce customers, older": lambda rng: woocommerce_customers(rng, older=True),
    "woocommerce orders": woocommerce_orders,
    "stripe payments": stripe_payments,
    "stripe payments, legacy": lambda rng: stripe_payments(rng, legacy=True),
    "square transactions": square_transactions,
    "square transactions, older": lambda rng: square_transactions(rng, older=True),
    "mailchimp subscribed": mailchimp,
    "mailchimp unsubscribed": lambda rng: mailchimp(rng, status="unsubscribed"),
    "mailchimp cleaned": lambda rng: mailchimp(rng, status="cleaned"),
    "mailchimp nonsubscribed": lambda rng: mailchimp(rng, status="nonsubscribed"),
    "hubspot contacts": hubspot,
}


def made(name: str, seed: int = 1) -> Export:
    """The export of that name, the same for the same seed."""
    return EXPORTS[name](random.Random(seed))
