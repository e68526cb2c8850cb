"""Tenure: where every customer is in their life with the business, on any day, and why.

    import tenure
    picture = tenure.stages("orders.csv", as_of="2024-06-01")

The verbs take a path or a pandas, Polars, PyArrow or DuckDB table and give the same kind back. Importing this package
loads nothing heavy: a verb brings in what it needs when it is first used.
"""

from typing import TYPE_CHECKING

__version__ = "0.1.0.dev0"

__all__ = [
    "__version__", "backtest", "explain", "fit", "flows", "history", "predict", "report", "simulate", "stages",
    "suggest", "value",
]  # fmt: skip

if TYPE_CHECKING:
    from tenure.verbs import (
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
else:

    def __getattr__(name: str) -> object:
        """A verb on first use, from then on an ordinary attribute."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from tenure import verbs

        globals()[name] = getattr(verbs, name)
        return globals()[name]


def __dir__() -> list[str]:
    return sorted(__all__)
