"""One piece of work of one side, measured in a process of its own: a line of JSON with what it took and found.

Measured is the second call, with everything in memory, imported and compiled; where the first takes longer than LONG,
there is no second and the first counts. Runs in the environment of its side and imports nothing of the others.

    python benchmarks/peers_job.py tenure bg_nbd FOLDER --out found.npz
"""

from __future__ import annotations

import argparse
import contextlib
import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

LONG = 120.0
"""Seconds after which nothing is left to be warmed."""
HORIZON = 39.0
"""Weeks that are predicted."""

COUNTED = {"gamma_gamma": "bought", "summary": "day"}
"""What there is as many of as a task has entries, if that is not all customers."""

Columns = Callable[[str], Any]
Found = dict[str, Any]
Work = tuple[Callable[[], Any], Callable[[Any], Found]]
"""What is measured, and what is then told of its result."""


def _lifetimes_fit(fitter: str, names: tuple[str, ...], columns: tuple[str, ...]) -> Callable[..., Work]:
    def begin(given: Columns) -> Work:
        import lifetimes

        ready = [given(name) for name in columns]
        make = getattr(lifetimes, fitter)
        return lambda: make().fit(*ready), lambda made: {"parameters": [float(made.params_[name]) for name in names]}

    return begin


def _lifetimes_predict(given: Columns, parameters: list[float]) -> Work:
    import lifetimes
    import pandas as pd

    x, t_x, age = given("x"), given("t_x"), given("age")
    model = lifetimes.BetaGeoFitter()
    model.params_ = pd.Series(parameters, index=["r", "alpha", "a", "b"])

    def run() -> Found:
        expected = model.conditional_expected_number_of_purchases_up_to_time(HORIZON, x, t_x, age)
        return {"expected": expected, "alive": model.conditional_probability_alive(x, t_x, age)}

    return run, lambda found: {name: np.asarray(values) for name, values in found.items()}


def _lifetimes_summary(given: Columns) -> Work:
    import pandas as pd
    from lifetimes.utils import summary_data_from_transaction_data

    at = given("day").astype("datetime64[D]").astype("datetime64[ns]")
    orders = pd.DataFrame({"customer": given("customer"), "at": at, "amount": given("amount")})
    end = pd.Timestamp(at.max())

    def run() -> Any:
        return summary_data_from_transaction_data(orders, "customer", "at", "amount", observation_period_end=end)

    def told(found: Any) -> Found:
        found = found.sort_index()
        columns = {"x": "frequency", "t_x": "recency", "age": "T", "spent": "monetary_value"}
        each = {ours: found[theirs].to_numpy() for ours, theirs in columns.items()}
        return {"customer": found.index.to_numpy(), **each}

    return run, told


def _tenure_fit(name: str) -> Callable[..., Work]:
    def begin(given: Columns) -> Work:
        from tenure.purchase.models import model_named
        from tenure.purchase.summary import Summary

        x, t_x, age = given("x"), given("t_x"), given("age")
        model = model_named(name)
        return lambda: model.fit(Summary.of(x, t_x, age)), _fitted

    return begin


def _tenure_spends(given: Columns) -> Work:
    from tenure.purchase.gamma_gamma import GammaGamma, Spends

    bought, spent = given("bought"), given("spent")
    return lambda: GammaGamma.fit(Spends.of(bought, spent)), _fitted


def _fitted(fit: Any) -> Found:
    return {"parameters": list(fit.model.parameters), "distinct": fit.n_distinct, "converged": fit.converged}


def _tenure_predict(given: Columns, parameters: list[float]) -> Work:
    from tenure.purchase.bg_nbd import BgNbd
    from tenure.purchase.summary import Summary

    x, t_x, age = given("x"), given("t_x"), given("age")
    model = BgNbd(*parameters)

    def run() -> Found:
        rows = Summary.of(x, t_x, age)
        expected, alive = model.expected_orders(rows, HORIZON), model.p_alive(rows)
        return {"expected": rows.each(expected), "alive": rows.each(alive)}

    return run, lambda found: found


def _tenure_summary(given: Columns) -> Work:
    from tenure.purchase.histories import Histories

    customer, day, amount = given("customer"), given("day"), given("amount")
    origin = int(day.max()) + 1

    def run() -> Any:
        standing = Histories.of(customer, day, amount).at(origin)
        return standing, standing.summary()

    def told(found: Any) -> Found:
        standing, rows = found
        each = {name: rows.each(getattr(rows, name)) for name in ("x", "t_x", "age")}
        return {"customer": standing.customer, **each, "spent": standing.spent_again}

    return run, told


