"""Whatever an address says, the answer is a page: that asks for what is there, or says in words what is wrong."""

import os

import pytest
from django.urls import reverse
from test_permissions import address_of, methods_of, routes

SAID = [
    "orders=²", "version=²", "version=99999999999999999999", "day=99999999999999999999", "day=²", "day=-1",
    "as_of=9999-12-31&overdue=30", "as_of=9999-12-31", "as_of=0001-01-01", "as_of=x", "known_at=0001-01-01",
    "known_at=9999-12-31T23:59:59-14:00", "known_at=0001-01-01T00:00%2B14:00", "known_at=x", "since=999999999",
    "overdue=999999999", "orders=999999999999999999999", "stage=xyz", "detail=xyz", "sort=xyz", "begin=x",
    "begin=0001-01-01&moved_from=new", "begin=9999-12-31&moved_to=lapsed", "moved_from=new", "moved_to=xyz",
    "place=after:99999999999999999999:1:1", "place=after:1:99999999999999999999:99999999999999999999", "place=x:y",
    "as_of=2199-12-31&overdue=100000", "as_of=1900-01-01&since=100000&every=year", "as_of=2200-01-01&every=week",
    "within=100000&first=full", "within=0&again=no", "within=²", "first=xyz", "again=yes", "offers=only", "lines=raw",
    "within=365&every=quarter&lines=raw", "within=x", "q=%00", "q=99999999999999999999",
    "cell=x-y", "cell=-", "every=x", "moved=x", "all=x",
]  # fmt: skip


REFUSED = [
    "stage=xyz", "detail=xyz", "sort=xyz", "orders=²", "since=999999999", "begin=x", "begin=0001-01-01",
    "moved_from=new", "moved_to=lapsed", "moved_from=xyz&begin=2025-11-01", "as_of=9999-12-31", "known_at=0001-01-01",
    "first=xyz", "again=yes", "again=xyz&within=90", "within=x", "offers=xyz",
]  # fmt: skip


def body(answer):
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def test_no_address_breaks_a_page(owner):
    """Every address is asked a sixth of it all, each another sixth; `make long` asks everything."""
    owner.raise_request_exception = False
    there = [address_of(one) for one in routes() if "GET" in methods_of(one)]
    assert len(there) > 12
    step = 1 if "TENURE_EXAMPLES" in os.environ else 6
    odd = ["/customers/99999999999999999999999/", "/imports/99999999999999999999999/"]
    for turn, address in enumerate([*there, *odd]):
        for said in SAID[turn % step :: step]:
            answer = owner.get(f"{address}?{said}")
            body(answer)
            assert answer.status_code < 500, (address, said)


@pytest.mark.parametrize("said", REFUSED)
@pytest.mark.parametrize("name", ["customers", "customers-file"])
def test_a_filter_that_means_nothing_is_refused_and_not_left_out(owner, name, said):
    answer = owner.get(f"{reverse(name)}?{said}")
    assert answer.status_code == 400
    assert b"That was not done" in body(answer)


@pytest.mark.parametrize(
    ("name", "said"), [("ring", "every=x"), ("ring", "moved=x"), ("flows", "every=x"), ("flows", "cell=new-x"),
                       ("flows-file", "every=x")]
)  # fmt: skip
def test_a_word_that_means_nothing_is_refused_with_those_that_do(owner, name, said):
    answer = owner.get(f"{reverse(name)}?{said}")
    assert answer.status_code == 400
    assert "is not known; it may be" in body(answer).decode()


def test_a_day_that_lies_outside_is_named_as_it_was_written(owner):
    text = owner.get(reverse("ring"), {"as_of": "9999-12-31"}).content.decode()
    assert "“9999-12-31”: it lies outside the years 1900 to 2199" in text
