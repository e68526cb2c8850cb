"""What silence does to a chance: the curve meets the forecast, falls, and the next order's range holds its day."""

import numpy as np
import pytest

from tenure.purchase.histories import Histories
from tenure.worth.forecast import forecast
from tenure.worth.silence import Silence, next_between
from tenure_app.insight.foreseen import SILENT_DAYS


@pytest.fixture(scope="module", params=["ensemble", "pareto_nbd"])
def told(request):
    random = np.random.default_rng(3)
    rows = [
        (c, int(day)) for c in range(200) for day in random.integers(0, 400, 1 + random.poisson(random.gamma(0.8, 3.0)))
    ]
    customer, day = np.array(rows).T
    return forecast(Histories.of(customer, day), 401, 60, request.param)


def test_after_todays_silence_the_chance_is_the_forecasts(told):
    silence, standing = Silence.of(told), told.standing
    now = standing.origin - 1 - standing.last_on
    for days in np.unique(now)[::9]:
        mine = now == days
        assert silence.after(float(days))[mine] == pytest.approx(told.p_buy[mine], abs=1e-9)


def test_the_chance_wanes_with_silence(told):
    silence = Silence.of(told)
    curve = np.array([silence.after(float(days)) for days in SILENT_DAYS])
    assert (np.diff(curve, axis=0) < 1e-9).all()
    assert ((curve > 0) & (curve < 1)).all()


def test_the_range_of_the_next_order_holds_its_day_or_is_unknown(told):
    low, high = next_between(told, 0.25, 0.75)
    if told.model == "pareto_nbd":
        assert np.isnan(low).all()
        assert np.isnan(high).all()
    else:
        assert (low < told.next_day).all()
        assert (told.next_day < high).all()
        middle, _ = next_between(told, 0.5, 0.75)
        assert middle == pytest.approx(told.next_day)
