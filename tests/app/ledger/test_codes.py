"""Traits as codes: what does not fit into the book of codes is not known, and stops nobody."""

import json
import random

import pytest
from heard import hear, said

from tenure.engine.duckdb import DuckDB
from tenure_app.dialects.said import LINK
from tenure_app.ledger.codes import read_traits
from tenure_app.ledger.models import Identity, TraitCode


def coded(after=None):
    """(customer, value) of every bio that is known."""
    with DuckDB() as engine:
        read_traits(engine, ["bio"], after=after)
        rows = engine.connection.table("coded").fetchall()
    book = dict(TraitCode.objects.values_list("pk", "value"))
    people = dict(Identity.objects.filter(kind="customer").values_list("person_id", "match"))
    return {people[c]: json.loads(book[code]) for c, _, code, _ in rows}


@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize("after", [None, 0])
def test_a_long_value_is_not_known_and_holds_up_no_other(after):
    dice = random.Random(7)
    # letters of four bytes each, which no index packs; two of the characters are the quotes around it
    longest = "".join(chr(dice.randrange(0x20000, 0x2A000)) for _ in range(498))
    hear(
        said(LINK, user="u1", traits={"bio": longest * 4}), said(LINK, user="u2", traits={"bio": longest}),
        said(LINK, user="u3", traits={"bio": f"{longest}x"}, guesses={"bio": "short"}),
        said(LINK, user="u4", traits={"bio": "short"}),
    )  # fmt: skip
    assert coded(after) == {"u2": longest, "u4": "short"}
    hear(said(LINK, user="u4", traits={"bio": longest * 3}))
    assert coded(after) == {"u2": longest}
