"""What must hold of every order file, whatever is in it: one history, and every picture and flow read off it.

Real files and simulated shops: a few dates and some of the customers every run, everybody on twenty dates with
TENURE_EXAMPLES (`make long`).
"""

import os
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from whole_files import DAY, STAGES, OrderFile, counts, dates, days_of, instants_of, read_off

import tenure
from tenure.errors import BadFile
from tenure.periods import start_of_day
from tenure.simulation import simulate

FULL = "TENURE_EXAMPLES" in os.environ
DATES = 20 if FULL else 5
PEOPLE = 20_000 if FULL else 150
"""In a simulated shop; of a real file's customers about 150 unless all are asked for."""
REAL = {"cdnow_full": "America/New_York", "grocery": "UTC", "online_retail_ii": "Europe/London"}
NAMES = [*REAL, "boots declared", "boots undeclared", "boots as csv"]

pytestmark = pytest.mark.generated


@pytest.fixture(scope="module", params=NAMES)
def file(request, tmp_path_factory):
    """Each of the files in turn."""
    folder = tmp_path_factory.mktemp("file")
    if request.param in REAL:
        path = request.getfixturevalue("real_data")(f"{request.param}.parquet")
        real = OrderFile(path, "order_date", timezone=REAL[request.param])
        return real if FULL else real.thinned(150, folder)
    csv = request.param == "boots as csv"
    shop = simulate(folder / ("shop.csv" if csv else "shop.parquet"), customers=150 if csv else PEOPLE)
    declared = request.param != "boots undeclared"
    return OrderFile(shop.events, "at", shop.policy if declared else None, "Australia/Sydney" if csv else "UTC")


@pytest.fixture(scope="module")
def history(file):
    """Everybody's intervals until long after the last row."""
    return tenure.history(file.path, until=int(file.instants().max()) + 1200 * DAY, **file.asked)


@pytest.fixture(scope="module")
def pictures(file, history):
    """The pictures as of all dates asked about, by date."""
    asked = dates(file, history, DATES)
    assert len(asked) == DATES
    return {at: tenure.stages(file.path, as_of=at, **file.asked) for at in asked}


def test_the_history_has_no_gaps_and_no_overlaps(file, history):
    customer, stage, detail = (history[name].combine_chunks() for name in ("customer_id", "stage", "detail"))
    begun, ended = instants_of(history["from"]), history["to"].cast(pa.int64()).to_pylist()
    same = np.asarray(pc.equal(customer[1:], customer[:-1]))
    assert np.all(np.asarray(pc.less(customer[:-1], customer[1:]))[~same])
    assert [end for end, mine in zip(ended, same, strict=False) if (end is None) == mine] == []
    assert ended[-1] is None
    assert np.array_equal(np.array([end for end in ended if end is not None]), begun[1:][same])
    assert np.all(begun[1:][same] > begun[:-1][same])
    words = pc.binary_join_element_wise(stage, pc.fill_null(detail, ""), "/")
    assert not np.any(np.asarray(pc.equal(words[1:], words[:-1]))[same])
    rows = file.rows()
    firsts = pa.table({"c": rows["customer_id"].cast(customer.type), "at": file.instants()}).group_by("c")
    firsts = firsts.aggregate([("at", "min")]).sort_by("c")
    heads = np.r_[True, ~same]
    assert customer.filter(pa.array(heads)).equals(firsts["c"].combine_chunks())
    assert np.array_equal(begun[heads], firsts["at_min"].to_numpy())


def test_a_picture_is_what_the_history_says(file, history, pictures):
    columns = ["customer_id", "stage", "detail", "since"]
    differing = [at for at, found in pictures.items() if not found.select(columns).equals(read_off(history, at))]
    assert differing == []
    assert sum(map(len, pictures.values())) > len(file.rows()["customer_id"].unique())


def test_everybody_seen_has_exactly_one_stage(file, pictures):
    rows, instants = file.rows(), file.instants()
    for at, found in pictures.items():
        before = rows.filter(pa.array(instants < at))["customer_id"].cast(found["customer_id"].type)
        assert found["customer_id"].combine_chunks().equals(pc.unique(before).sort()), at
        assert set(found["stage"].to_pylist()) <= set(STAGES)


def test_a_file_cut_off_gives_the_same_picture(file, pictures, tmp_path):
    for at, whole in pictures.items():
        cut = file.cut_off(at, tmp_path)
        if len(whole):
            assert tenure.stages(cut.path, as_of=at, **file.asked).equals(whole), at
        else:
            with pytest.raises(BadFile, match="no rows"):
                tenure.stages(cut.path, as_of=at, **file.asked)


def test_the_order_of_the_rows_does_not_matter(file, history, pictures, tmp_path):
    shuffled = file.shuffled(tmp_path)
    end = int(file.instants().max()) + 1200 * DAY
    assert tenure.history(shuffled.path, until=end, **file.asked).equals(history)
    for at in [*pictures][1::4]:
        assert tenure.stages(shuffled.path, as_of=at, **file.asked).equals(pictures[at]), at


def following(on, every):
    """The first day of the next period."""
    if every == "month":
        return (on.replace(day=1) + timedelta(32)).replace(day=1)
    return on + timedelta({"day": 1, "week": 7}[every])


@pytest.mark.parametrize("every", ["day", "week", "month"])
def test_flows_add_up_to_the_change_in_counts(file, history, every):
    found = tenure.flows(file.path, every=every, **file.asked)
    periods = found["period"].unique().to_pylist()
    assert periods[1:] == [following(on, every) for on in periods[:-1]]
    edges = np.array([start_of_day(day, file.timezone) for day in days_of([*periods, following(periods[-1], every)])])
    at = file.instants()
    assert edges[0] <= at.min() < edges[1]
    assert edges[-1] <= start_of_day(int(at.max() // DAY) + 2, file.timezone)
    standing = counts(history, edges)
    place, n = np.searchsorted(days_of(periods), days_of(found["period"].to_pylist())), found["customers"].to_numpy()
    for stage in STAGES:
        for side, expected in (("from_stage", standing[stage][:-1]), ("to_stage", standing[stage][1:])):
            mine = np.asarray(pc.fill_null(pc.equal(found[side], stage), False))
            assert np.array_equal(np.bincount(place[mine], n[mine], len(periods)), expected), (stage, side)
    everybody = sum(standing.values())
    arrived = np.asarray(found["from_stage"].is_null())
    assert np.array_equal(np.bincount(place[arrived], n[arrived], len(periods)), np.diff(everybody))
    assert n.min() > 0
