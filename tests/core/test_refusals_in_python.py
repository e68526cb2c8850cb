"""What is handed in by mistake gets one line that says what is allowed; what a policy names in vain is said."""

import pyarrow as pa
import pytest

import tenure
from tenure.cli import main
from tenure.errors import BadColumns, BadFile, BadPolicy, BadTime
from tenure.lifecycle.policy import Policy, Scope, Season
from tenure.verbs.shop import opened

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
        assert shop.timeline.notes[-2:] == (
            "the policy names the category 'Boots', but no row has it; is 'boots' meant?",
            "the policy names the region 'x', but no row has it",
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