def _pymc_fit(model: str, names: tuple[str, ...], columns: dict[str, str]) -> Callable[..., Work]:
    def begin(given: Columns) -> Work:
        import pandas as pd
        from pymc_marketing import clv

        frame = pd.DataFrame({theirs: given(ours) for theirs, ours in columns.items()})
        frame["customer_id"] = np.arange(len(frame))

        def run() -> Any:
            made = getattr(clv, model)(data=frame)
            made.fit(method="map", progressbar=False)
            return made

        return run, lambda made: {"parameters": [float(made.fit_result[name].to_numpy().mean()) for name in names]}

    return begin


_TIMES = {"frequency": "x", "recency": "t_x", "T": "age"}
_SPENDS = {"frequency": "bought", "monetary_value": "spent"}
WORKS: dict[str, dict[str, Callable[..., Work]]] = {
    "tenure": {
        "bg_nbd": _tenure_fit("bg_nbd"),
        "pareto_nbd": _tenure_fit("pareto_nbd"),
        "gamma_gamma": _tenure_spends,
        "predict": _tenure_predict,
        "summary": _tenure_summary,
    },
    "lifetimes": {
        "bg_nbd": _lifetimes_fit("BetaGeoFitter", ("r", "alpha", "a", "b"), ("x", "t_x", "age")),
        "pareto_nbd": _lifetimes_fit("ParetoNBDFitter", ("r", "alpha", "s", "beta"), ("x", "t_x", "age")),
        "gamma_gamma": _lifetimes_fit("GammaGammaFitter", ("p", "q", "v"), ("bought", "spent")),
        "predict": _lifetimes_predict,
        "summary": _lifetimes_summary,
    },
    "pymc": {
        "bg_nbd": _pymc_fit("BetaGeoModel", ("r", "alpha", "a", "b"), _TIMES),
        "pareto_nbd": _pymc_fit("ParetoNBDModel", ("r", "alpha", "s", "beta"), _TIMES),
        "gamma_gamma": _pymc_fit("GammaGammaModel", ("p", "q", "v"), _SPENDS),
    },
}


class Call(NamedTuple):
    """What one call gave and took. peak: the most that the process has held; above: what the call added to it."""

    found: Any
    seconds: float
    cpu_seconds: float
    peak: int
    above: int


def measured(run: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    """Its result, and what it took."""
    first = called(run)
    call = first if first.seconds > LONG else called(run)
    return call.found, {
        "seconds": call.seconds,
        "cpu_seconds": call.cpu_seconds,
        "first_seconds": first.seconds,
        "peak_bytes": max(first.peak, call.peak),
        "above_bytes": call.above,
    }


def called(run: Callable[[], Any]) -> Call:
    """One call. Where the system does not forget a peak, `above` is what it rose by."""
    before = peak()
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak is what is held now
    held, began, used = peak(), time.perf_counter(), time.process_time()
    found = run()
    seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - used
    return Call(found, seconds, cpu_seconds, max(before, peak()), peak() - held)


def peak() -> int:
    """Bytes that the process has held at most."""
    if (told := Path("/proc/self/status")).exists():
        lines = told.read_text(encoding="utf-8").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))
    # kilobytes, but on macOS bytes
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def main() -> None:
    """Do one piece of work, keep the arrays that it gave, and print what it took."""
    parser = argparse.ArgumentParser(description="one measured piece of work of one side")
    parser.add_argument("side", choices=WORKS)
    parser.add_argument("task")
    parser.add_argument("folder", type=Path, help="of peers_data.py")
    parser.add_argument("--parameters", type=json.loads, help="of the model that predicts, as JSON")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    begin = WORKS[given.side][given.task]
    more = () if given.parameters is None else (given.parameters,)
    run, told = begin(lambda name: np.load(given.folder / f"{name}.npy"), *more)
    found, taken = measured(run)
    words = {"n": len(np.load(given.folder / f"{COUNTED.get(given.task, 'x')}.npy", mmap_mode="r")), **told(found)}
    arrays = {name: values for name, values in words.items() if isinstance(values, np.ndarray)}
    if arrays:
        np.savez(given.out, **arrays)
    print(json.dumps({**taken, **{name: value for name, value in words.items() if name not in arrays}}))


if __name__ == "__main__":
    main()
