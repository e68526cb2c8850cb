"""Flags judged by what happened next: hand counts, symmetries, and a standard error that is one."""

from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure.measure.judge import (
    Changes,
    Outcomes,
    balanced_accuracy,
    gain,
    mean,
    outcomes,
    precision,
    recall,
    share_flagged,
    specificity,
)

COUNTS = st.builds(Outcomes, *[st.integers(0, 1000)] * 4)


def test_hand_counts():
    # 10 gone, 8 of them flagged; 20 back, 5 of them flagged
    found = Outcomes(flagged_gone=8, flagged_back=5, clear_gone=2, clear_back=15)
    assert (found.n, recall(found), specificity(found), precision(found)) == (30, 0.8, 0.75, 8 / 13)
    assert (balanced_accuracy(found), share_flagged(found)) == ((0.8 + 0.75) / 2, 13 / 30)


def test_of_nobody_nothing_is_said():
    nobody, all_back = Outcomes(0, 0, 0, 0), Outcomes(0, 1, 0, 2)
    figures = (balanced_accuracy, precision, recall, specificity, share_flagged)
    assert [figure(nobody) for figure in figures] == [None] * 5
    assert [figure(all_back) for figure in figures] == [None, 0.0, None, 2 / 3, 1 / 3]


def test_counts_of_arrays():
    flagged, gone = [True, True, False, False, True], [True, False, True, False, True]
    assert outcomes(flagged, gone) == Outcomes(2, 1, 1, 1)
    with pytest.raises(ValueError, match="one outcome per flag, got 2 and 3"):
        outcomes([True, False], [True, False, True])


@given(COUNTS)
def test_flagging_the_others_instead_mirrors_the_balanced_accuracy(found):
    turned = Outcomes(found.clear_gone, found.clear_back, found.flagged_gone, found.flagged_back)
    if balanced_accuracy(found) is None:
        assert balanced_accuracy(turned) is None
    else:
        assert balanced_accuracy(found) + balanced_accuracy(turned) == pytest.approx(1)


@given(st.integers(1, 500), st.integers(1, 500), st.booleans())
def test_a_rule_that_says_the_same_of_everybody_is_worth_a_half(gone, back, flag):
    found = Outcomes(gone, back, 0, 0) if flag else Outcomes(0, 0, gone, back)
    assert balanced_accuracy(found) == 0.5


def test_a_gain_by_hand():
    # of 100 gone the new rule catches 10 more and loses 4; of 50 back it spares 3 and wrongs 1
    found = gain(Changes(100, 10, 4, 50, 1, 3))
    caught, spared = (14 - 36 / 100) / 100**2, (4 - 4 / 50) / 50**2
    assert found == pytest.approx(((0.06 + 0.04) / 2, sqrt(caught + spared) / 2))
    assert gain(Changes(0, 0, 0, 50, 1, 3)) is gain(Changes(100, 10, 4, 0, 0, 0)) is None


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_a_gain_is_the_difference_of_two_balanced_accuracies(people):
    gone, old, new = np.array(people, dtype=bool).T
    counted = (np.ones_like(gone), new & ~old, old & ~new)
    changes = Changes(*(int(np.count_nonzero(mine & each)) for mine in (gone, ~gone) for each in counted))
    before, after = balanced_accuracy(outcomes(old, gone)), balanced_accuracy(outcomes(new, gone))
    if before is None:
        assert gain(changes) is None
    else:
        assert gain(changes)[0] == pytest.approx(after - before, abs=1e-12)


def test_the_standard_error_is_that_of_drawing_the_people_again():
    dice = np.random.Generator(np.random.PCG64(1))
    gains, errors = [], []
    for _ in range(2000):
        gone = np.arange(400) < 150
        old = dice.random(400) < np.where(gone, 0.6, 0.3)
        new = np.where(dice.random(400) < 0.7, old, dice.random(400) < np.where(gone, 0.8, 0.3))
        changes = (int(np.count_nonzero(m & e)) for m in (gone, ~gone) for e in (m | True, new & ~old, old & ~new))
        found = gain(Changes(*changes))
        gains.append(found[0])
        errors.append(found[1])
    assert np.mean(errors) == pytest.approx(np.std(gains), rel=0.05)


def test_a_mean_leaves_out_what_cannot_be_said():
    assert (mean([0.5, None, 1.0]), mean([None]), mean([])) == (0.75, None, None)
