"""What a model says of the future, from the mixture of negative binomials that it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from tenure.purchase.base import BLOCK, Numbers, Orders, median_wait

if TYPE_CHECKING:
    from typing import Self

    from tenure.purchase.summary import Summary

__all__ = ["FromParts", "Parts"]

Floats = npt.NDArray[np.float64]


class Parts(NamedTuple):
    """A mixture: see `tails.tails`. Arrays are (rows, parts); `k` events make an order."""

    share: Floats
    alive: Floats
    shape: Floats
    chance: Floats
    need: Floats
    a: Floats
    b: Floats
    k: int

    @classmethod
    def single(cls, alive: Floats, shape: Floats, chance: Floats, a: Floats, b: Floats) -> Self:
        """One part, every event an order; arrays of rows."""
        one = np.ones((len(alive), 1))
        return cls(one, alive[:, None], shape[:, None], chance[:, None], one, a[:, None], b[:, None], 1)


class _HasParts(Protocol):
    def parts(self, rows: Summary, horizon: Numbers) -> Parts: ...

    def p_alive(self, rows: Summary) -> Floats: ...

    def p_buy(self, rows: Summary, horizon: Numbers) -> Floats: ...


class FromParts:
    """The public questions of a model that can say its `parts`."""

    __slots__ = ()

    def p_buy(self: _HasParts, rows: Summary, horizon: Numbers) -> Floats:
        """Chance of at least one order within the horizon: 1 - L(T + H) / L(T)."""
        return _first(self.parts(rows, horizon))

    def expected_orders(self: _HasParts, rows: Summary, horizon: Numbers) -> Floats:
        """Mean number of orders within the horizon."""
        return _mean(self, rows, horizon)

    def orders(
        self: _HasParts, rows: Summary, horizon: Numbers, levels: tuple[float, float] = (0.05, 0.95),
        others: Sequence[_HasParts] = (),
    ) -> Orders:  # fmt: skip
        """Chance, mean and quantiles of the number of orders within the horizon; `others` are mixed in evenly, so
        that what is not known of the parameters is in the result.
        """
        return _orders([*others] or [self], rows, horizon, levels)

    def expected_next_at(self: _HasParts, rows: Summary) -> Floats:
        """Time from now by which half of those who will ever order again have done so; inf beyond LONGEST_WAIT."""
        return median_wait(lambda horizon: self.p_buy(rows, horizon), self.p_buy(rows, 1e12))


def _first(parts: Parts) -> Floats:
    """P(N >= 1)."""
    if parts.k == 1:
        return np.asarray((parts.share * parts.alive * -np.expm1(parts.shape * np.log1p(-parts.chance))).sum(axis=1))
    out = np.zeros(len(parts.share))
    for j in range(parts.share.shape[1]):  # the first order is event `need` of k at most
        mass, above = np.exp(parts.shape[:, j] * np.log1p(-parts.chance[:, j])), np.ones(len(out))
        for event in range(parts.k):
            above = np.where(event < parts.need[:, j], above - mass, above)
            mass = mass * parts.chance[:, j] * (parts.shape[:, j] + event) / (event + 1.0)
        out += parts.share[:, j] * parts.alive[:, j] * np.maximum(above, 0.0)
    return out


def _mean(model: _HasParts, rows: Summary, horizon: Numbers) -> Floats:
    """E N: by the short way where there is one part and every event is an order, else by the whole distribution."""
    from tenure.purchase.means import FOLLOWED, means

    parts = model.parts(rows, horizon)
    if parts.k > 1 or parts.share.shape[1] > 1:
        return _orders([model], rows, horizon, (0.0, 0.0)).expected
    alive, shape, chance, a, b = (column[:, 0] for column in (parts.alive, parts.shape, parts.chance, parts.a, parts.b))
    none = shape * np.log1p(-chance)
    short, share = (none > -600.0) & (shape * chance <= FOLLOWED * (1.0 - chance)), alive * np.exp(none)
    out = np.empty(len(alive))
    if short.all():
        means(share, shape, chance, a, b, out)
        return out
    some = np.empty(int(short.sum()))
    means(share[short], shape[short], chance[short], a[short], b[short], some)
    ahead = np.broadcast_to(np.asarray(horizon, np.float64), (len(alive),))
    out[short], out[~short] = some, _orders([model], rows.only(~short), ahead[~short], (0.0, 0.0)).expected
    return out


def _orders(
    models: Sequence[_HasParts], rows: Summary, horizon: Numbers, levels: tuple[float, float]
) -> Orders:
    from tenure.purchase.tails import tails

    out = np.empty((rows.n_distinct, 5))
    ahead = np.broadcast_to(np.asarray(horizon, np.float64), (rows.n_distinct,))
    for begin in range(0, rows.n_distinct, BLOCK):
        block = slice(begin, begin + BLOCK)
        mixed = _evenly([model.parts(rows.between(block), ahead[block]) for model in models])
        tails(
            mixed.share, mixed.alive, mixed.shape, mixed.chance, mixed.need, mixed.k, mixed.a, mixed.b, *levels,
            out[block],
        )  # fmt: skip
    return Orders(*(np.ascontiguousarray(column) for column in out.T))


def _evenly(several: Sequence[Parts]) -> Parts:
    """All of them side by side, each weighing the same."""

    def beside(name: str) -> Floats:
        return np.ascontiguousarray(np.concatenate([getattr(one, name) for one in several], axis=1))

    return Parts(
        beside("share") / len(several), beside("alive"), beside("shape"), beside("chance"), beside("need"),
        beside("a"), beside("b"), several[0].k,
    )  # fmt: skip
