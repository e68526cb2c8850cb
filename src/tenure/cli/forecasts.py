"""What the verbs of worth do: open the shop, ask, write or show."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

from tenure.cli.opening import Asked, counted, first_rows, rest_of, save, shop_of, table_target, until_of
from tenure.cli.screen import say, show, table, visible
from tenure.errors import InvalidInput
from tenure.money import exponent
from tenure.verbs.shop import instant_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

    from tenure.verbs.shop import Shop
    from tenure.worth.backtest import Backtest
    from tenure.worth.fitting import Fitted
    from tenure.worth.forecast import Forecast

__all__ = ["backtest", "fit", "predict", "value"]


def fit(asked: Asked) -> None:
    """The parameters of one model."""
    end = until_of(asked)
    with shop_of(asked) as (shop, steps):
        from tenure.verbs.worth import fit_of

        found = fit_of(shop, asked.model, end, asked.unit)
        steps.done()
        if asked.json:
            say(found.json() + "\n")
        else:
            show(_fit_lines(found))


def _fit_lines(found: Fitted) -> list[str]:
    fitted, unit = found.fit, found.unit
    errors = fitted.standard_errors
    rows = [(name, f"{number:.6g}", _error(errors[name])) for name, number in fitted.parameters.items()]
    told = found.record()
    regular = [f"every {told['k']}. event is an order (k = {told['k']})"] if told.get("k", 1) > 1 else []
    ended = "a maximum was found" if fitted.converged else f"there is no maximum: {fitted.why_not}"
    return [
        f"{found.name} of {counted(fitted.n, 'customer')} ({fitted.n_distinct:,} different), time in {unit}s"
        if unit != "order" else f"{found.name} of {counted(fitted.n, 'customer')} who ordered again",
        "", *table(("parameter", "value", "standard error"), rows), "", *regular,
        f"log-likelihood {fitted.log_likelihood:,.4f}; {ended}; {found.seconds:.3f} s",
    ]  # fmt: skip


def _error(number: float | None) -> str:
    return "unknown" if number is None else f"{number:.4g}"


def predict(asked: Asked) -> None:
    """What everybody is expected to order."""

    def forecast(shop: Shop, as_of: int) -> tuple[pa.Table, Forecast]:
        from tenure.verbs.worth import predictions_of

        return predictions_of(shop, as_of, asked.horizon, asked.model)

    _forecast(asked, forecast, _orders_table)


def value(asked: Asked) -> None:
    """What everybody is worth."""

    def forecast(shop: Shop, as_of: int) -> tuple[pa.Table, Forecast]:
        from tenure.verbs.worth import values_of

        rates = {"margin": asked.margin, "discount_rate": asked.discount_rate}
        return values_of(shop, as_of, asked.horizon, asked.model, **rates)

    _forecast(asked, forecast, _value_table)


def _forecast(
    asked: Asked, forecast: Callable[[Shop, int], tuple[pa.Table, Forecast]],
    lines: Callable[[list[dict[str, Any]]], list[str]],
) -> None:  # fmt: skip
    """Write the rows of a forecast, or show its totals and the first rows as `lines` has them."""
    _horizon(asked)
    as_of, target = instant_of(asked.as_of, asked.timezone), table_target(asked)
    with shop_of(asked, as_of) as (shop, steps):
        rows, told = forecast(shop, as_of)
        relation = shop.timeline.engine.connection.from_arrow(rows)
        _notes(told)
        if target is not None:
            save(relation, target, steps)
            return
        steps.done()
        shown = first_rows(relation, asked)
        show([*_totals(rows, told, asked), *lines(shown), *rest_of(len(shown), told.n, "customers")])


def _orders_table(rows: list[dict[str, Any]]) -> list[str]:
    names = ("customer_id", "p_buy", "expected_orders", "orders_low", "orders_high", "expected_next_at")
    return list(table(names, [tuple(row[name] for name in names) for row in rows], plain=("customer_id",)))


_MONEY: Final = (
    ("worth_minor", "worth"), ("expected_margin_minor", "margin ahead"), ("ceiling_keep_minor", "keep"),
    ("ceiling_winback_minor", "win back"),
)  # fmt: skip


def _value_table(rows: list[dict[str, Any]]) -> list[str]:
    names = ("customer_id", "r f m", *(says for _, says in _MONEY))
    return list(table(names, [
        (row["customer_id"], f"{row['r_score']} {row['f_score']} {row['m_score'] or '-'}",
         *(_money(row[name], row["currency"]) for name, _ in _MONEY)) for row in rows
    ], plain=("customer_id",)))  # fmt: skip


def _money(minor: float | None, currency: str | None) -> str:
    if minor is None:
        return ""
    places = 2 if currency is None else exponent(currency)
    return f"{minor / 10**places:,.{places}f}" + (f" {currency}" if currency else "")


def _totals(rows: pa.Table, told: Forecast, asked: Asked) -> list[str]:
    """What is expected of everybody together."""
    low, high = told.total_between()
    ahead = f"the {told.horizon:,} days from {asked.as_of}"
    buyers = float(told.p_buy.sum())
    orders = counted(round(told.total), "order")
    said = (
        f"{counted(told.n, 'customer')}; in {ahead} some {buyers:,.0f} of them are expected to order, "
        f"{orders} in all (90 % between {low:,.0f} and {high:,.0f}; {told.model}, n = {told.n:,})"
    )
    lines = [said]
    currencies = set(rows["currency"].unique().to_pylist())
    if rows["expected_value_minor"].null_count == 0 and len(currencies) == 1:
        currency = currencies.pop()
        money = [_money(minor, currency) for minor in (float(told.value.sum()), *told.value_between())]
        lines.append(f"they may come to {money[0]} (90 % between {money[1]} and {money[2]})")
    return [*lines, ""]


def _notes(told: Forecast) -> None:
    for note in told.notes:
        sys.stderr.write(f"tenure: note: {visible(note)}\n")


def _horizon(asked: Asked) -> None:
    if asked.horizon < 1:
        raise InvalidInput(f"--horizon {asked.horizon}: a forecast looks at least one day ahead")


def backtest(asked: Asked) -> None:
    """How forecasts would have fared."""
    _horizon(asked)
    end, target = until_of(asked), table_target(asked)
    with shop_of(asked) as (shop, steps):
        from tenure.verbs.worth import backtest_of

        found = backtest_of(shop, asked.origins, asked.horizon, end)
        for note in found.notes:
            sys.stderr.write(f"tenure: note: {note}\n")
        if target is not None:
            save(shop.timeline.engine.connection.from_arrow(found.table()), target, steps)
            return
        steps.done()
        show(_backtest_lines(found))


_SCORES: Final = (
    ("auc", "AUC", ".3f"), ("brier", "Brier", ".4f"), ("rmse", "RMSE", ".3f"), ("mae", "MAE", ".3f"),
    ("bias", "bias", "+.1%"), ("coverage", "in 90 %", ".1%"), ("width", "width", ".2f"),
)  # fmt: skip


def _backtest_lines(found: Backtest) -> list[str]:
    first = found.of(found.methods[0])
    days = ", ".join(f"{row['origin']} (n = {row['n']:,})" for row in found.table().to_pylist()
                     if row["method"] == found.methods[0])  # fmt: skip
    rows = [
        (method, *(_score(found.mean(method, name), shape) for name, _, shape in _SCORES)) for method in found.methods
    ]
    lines = [
        f"{counted(len(first), 'origin')}, {found.horizon} days ahead: {days}", "",
        *table(("mean over origins", *(says for _, says, _ in _SCORES)), rows), "",
    ]  # fmt: skip
    lines += ["What the ensemble told, and what came:"] if "ensemble" in found.methods else []
    lines += [
        f"  of people told {one.told:.0%}, {one.came:.0%} came back (n = {one.n:,})"
        for one in found.calibration("ensemble")
    ]
    lines += ["", "Totals of the ensemble, with and without the anchor, and what was ordered:"]
    lines += [
        f"  {one['origin']}: {one['total']:,.0f} (90 % {one['total_low']:,.0f} to {one['total_high']:,.0f}), without"
        f" {one['total_unanchored']:,.0f}; ordered {one['orders']:,}"
        for one in found.table().to_pylist() if one["method"] == "ensemble"
    ]  # fmt: skip
    return lines


def _score(number: float | None, shape: str) -> str:
    return "" if number is None else format(number, shape).replace("%", " %")
