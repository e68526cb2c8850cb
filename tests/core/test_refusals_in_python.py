"""What is handed in by mistake gets one line that says what is allowed; what a policy names in vain is said."""

import numpy as np
import pyarrow as pa
import pytest

import tenure
from tenure.cli import main
from tenure.errors import BadColumns, BadFile, BadPolicy, BadTime
from tenure.lifecycle.policy import Policy, Scope, Season
from tenure.verbs.shop import instant_of, opened

ORDERS = pa.table({"customer": [1, 2], "at": ["2024-01-01", "2024-02-01"], "category": ["boots", "shoes"]})


@pytest.mark.parametrize("policy", [{}, 5, b"x", ""])
def test_what_is_no_policy_is_refused(policy):
    with pytest.raises(BadPolicy, match=r"^.* is no policy: hand in the path of a policy file, a Policy, or None"):
        tenure.stages(ORDERS, as_of="2024-03-01", policy=policy)


@pytest.mark.parametrize("zone", [None, 5])
def test_what_is_no_zone_is_refused(zone):
    with pytest.raises(BadTime, match=r"^.* is no time zone: use a name such as Europe/Berlin$"):
        tenure.stages(ORDERS, as_of="2024-03-01", timezone=zone)


@pytest.mark.parametrize("columns", [{"customer": 5}, ["customer"]])
def test_what_names_no_columns_is_refused(columns):
    with pytest.raises(BadColumns, match=r"names no columns: write them as in"):
        tenure.stages(ORDERS, as_of="2024-03-01", columns=columns)


def test_what_a_policy_names_and_no_row_has_is_said():
    scopes = (Scope(category="shoes"), Scope(region="x"))
    policy = Policy(seasons=(Season(category="Boots", months=(11, 12)),), scopes=scopes)
    with opened(ORDERS, policy=policy) as shop:
        assert shop.timeline.notes == (
            "the policy names the category 'Boots', but no row has it; is 'boots' meant?",
            "the policy names the region 'x', but no row has it",
            "the times carry no zone: read as times in UTC; if that is wrong, --times-in ZONE (times_in= in Python)",
        )


def test_a_table_of_which_no_row_can_be_used_is_a_bad_file(tmp_path):
    orders = pa.table({"customer": [1, None], "at": ["soon", "2024-01-01"]})
    with pytest.raises(BadFile, match=r"^none of the 2 rows can be used: 1 bad_time \(.*; they are in .*r\.csv$"):
        tenure.stages(orders, as_of="2024-03-01", rejects=tmp_path / "r.csv")
    assert (tmp_path / "r.csv").read_text().count("\n") == 3


def test_out_and_rejects_are_two_files(tmp_path, capsys):
    orders = tmp_path / "orders.csv"
    orders.write_text("customer,at\n1,2024-01-01\n,2024-01-02\n", encoding="utf-8")
    target = tmp_path / "o.csv"
    asked = ["stages", str(orders), "--as-of", "2024-02-01", "--out", str(target), "--rejects", str(target)]
    assert main(asked) == 2
    assert "--out and --rejects name the same file; choose another for one of them" in capsys.readouterr().err
    assert not target.exists()


DAYS = pa.table({"customer": [1, 2], "at": ["2024-01-31", "2024-07-01"]})


@pytest.mark.parametrize(("times_in", "zone", "where"), [
    ("UTC", "America/New_York", "before"),
    ("UTC", "Atlantic/Azores", "before"),  # in winter only
    ("Asia/Tokyo", "Europe/Berlin", "before"),
    ("Pacific/Pago_Pago", "Pacific/Kiritimati", "after"),
    ("UTC", "Asia/Tokyo", None),
    ("America/New_York", "America/New_York", None),
    ("Europe/Berlin", "UTC", "before"),
])  # fmt: skip
def test_days_without_hours_that_fall_on_another_day_are_said(times_in, zone, where):
    with opened(DAYS, timezone=zone, times_in=times_in) as shop:
        (note,) = shop.timeline.notes
    assert note == (
        f"the times carry no zone: read as times in {times_in}; if that is wrong, --times-in ZONE (times_in= in Python)"
        if where is None else
        f"the times are days without hours, read in {times_in}, but the shop's days are of {zone}, where they fall on"
        f" the day {where}: --times-in {zone} keeps each on its day (times_in= in Python)"
    )  # fmt: skip


@pytest.mark.parametrize(("last", "said"), [
    ("2024-07-01T00:30", "the times carry no zone: read as times in UTC;"),
    ("2024-07-01T00:00Z", "1 of 2 times carry no zone: read as times in UTC;"),
])  # fmt: skip
def test_one_time_with_an_hour_or_a_zone_and_no_day_is_said_to_shift(last, said):
    orders = pa.table({"customer": [1, 2], "at": ["2024-01-31", last]})
    with opened(orders, timezone="America/New_York") as shop:
        (note,) = shop.timeline.notes
    assert note.startswith(said)


@pytest.mark.parametrize("as_of", [20240601, np.int64(20240601)])
def test_a_date_written_as_a_number_is_no_microseconds(as_of):
    with pytest.raises(BadTime) as caught:
        tenure.stages(ORDERS, as_of=as_of)
    hint = 'for the date write "2024-06-01", with quotes'
    assert str(caught.value) == f"20240601 would be microseconds since 1970: {hint}"


@pytest.mark.parametrize("as_of", [20241301, 2024060, 1_717_200_000_000_000])
def test_other_whole_numbers_are_microseconds(as_of):
    assert instant_of(as_of, "UTC") == as_of


def test_rejects_do_not_go_over_the_policy(tmp_path):
    policy = tmp_path / "policy.csv"
    policy.write_text("", encoding="utf-8")
    with pytest.raises(BadFile, match=r"policy\.csv: it is one of the files to be read; choose another name$"):
        tenure.stages(ORDERS, as_of="2024-03-01", policy=policy, rejects=policy)
