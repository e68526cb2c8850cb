import numpy as np
import pytest
from buyers import orders
from hypothesis import given
from hypothesis import strategies as st

from tenure.purchase.histories import NEVER, RECENT, Histories

rows = st.lists(
    st.tuples(
        st.integers(1, 6), st.integers(0, 60), st.sampled_from([None, 0, 1, 5, 40]),
        st.one_of(st.none(), st.integers(-5, 900)),
    ),
    max_size=60,
)  # fmt: skip


def laid(given_rows):
    customer = [c for c, _, _, _ in given_rows]
    day = [1000 + d for _, d, _, _ in given_rows]
    ends = [NEVER if later is None else 1000 + d + later for _, d, later, _ in given_rows]
    amount = [np.nan if a is None else float(a) for _, _, _, a in given_rows]
    return Histories.of(customer, day, amount, ends), list(zip(customer, day, ends, amount, strict=True))


@given(rows, st.integers(1000, 1065))
def test_where_everybody_stands_is_what_counting_by_hand_says(made, origin):
    histories, plain = laid(made)
    standing = histories.at(origin)
    counted = [row for row in plain if row[1] < origin <= row[2]]
    assert standing.customer.tolist() == sorted({row[0] for row in counted})
    for place, one in enumerate(standing.customer.tolist()):
        mine = [row for row in counted if row[0] == one]
        days = sorted({row[1] for row in mine})
        sums = {day: sum(row[3] for row in mine if row[1] == day) for day in days}
        paid = [value for value in sums.values() if np.isfinite(value)]
        assert standing.x[place] == len(days) - 1
        assert standing.t_x[place] == days[-1] - days[0]
        assert standing.age[place] == origin - 1 - days[0]
        assert standing.silence[place] == origin - 1 - days[-1]
        assert (standing.first_on[place], standing.last_on[place]) == (days[0], days[-1])
        assert standing.paid[place] == len(paid)
        assert standing.spent[place] == pytest.approx(np.mean(paid) if paid else np.nan, nan_ok=True)
        gaps = np.diff(days)
        assert standing.gaps.log_sum[place] == pytest.approx(np.log(gaps).sum() if len(gaps) else 0.0)
        assert standing.gaps.last[place] == (gaps[-1] if len(gaps) else 0)
        for number, span in enumerate(RECENT):
            assert standing.recent[place, number] == sum(origin - 1 - day < span for day in days)


@given(rows, st.integers(1000, 1065), st.integers(1, 40))
def test_the_outcome_is_what_counting_by_hand_says(made, origin, horizon):
    histories, plain = laid(made)
    standing = histories.at(origin)
    found = histories.outcome(standing, horizon)
    end = origin + horizon
    for place, one in enumerate(standing.customer.tolist()):
        mine = [row for row in plain if row[0] == one and origin <= row[1] < end <= row[2]]
        assert found.orders[place] == len({row[1] for row in mine})
        assert found.value[place] == pytest.approx(sum(row[3] for row in mine), nan_ok=True)


def test_what_happens_later_and_the_order_of_rows_move_nobody():
    made = orders()
    whole = Histories.of(made.customer, made.day, made.amount)
    origin = 20_300
    early = made.day < origin
    shuffled = np.random.default_rng(1).permutation(np.flatnonzero(early))
    cut = Histories.of(made.customer[shuffled], made.day[shuffled], made.amount[shuffled])
    one, two = whole.at(origin), cut.at(origin)
    for name in ("customer", "x", "t_x", "age", "recent", "spent", "paid", "first_on", "last_on"):
        assert np.array_equal(getattr(one, name), getattr(two, name)), name
    assert one.spend_spread == pytest.approx(two.spend_spread)


def test_an_order_counts_until_the_day_it_is_cancelled():
    histories = Histories.of([1, 1], [100, 110], [5.0, 7.0], [NEVER, 120])
    assert histories.at(120).x.tolist() == [1]
    assert histories.at(121).x.tolist() == [0]
    assert histories.outcome(histories.at(105), 10).orders.tolist() == [1]
    assert histories.outcome(histories.at(105), 20).orders.tolist() == [0]


def test_nobody_is_a_standing_too():
    standing = Histories.of([], []).at(100)
    assert standing.n == 0
    assert standing.summary().n == 0
    assert standing.ahead(5.0).tolist() == []
