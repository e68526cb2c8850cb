"""`tenure import` as its user meets it."""

import pytest

from tenure_app.ledger.models import Event, ImportRun, RejectedRow


def test_a_file_is_imported_once_and_its_rejects_are_kept(tenure, orders, tmp_path):
    code, out, err = tenure("import", orders, "--rejects", tmp_path / "rejects.csv")
    assert (code, err) == (0, "")
    assert out.splitlines()[0].startswith("run 1: orders, 5 rows in ")
    assert "order.placed  3" in out
    assert "3 facts of 2 customers (2 new): 3 added, 0 known already" in out
    assert "rejected          1  missing_customer: no customer id" in out
    assert "rejected          1  bad_amount: the amount or discount is not a number" in out
    assert list(RejectedRow.objects.values_list("line", "code", "row")) == [
        (4, "missing_customer", ",1003,2024-01-07 12:00,30.00,EUR"),
        (5, "bad_amount", "C1,1004,2024-02-05 10:00,abc,EUR"),
    ]  # fmt: skip
    assert (tmp_path / "rejects.csv").read_text(encoding="utf-8").splitlines()[0] == "line,code,reason,row"
    code, out, _ = tenure("import", orders)
    assert "0 added, 3 known already" in out
    assert Event.objects.count() == 3


def test_a_dry_run_writes_nothing_and_says_what_would_come(tenure, orders):
    code, out, _ = tenure("import", "--dry-run", orders)
    assert (code, Event.objects.count(), ImportRun.objects.count()) == (0, 0, 0)
    assert "orders, 5 rows; nothing was written" in out
    assert "customer  customer_id" in out
    assert "3 facts new to the ledger (source orders), 0 it has already, 0 it has otherwise" in out
    tenure("import", orders)
    orders.write_text(orders.read_text(encoding="utf-8").replace("15.00", "16.00") + "C9,1009,2024-05-05,1.00,EUR\n")
    _, out, _ = tenure("import", "--dry-run", orders)
    assert "1 fact new to the ledger (source orders), 2 it has already, 1 it has otherwise" in out


def test_a_run_is_taken_back_and_its_file_imported_again(tenure, orders):
    tenure("import", orders)
    assert tenure("import", "--undo", 1)[:2] == (
        0, "run 1 (orders.csv) is undone: 3 facts taken back\npictures of 0 people: 3 events read, everybody judged\n"
    )  # fmt: skip
    assert tenure("import", "--undo", 1)[2] == (
        "tenure: run 1 was undone already; import its file again to have it back\n"
    )
    _, out, _ = tenure("import", orders)
    assert "3 added (3 of them corrections), 0 known already" in out


@pytest.mark.parametrize(("words", "says"), [
    (["import"], "no file was named: tenure import FILE, or tenure import --undo RUN"),
    (["import", "--undo", "7"], "nothing was undone: there is no run 7; there is none"),
    (["import", "none.csv"], "none.csv: there is no such file; check the name and the folder"),
])  # fmt: skip
def test_what_cannot_be_done_is_one_line(tenure, words, says):
    assert tenure(*words) == (2, "", f"tenure: {says}\n")


def test_an_import_is_refused_while_another_is_under_way(tenure, orders):
    from tenure_app.ledger.alone import importing_alone

    with importing_alone():
        code, _, err = tenure("import", orders)
    assert (code, err) == (2, "tenure: nothing was done: another import or undoing is under way; try again after it\n")
    assert ImportRun.objects.count() == 0
    assert tenure("import", orders)[0] == 0


def test_a_run_that_was_stopped_is_gone_on_with(tenure, orders, monkeypatch):
    from tenure_app.ledger import intake

    def killed(*_, **__):
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(intake, "append", killed)
        assert tenure("import", orders)[0] == 1
    (run,) = ImportRun.objects.all()
    assert (run.state, run.counts["stopped"]) == ("stopped", "MemoryError")
    assert tenure("import", orders)[0] == 0
    (run,) = ImportRun.objects.all()
    assert (run.state, run.counts["added"]) == ("done", 3)


def test_columns_with_other_names_are_named(tenure, tmp_path):
    file = tmp_path / "till.csv"
    file.write_text("Who;Bon;When\nC1;7;2024-01-05\n", encoding="utf-8")
    code, _, err = tenure("import", file)
    assert (code, "--customer-column" in err) == (2, True)
    code, out, _ = tenure("import", file, "--customer-column", "Who", "--order", "Bon", "--at", "When")
    assert (code, "1 fact of 1 customer (1 new): 1 added" in out) == (0, True)


@pytest.mark.parametrize(("url", "says"), [
    ("sqlite:///", "DATABASE_URL: sqlite:/// names no file; write sqlite:///FILE"),
    ("postgres://", "DATABASE_URL: what begins with 'postgres' is no database Tenure knows"),
    ("postgres://u:p@h:port/x", "DATABASE_URL: what begins with 'postgres' is no database Tenure knows"),
    ("foo", "DATABASE_URL: what begins with 'foo' is no database Tenure knows"),
])  # fmt: skip
def test_an_address_of_no_database_is_refused(url, says):
    from tenure_app.environment import database
    from tenure_app.refused import Refused

    with pytest.raises(Refused) as refused:
        database(url)
    assert str(refused.value).startswith(says)


def test_orders_of_a_day_to_come_are_remarked_on(tenure, tmp_path):
    file = tmp_path / "orders.csv"
    file.write_text("customer_id,order_id,order_date\nC1,1,2024-01-05\nC1,2,2199-01-05\n", encoding="utf-8")
    assert "note: 1 fact lies after today: mistyped years? they count from their day on" in tenure("import", file)[1]
