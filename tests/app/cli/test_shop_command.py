"""`tenure shop` says what the shop is; a margin is a share or unknown, and never guessed."""

import pytest

from tenure_app.ledger.models import Shop

WRONG = (("--margin", "40"), ("--margin", "0"), ("--margin", "much"), ("--discount-rate", "-1"))


def test_a_margin_is_said_and_taken_back(tenure):
    assert "margin not known, discount rate 0.1 a year" in tenure("shop", "--name", "Boots")[1]
    told = tenure("shop", "--margin", "0.4", "--discount-rate", "0.08")
    assert "margin 0.4 of a price, discount rate 0.08 a year" in told[1]
    assert tenure("shop", "--margin", "unknown")[0] == 0
    assert (Shop.objects.get().margin, Shop.objects.get().discount_rate) == (None, 0.08)


@pytest.mark.parametrize("said", WRONG)
def test_what_is_no_margin_or_rate_is_refused_in_a_line(tenure, said):
    code, _, error = tenure("shop", *said)
    assert code in (1, 2)
    assert error.count("\n") == 1
    assert not Shop.objects.exists()


def test_the_shop_says_which_traits_and_when_visits_join(tenure):
    assert "visits become theirs: unless_refused; traits that segments may use: none" in tenure("shop")[1]
    told = tenure("shop", "--segment-traits", "plan, language", "--visits", "never")[1]
    assert "visits become theirs: never; traits that segments may use: language, plan" in told
    assert Shop.objects.one().mirrored_traits == ["language", "plan"]
    assert tenure("shop", "--segment-traits", "none")[0] == 0
    assert Shop.objects.one().mirrored_traits == []
    assert tenure("shop", "--segment-traits", "plan,,x")[0] == 2
