"""The models' sums and integrals against the closed forms of the papers, and the slopes against differences."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import gammaln, hyp2f1

from tenure.purchase import bg_nbd, mbg_cnbd_k, mbg_nbd, pareto_nbd
from tenure.purchase.base import fit_any
from tenure.purchase.bg_nbd import BgNbd
from tenure.purchase.mbg_cnbd_k import MbgCnbdK
from tenure.purchase.mbg_nbd import MbgNbd
from tenure.purchase.pareto_nbd import ParetoNbd
from tenure.purchase.summary import Summary

LIVES = [
    (x, 0.0 if x == 0 else share * age, age)
    for age in (1.0, 10.0, 39.0, 200.0)
    for x in (0, 1, 2, 7, 30)
    for share in (0.02, 0.5, 1.0)
]
ROWS = Summary.of(*np.array(LIVES).T)


# Closed forms


@pytest.mark.parametrize("theta", [(0.243, 4.414, 0.793, 2.426), (0.25, 4.4, 1.7, 6.0), (1.4, 30.0, 0.3, 0.4)])
@pytest.mark.parametrize("horizon", [0.5, 10.0, 39.0, 300.0])
@pytest.mark.parametrize("first_counts", [False, True], ids=["bg_nbd", "mbg_nbd"])
def test_expected_orders_are_the_closed_form_with_2f1(theta, horizon, first_counts):
    # Fader, Hardie, Lee (2005), equation (10); of who may leave at the first purchase too, b is one more
    r, alpha, a, b = theta
    x, t_x, age = ROWS.x, ROWS.t_x, ROWS.age
    decided = x + first_counts
    reach = alpha + age
    bought = 1.0 - (reach / (reach + horizon)) ** (r + x) * hyp2f1(
        r + x, b + decided, a + b + decided - 1.0, horizon / (reach + horizon)
    )
    left = np.where(decided > 0, a / (b + decided - 1.0), 0.0) * (reach / (alpha + t_x)) ** (r + x)
    expected = (a + b + decided - 1.0) / (a - 1.0) * bought / (1.0 + left)
    model = (MbgNbd if first_counts else BgNbd)(*theta)
    assert model.expected_orders(ROWS, horizon) == pytest.approx(expected, rel=1e-8, abs=1e-11)


def pareto_by_2f1(rows, r, alpha, s, beta):
    """Fader, Hardie, "A note on deriving the Pareto/NBD model and related expressions" (2005), in both cases."""
    n, least = r + rows.x, max(alpha, beta)
    third = s + 1.0 if alpha >= beta else n

    def piece(time):
        z = abs(alpha - beta) / (least + time)
        return hyp2f1(n + s, third, n + s + 1.0, z) / (least + time) ** (n + s)

    left = s / (n + s) * (piece(rows.t_x) - piece(rows.age))
    here = (alpha + rows.age) ** -n * (beta + rows.age) ** -s
    return gammaln(n) - gammaln(r) + r * np.log(alpha) + s * np.log(beta) + np.log(here + left)


@pytest.mark.parametrize(
    "theta",
    [
        (0.553, 10.578, 0.606, 11.669), (0.786, 5.679, 0.386, 5.717), (2.0, 9.0, 1.0, 9.0),
        (1.4, 1.4, 0.78, 876.0), (0.5, 1.0, 20.0, 2_000.0),
        (1.0, 50.0, 0.5, 5.0), (1.0, 50.0, 0.5, 0.5), (0.5, 100.0, 1.5, 0.1), (5.0, 1.0, 3.0, 0.01),
    ],
)  # fmt: skip
def test_pareto_nbds_integral_is_2f1_however_far_apart_alpha_and_beta_are(theta):
    assert ParetoNbd(*theta).log_likelihood(ROWS) == pytest.approx(pareto_by_2f1(ROWS, *theta), rel=1e-7, abs=1e-7)


@pytest.mark.parametrize("theta", [(0.52, 6.2, 0.9, 1.6), (2.0, 0.3, 0.05, 4.0)])
def test_regular_buyers_of_one_event_a_purchase_are_those_of_mbg_nbd(theta):
    one, other = MbgCnbdK(1, *theta), MbgNbd(*theta)
    assert one.log_likelihood(ROWS) == pytest.approx(other.log_likelihood(ROWS), rel=1e-12, abs=1e-12)
    assert one.p_alive(ROWS) == pytest.approx(other.p_alive(ROWS), rel=1e-12)
    assert one.p_buy(ROWS, 39.0) == pytest.approx(other.p_buy(ROWS, 39.0), rel=1e-12)
    assert np.array(one.orders(ROWS, 39.0)) == pytest.approx(np.array(other.orders(ROWS, 39.0)), rel=1e-12)
    # one knows for certain that the living order some day, the other asks how many do in a very long time
    assert one.expected_next_at(ROWS) == pytest.approx(other.expected_next_at(ROWS), rel=1e-4)


@pytest.mark.parametrize("horizon", [1.0, 39.0, 400.0, 4_000.0])
def test_who_buys_a_thousand_times_a_week_has_a_mean_a_spread_and_quantiles_too(horizon):
    # nobody leaves: a negative binomial, its mean and variance known; what rounding leaves of its tail is not counted
    x = np.array([100.0, 300, 1_000, 3_000, 10_000])
    shape, mean = x + 0.5, (x + 0.5) * horizon / (3.0 + 39.0)
    spread = np.sqrt(mean * (1.0 + mean / shape))
    orders = BgNbd(0.5, 3.0, 1e-12, 1.0).orders(Summary.of(x, [39] * 5, [39] * 5), horizon)
    assert orders.expected == pytest.approx(mean, rel=1e-8)
    assert np.sqrt(orders.second - orders.expected**2) == pytest.approx(spread, rel=1e-6)
    assert (np.abs((orders.low - mean) / spread + 1.645) < 0.2 + 0.5 / spread).all()
    assert (np.abs((orders.high - mean) / spread - 1.645) < 0.2 + 0.5 / spread).all()


def test_more_orders_than_are_followed_are_told_as_so_many_not_as_none():
    orders = BgNbd(50.0, 1e-6, 1e-12, 1.0).orders(Summary.of([0], [0], [0.0]), 1.0)
    assert (orders.low, orders.high) == (4_000_000, 4_000_000)


@pytest.mark.parametrize(("flattest", "told"), [(1e-3, True), (1e-10, False)])
def test_a_likelihood_all_but_flat_in_one_direction_has_no_standard_errors(flattest, told):
    curve = -np.diag([1.0, 1.0, 1.0, flattest])

    def height(point):
        return float(point @ curve @ point) / 2.0, curve @ point, curve

    found = fit_any(BgNbd.at, height, np.ones((1, 4)), n=7, n_distinct=5)
    assert (found.converged, found.n, found.n_distinct) == (told, 7, 5)
    assert (found.why_not is None, found.covariance is not None) == (told, told)
    assert told or "do not tell the parameters apart" in found.why_not


# Slopes


def logs(low, high):
    return st.floats(np.log(low), np.log(high))


points = st.tuples(logs(0.05, 20), logs(0.5, 500), logs(0.05, 20), logs(0.05, 200)).map(np.array)
coefficients = st.lists(st.floats(-1, 1), min_size=6, max_size=6).map(np.array)
lives = st.lists(
    st.tuples(st.integers(0, 60), st.integers(1, 900), st.integers(0, 900)).map(
        lambda v: (v[0], v[1] if v[0] else 0, (v[1] if v[0] else 0) + v[2])
    ),
    min_size=1,
    max_size=30,
).map(lambda rows: np.array(rows, float).T)
HEIGHTS = {
    "bg_nbd": (bg_nbd._height, BgNbd.at),
    "pareto_nbd": (pareto_nbd._height, ParetoNbd.at),
    "mbg_nbd": (
        lambda rows, at: mbg_nbd._derivatives(mbg_nbd._sample(rows.x, rows.t_x, rows.age, rows.weight), at), MbgNbd.at,
    ),
    **{
        f"mbg_cnbd_{k}": (lambda rows, at, k=k: mbg_cnbd_k._height(rows, at, k), MbgCnbdK(k, 1, 1, 1, 1).at)
        for k in (1, 2, 5)
    },
}  # fmt: skip


def slopes(function, at, width=1e-4):
    """Derivatives by central differences of the fourth order, a row a direction."""
    steps = np.eye(len(at)) * width
    return np.array([
        (8 * (function(at + h) - function(at - h)) - (function(at + 2 * h) - function(at - 2 * h))) / (12 * width)
        for h in steps
    ])


def check_slopes(height, make, rows, point):
    value, gradient, hessian = height(rows, point)
    model = make(point)
    constant = gammaln(getattr(model, "k", 1)) * (rows.weight @ rows.x)  # no slope hangs on it
    assert value - constant == pytest.approx(model.log_likelihood(rows) @ rows.weight, rel=1e-9, abs=1e-8)
    along = slopes(lambda at: np.r_[height(rows, at)[:2]], point)
    scale = max(1.0, abs(value))
    assert gradient == pytest.approx(along[:, 0], abs=1e-7 * scale)
    assert hessian == pytest.approx(along[:, 1:], abs=1e-7 * scale)


@pytest.mark.parametrize("name", HEIGHTS)
@given(life=lives, point=points)
def test_gradient_and_hessian_are_the_slopes_of_the_likelihood(name, life, point):
    check_slopes(*HEIGHTS[name], Summary.of(*life), point)


@pytest.mark.parametrize("name", ["bg_nbd", "pareto_nbd"])
@given(life=lives, point=points, beside=coefficients, seed=st.integers(0, 99))
def test_with_covariates_they_are_so_too(name, life, point, beside, seed):
    random = np.random.default_rng(seed)
    known = np.column_stack([random.integers(0, 2, life.shape[1]), random.integers(-3, 4, life.shape[1]) / 2.0])
    columns = 6 if name == "bg_nbd" else 4
    check_slopes(*HEIGHTS[name], Summary.of(*life, covariates=known), np.r_[point, beside[:columns]])
