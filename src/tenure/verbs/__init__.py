"""The Python verbs: orders in, tables of the same kind out.

    import tenure
    picture = tenure.stages(orders, as_of="2024-06-01", timezone="Europe/Berlin")

`orders` is a path (CSV, Parquet, Excel), a table of pandas, Polars, PyArrow or DuckDB, or a list of them. A path gives
a PyArrow table, a table one of its own library. All verbs share these parameters:

policy: a `Policy`, the path of a policy file, or None for the default rule.
timezone: the shop's zone, for days, weeks, months and for dates and times that carry none.
times_in: the zone of times in the orders that carry none.
columns: which column plays which role where its name does not tell, as in {"customer": "Buyer No"}.
rejects: a .csv, .parquet or .json file to write the rows that could not be used to.
progress: called with a few words whenever a step begins.

Rows that cannot be used are left out and counted in a `RowsRejected` warning; if that is all of them, it is a BadFile.
Errors are those of tenure.errors.
"""

from tenure.verbs.public import (
    RowsRejected,
    backtest,
    explain,
    fit,
    flows,
    history,
    predict,
    report,
    simulate,
    stages,
    suggest,
    value,
)

__all__ = [
    "RowsRejected", "backtest", "explain", "fit", "flows", "history", "predict", "report", "simulate", "stages",
    "suggest", "value",
]  # fmt: skip
