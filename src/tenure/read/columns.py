"""Which column of a source plays which role, found by name or named by the user."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, fields
from typing import Final

from tenure.errors import BadColumns

__all__ = ["Columns", "find", "is_minor", "option", "says_instant", "unit_named"]


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns the user named, by role; None: found by its name. Case, spaces, underscores and dashes do not matter."""

    customer: str | None = None
    order: str | None = None
    at: str | None = None
    type: str | None = None
    amount: str | None = None
    currency: str | None = None
    category: str | None = None
    region: str | None = None
    discount: str | None = None
    reason: str | None = None
    quantity: str | None = None
    price: str | None = None


_OPTIONS: Final = frozenset((
    "customer", "order", "at", "type", "amount", "currency", "category", "region", "discount", "reason",
))  # fmt: skip
"""Roles that the command has an option for; the others can only be named in Python."""

# For each role the names that mean it, best first; names between two slashes mean it equally well.
_NAMES: Final[dict[str, str]] = {
    "customer": """
        customerid / customer custid customerno customernumber customerkey customercode cust
        / clientid client userid user householdid household memberid member accountid account buyerid buyer shopperid
        / email customeremail emailaddress useremail buyeremail
    """,
    "order": """
        orderid / order orderno ordernumber ordernr
        / invoice invoiceid invoiceno invoicenumber basketid basket transactionid transaction txnid
          receipt receiptid receiptno receiptnumber saleid purchaseid billno
    """,
    "at": """
        at occurredat
        / orderdate orderedat orderdatetime ordertimestamp orderat purchasedate purchasedat purchasetimestamp
          orderpurchasetimestamp invoicedate invoicedatetime transactiontimestamp transactiondate transactiondatetime
          saledate placedat eventtimestamp eventdate eventat
        / ordertime purchasetime invoicetime transactiontime saletime eventtime
        / createdat created createddate createdon / timestamp datetime ts / date / time day
    """,
    "type": "type kind eventtype eventkind / event eventname",
    "amount": """
        amountminor / amount / netamount amountnet subtotal netsales nettotal
        / total totalamount amounttotal ordertotal totalprice pricetotal salesvalue revenue value ordervalue orderamount
          invoiceamount invoicetotal transactionamount saleamount salesamount sales linetotal spend
        / grandtotal
    """,
    "quantity": "quantity / qty units itemquantity lineitemquantity",
    "price": "price unitprice / itemprice lineitemprice priceperunit",
    "currency": "currency currencycode / currencyiso isocurrency curr",
    "category": "category / productcategory categoryname department productline producttype",
    "region": "region / country countrycode / shippingcountry billingcountry / market territory state province",
    "discount": "discountminor / discount / discountamount discountvalue totaldiscount discounttotal",
    "reason": "reason / cancelreason refundreason leavingreason churnreason",
}

_INSTANT: Final = re.compile(r"(at|ts|time|timestamp|datetime|epoch|unix|[mun]s|seconds|millis|micros|nanos)$")
_UNITS: Final = (("us", "us"), ("micros", "us"), ("ms", "ms"), ("millis", "ms"), ("ns", "ns"), ("nanos", "ns"))


def find(label: str, names: tuple[str, ...], named: Columns, *, headed: bool = False) -> dict[str, int]:
    """Position of the column of every role that the source carries: what the user named, else the best name.

    `headed`: the names are the first row of a sheet or text. BadColumns if a named column is not there, two fit equally
    well, or nothing tells the customer or the time.
    """
    found = {
        field.name: _named(label, names, field.name, wish)
        for field in fields(named)
        if (wish := getattr(named, field.name)) is not None
    }
    wished = dict(zip(found.values(), found, strict=False))
    if len(wished) < len(found):
        raise _two_roles(label, names, found)
    for role in _NAMES:
        if role not in found and (place := _best(label, names, role, set(wished))) is not None:
            found[role] = place
    if headed and not found:
        held = _listed(tuple(name for name in names if name))
        raise BadColumns(
            f"{label}: the first row does not name the columns, it holds {held}; if the names stand further"
            f" down, delete the rows above them; if not, name them with {option('customer')}, {option('at')}"
        )
    for role, what in (("customer", "the customer"), ("at", "the time of the order")):
        if role not in found:
            if (place := _best(label, names, role, set())) is not None:
                lost = f"the column {names[place]!r} is named for {option(wished[place])}"
                raise BadColumns(f"{label}: {lost}, so none tells {what}; name another column for one of the two")
            raise BadColumns(f"{label}: no column tells {what}; it has {_listed(names)}; name it with {option(role)}")
    return found


