"""What the files of a mirror say, base and overlay together."""

import duckdb

from tenure.lifecycle.policy import DEFAULT
from tenure_app.insight.days import key_of
from tenure_app.ledger.manifest import read_manifest

TABLES = ("history", "passages", "reasons", "money")


def lives(folder, known_at=None, policy=DEFAULT):
    """Every row of every life."""
    here = read_manifest(folder).lives[key_of(policy, known_at)]
    with duckdb.connect() as one:
        one.execute(f"ATTACH '{folder / here.base}' AS base (READ_ONLY)")
        if here.delta is None:
            return {name: sorted(one.sql(f"FROM base.{name}").fetchall(), key=repr) for name in TABLES}
        one.execute(f"ATTACH '{folder / here.delta}' AS delta (READ_ONLY)")
        return {
            name: sorted(one.sql(
                f"FROM base.{name} WHERE c NOT IN (SELECT c FROM delta.touched) UNION ALL FROM delta.{name}"
            ).fetchall(), key=repr) for name in TABLES
        }  # fmt: skip