def _two_roles(label: str, names: tuple[str, ...], found: dict[str, int]) -> BadColumns:
    places = list(found.values())
    place = next(place for place in places if places.count(place) > 1)
    first, second, *_ = (option(role) for role, at in found.items() if at == place)
    return BadColumns(
        f"{label}: the column {names[place]!r} is named for both {first} and {second}; name another for one of them"
    )


def is_minor(name: str) -> bool:
    """Whether the name says that amounts are in minor units (cents) already."""
    return _plain(name).endswith(("minor", "cents"))


def says_instant(name: str) -> bool:
    """Whether the name lets whole numbers be read as time since 1970."""
    return _INSTANT.search(_plain(name)) is not None


def unit_named(name: str) -> str | None:
    """The unit of time that the name ends in, as in created_ms: "us", "ms" or "ns"; None if it names none."""
    words = re.split(r"[\s_\-.]+", name.strip().casefold())
    return dict(_UNITS).get(words[-1]) if len(words) > 1 else None


def _plain(name: str) -> str:
    return re.sub(r"[\s_\-.]+", "", name).casefold()


def _named(label: str, names: tuple[str, ...], role: str, wish: str) -> int:
    exact = [i for i, name in enumerate(names) if name == wish]
    same = exact or [i for i, name in enumerate(names) if _plain(name) == _plain(wish)]
    if len(same) == 1:
        return same[0]
    if same:
        raise _same_name(label, tuple(names[i] for i in same))
    plain = {_plain(name): name for name in names}
    near = [plain[word] for word in difflib.get_close_matches(_plain(wish), list(plain), n=3, cutoff=0.5)]
    hint = f"nearest: {_listed(tuple(near))}" if near else f"it has {_listed(names)}"
    raise BadColumns(f"{label}: there is no column {wish!r} for {option(role)}; {hint}")


def _same_name(label: str, names: tuple[str, ...]) -> BadColumns:
    """The error of several columns among which not even their names can choose."""
    name = max(names, key=names.count)
    if names.count(name) == 1:
        return BadColumns(f"{label}: {_listed(names)} could each be meant; write the name letter by letter")
    return BadColumns(f"{label}: {names.count(name)} columns are called {name!r}; rename or drop all but one")


def _best(label: str, names: tuple[str, ...], role: str, taken: set[int]) -> int | None:
    for rank in _NAMES[role].split("/"):
        words = rank.split()
        fits = [i for i, name in enumerate(names) if i not in taken and _plain(name) in words]
        if len(fits) > len({names[i] for i in fits}):
            raise _same_name(label, tuple(names[i] for i in fits))
        if len(fits) > 1:
            both = _listed(tuple(names[i] for i in fits))
            raise BadColumns(f"{label}: {both} could each be the {role} column; choose one with {option(role)}")
        if fits:
            return fits[0]
    return None


def option(role: str) -> str:
    """How the user names the column of a role."""
    in_python = f'columns={{"{role}": NAME}} in Python'
    if role not in _OPTIONS:
        return in_python
    # in explain --customer is the customer's id; the longer name means the column everywhere
    return f"--{'customer-column' if role == 'customer' else role} NAME ({in_python})"


def _listed(names: tuple[str, ...]) -> str:
    shown = ", ".join(repr(name) for name in names[:20])
    return f"{shown} and {len(names) - 20} more" if len(names) > 20 else shown or "no columns"
