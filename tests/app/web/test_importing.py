"""A file through the console: looked at, imported by a process of its own, its rejects as a file, taken back."""

import contextlib
import csv
import importlib
import io
import os
import subprocess

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from tenure_app import background, clock
from tenure_app.imports.runs import Asked, run
from tenure_app.insight import beside
from tenure_app.insight.alive import alive, mark_of
from tenure_app.ledger import undo as undoing_of_the_ledger
from tenure_app.ledger.alone import importing_alone
from tenure_app.ledger.models import Event, ImportRun, RejectedRow
from tenure_app.ledger.undo import announce, undo
from tenure_app.refused import Refused
from tenure_app.web import importing

ORDERS = (
    "customer,order,date,amount\n" + "".join(f"{1 + n % 7},{n},2024-03-{1 + n % 28:02},{n}.50\n" for n in range(1, 40))
    + "8,41,not a day,5\n9,42,=2024,5\n"
)  # fmt: skip


@pytest.fixture(autouse=True)
def begun(monkeypatch):
    """The command's words instead of its process, and modules at once and here: processes themselves are run by the
    browser and the command's tests."""
    words = []

    def begin(said, log, module="tenure"):
        if module == "tenure":
            words.append(list(said))
        else:
            with contextlib.suppress(ZeroDivisionError):  # a process would say it in its log
                importlib.import_module(module).main(said)
            return 4_194_305  # more than any process's number
        return 1

    monkeypatch.setattr(background, "begin", begin)
    monkeypatch.setattr(beside, "_begun", {})
    return words


def followed(owner, path):
    """The page, asked again as it was not there the first time."""
    assert b'aria-busy="true"' in owner.get(path).content
    return owner.get(path)


def uploaded(owner, text=ORDERS, name="orders.csv"):
    form = {
        "file": SimpleUploadedFile(name, text.encode()),
        "format": "auto",
        "times_in": "Europe/Oslo",
        "currency": "EUR",
    }
    return owner.post(reverse("import-upload"), form)["Location"]


def test_a_file_is_looked_at_before_anything_is_written(owner):
    text = followed(owner, uploaded(owner)).content.decode()
    assert "Nothing is written yet. 41 rows of the format orders" in text
    assert "39 new, 0 known already" in text
    assert "bad_time" in text
    assert Event.objects.count() == ImportRun.objects.count() == 0


def test_what_is_no_file_of_orders_is_refused_in_its_words(owner):
    answer = followed(owner, uploaded(owner, "colour,shape\nred,round\n"))
    assert answer.status_code == 400
    assert "unknown_format" in answer.content.decode()


def test_a_name_cannot_leave_the_folder(owner, settings_data):
    there = uploaded(owner, name="../../../etc/orders.csv")
    assert [one.name for one in (settings_data / "uploads" / there.split("/")[-2]).rglob("*.csv")] == ["orders.csv"]


@pytest.fixture
def settings_data():
    from django.conf import settings

    return settings.TENURE_DATA


@pytest.mark.parametrize("token", ["0" * 16, "..%2F..%2Fetc", "zz"])
def test_a_token_that_is_none_is_refused(owner, token):
    assert owner.get(f"/imports/dry/{token}/").status_code in (400, 404)


def test_the_run_is_begun_with_what_was_asked_and_shows_where_it_is(owner, begun):
    there = uploaded(owner)
    followed(owner, there)
    run_page = owner.post(there.replace("/dry/", "/start/"), {"do": "import"})["Location"]
    (words,) = begun
    made = ImportRun.objects.get()
    assert words[0] == "import"
    assert words[2:6] == ["--format", "orders", "--run", str(made.pk)]
    assert (made.by, made.file_name, made.state) == ("vera", "orders.csv", "running")
    # process 1 is there and not ours: the run is under way
    assert b"Being imported" in owner.get(run_page).content
    made.state, made.counts = ImportRun.STOPPED, {"stopped": "the disk is full"}
    made.save()
    assert b"Begin again" in owner.get(run_page).content


def test_a_file_can_be_dropped(owner, settings_data):
    there = uploaded(owner)
    assert owner.post(there.replace("/dry/", "/start/"), {"do": "drop"})["Location"] == reverse("imports")
    assert owner.get(there).status_code == 400


def test_rejected_rows_come_as_a_file_without_formulas_and_a_run_is_taken_back(owner, begun, settings_data):
    file = settings_data / "orders.csv"
    file.write_text(ORDERS, encoding="utf-8")
    done = run(Asked(file), by="vera", now=lambda: 1, progress=lambda *_: None)
    answer = owner.get(reverse("import-rejects", args=[done.pk]))
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
    assert [row["line"] for row in rows] == [str(one.line) for one in RejectedRow.objects.filter(run=done)]
    assert len(rows) == 2
    assert owner.post(reverse("import-undo", args=[done.pk])).status_code == 400
    undoing = owner.post(reverse("import-undo", args=[done.pk]), {"sure": "yes"})["Location"]
    mine = undoing.split("/")[-2]
    # process 1 is there and not ours: the run is under way, and asked for twice it is still one
    assert b"Being taken back" in owner.get(undoing).content
    assert owner.post(reverse("import-undo", args=[done.pk]), {"sure": "yes"})["Location"] == undoing
    assert begun == [["import", "--undo", str(done.pk), "--run", mine]]
    undo(done, by="somebody", now=lambda: 2)
    done.refresh_from_db()
    assert done.state == ImportRun.UNDONE
    text = owner.get(undoing).content.decode()
    assert f"Everything that run {done.pk} brought" in text
    assert ImportRun.objects.get(pk=int(mine)).by == "vera"
    again = owner.post(reverse("import-undo", args=[done.pk]), {"sure": "yes"})
    assert (again.status_code, "undone already" in again.content.decode()) == (400, True)


def broken(*_):
    raise Refused("full", "the disk is full")


def test_a_taking_back_that_was_killed_is_begun_again_from_its_page(owner, begun, monkeypatch, settings_data):
    file = settings_data / "orders.csv"
    file.write_text(ORDERS, encoding="utf-8")
    done = run(Asked(file), by="vera", now=lambda: 1, progress=lambda *_: None)
    undoing = owner.post(reverse("import-undo", args=[done.pk]), {"sure": "yes"})["Location"]
    monkeypatch.setattr(importing, "alive", lambda *_: False)
    text = owner.get(undoing).content.decode()
    assert "The taking back was stopped half-way" in text
    assert f'action="{reverse("import-undo", args=[done.pk])}"' in text
    assert owner.post(reverse("import-undo", args=[done.pk]), {"sure": "yes"})["Location"] == undoing
    assert len(begun) == 2
    monkeypatch.setattr(undoing_of_the_ledger, "_finish", broken)
    with pytest.raises(Refused):
        undo(done, by="vera", now=lambda: 2)
    assert b"the disk is full" in owner.get(undoing).content
    with importing_alone():
        busy = owner.post(reverse("import-undo", args=[done.pk]), {"sure": "yes"})
    assert (busy.status_code, "import_under_way" in busy.content.decode()) == (400, True)


@pytest.mark.parametrize("name", ["dry.json", "upload.json", "import.log", "given", "\N{SNOWMAN}" * 200 + ".csv"])
def test_a_file_may_be_called_as_it_likes(owner, settings_data, name):
    there = uploaded(owner, name=name)
    # a format may be told by the file's ending: then it says so, in words
    text = followed(owner, there).content.decode()
    assert ("41 rows of the format orders" in text) == name.endswith(".csv")
    assert "not here any more" not in text
    assert "<code>failed</code>" not in text
    (kept,) = (settings_data / "uploads" / there.split("/")[-2] / "given").iterdir()
    assert kept.read_text(encoding="utf-8") == ORDERS


def test_a_refused_file_can_be_dropped_from_the_page_that_refuses_it(owner):
    there = uploaded(owner, "colour,shape\nred,round\n")
    text = followed(owner, there).content.decode()
    assert 'value="drop"' in text
    assert reverse("imports") in text
    owner.post(there.replace("/dry/", "/start/"), {"do": "drop"})
    assert b"not here any more" in owner.get(there).content


def test_a_file_that_breaks_the_reader_ends_in_words(owner, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError("no fact per row")

    monkeypatch.setattr(importing, "look", broken)
    answer = followed(owner, uploaded(owner))
    assert answer.status_code == 400
    assert b"ZeroDivisionError" in answer.content
    assert b"no fact per row" not in answer.content
    assert b'value="drop"' in answer.content


def test_a_reader_that_is_killed_is_told_and_asked_again_it_begins_anew(owner, monkeypatch, settings_data):
    there, begun = uploaded(owner), []

    def dies(said, log, module):
        begun.append(subprocess.Popen(["false"]))
        return begun[-1].pid

    monkeypatch.setattr(background, "begin", dies)
    for turn in (1, 2):
        assert b'aria-busy="true"' in owner.get(there).content
        begun[-1].wait()
        answer = owner.get(there)
        assert (answer.status_code, b"it was stopped" in answer.content, len(begun)) == (400, True, turn)


def test_files_that_were_never_imported_go_after_two_weeks(owner, begun, settings_data):
    old, begun_once, new = (uploaded(owner).split("/")[-2] for _ in range(3))
    followed(owner, f"/imports/dry/{begun_once}/")
    owner.post(f"/imports/start/{begun_once}/", {"do": "import"})
    for token in (old, begun_once):
        long_ago = clock.now() / 1e6 - 15 * 86_400
        os.utime(settings_data / "uploads" / token / "upload.json", (long_ago, long_ago))
    os.utime(settings_data / "uploads" / new / "upload.json", (clock.now() / 1e6,) * 2)
    last = uploaded(owner).split("/")[-2]
    kept = {path.parent.name for path in (settings_data / "uploads").glob("*/upload.json")}
    assert kept == {begun_once, new, last}


def test_an_empty_file_is_told_apart_from_none(owner):
    form = {"file": SimpleUploadedFile("orders.csv", b""), "format": "auto", "times_in": "UTC", "currency": ""}
    answer = owner.post(reverse("import-upload"), form)
    assert (answer.status_code, b"the file is empty" in answer.content) == (400, True)


def test_one_that_waits_for_another_import_is_not_taken_for_killed(owner, begun, settings_data):
    there = uploaded(owner)
    followed(owner, there)
    page = owner.post(there.replace("/dry/", "/start/"), {"do": "import"})["Location"]
    waiting = ImportRun.objects.get()
    file = settings_data / "others.csv"
    file.write_text("customer,order,date,amount\n70,900,2024-05-01,5\n71,901,2024-05-02,5\n", encoding="utf-8")
    other = run(Asked(file, currency="EUR"), by="ann", now=lambda: 1, progress=lambda *_: None)
    waiting.refresh_from_db()
    assert waiting.state == ImportRun.RUNNING
    assert b"Being imported" in owner.get(page).content
    kept = settings_data / "uploads" / there.split("/")[-2] / "given" / "orders.csv"
    done = run(Asked(kept, times_in="Europe/Oslo", currency="EUR", file_name="orders.csv"), by="vera", now=lambda: 2,
               progress=lambda *_: None, begun=waiting)  # fmt: skip
    assert (other.counts["new_people"], done.counts["new_people"]) == (2, 7)


def test_a_run_killed_before_it_wrote_anything_goes_on_under_its_number(owner, begun, monkeypatch):
    there = uploaded(owner)
    followed(owner, there)
    page = owner.post(there.replace("/dry/", "/start/"), {"do": "import"})["Location"]
    with monkeypatch.context() as here:
        here.setattr(importing, "alive", lambda *_: False)
        assert "stopped half-way." in owner.get(page).content.decode()
        assert "stopped half-way" in owner.get(reverse("imports")).content.decode()
        assert owner.post(there.replace("/dry/", "/start/"), {"do": "import"})["Location"] == page
    assert ImportRun.objects.get().state == ImportRun.RUNNING


def test_one_file_is_looked_at_at_a_time(owner, monkeypatch):
    first, second, begun = uploaded(owner), uploaded(owner), []

    def sleeps(said, log, module):
        begun.append(subprocess.Popen(["sleep", "60"]))
        return begun[-1].pid

    monkeypatch.setattr(background, "begin", sleeps)
    for there in (first, second, first):
        assert b'aria-busy="true"' in owner.get(there).content
    assert len(begun) == 1
    begun[0].kill()
    begun[0].wait()
    assert b'aria-busy="true"' in owner.get(second).content
    assert len(begun) == 2
    begun[1].kill()
    begun[1].wait()


def test_the_file_goes_when_its_run_is_done(owner, begun, settings_data):
    there = uploaded(owner)
    followed(owner, there)
    run_page = owner.post(there.replace("/dry/", "/start/"), {"do": "import"})["Location"]
    kept = settings_data / "uploads" / there.split("/")[-2]
    owner.get(run_page)
    assert kept.exists()
    ImportRun.objects.update(state=ImportRun.DONE)
    assert owner.get(run_page).status_code == 200
    assert not kept.exists()


def test_a_taking_back_at_a_terminal_that_was_killed_is_seen_to_be_stopped(owner, settings_data):
    file = settings_data / "orders.csv"
    file.write_text(ORDERS, encoding="utf-8")
    done = run(Asked(file), by="vera", now=lambda: 1, progress=lambda *_: None)
    undoing = reverse("import-run", args=[announce(done, by="somebody", now=2).pk])
    with importing_alone():
        assert b"Being taken back" in owner.get(undoing).content
    assert b"The taking back was stopped half-way" in owner.get(undoing).content


def test_a_process_that_got_the_number_of_another_is_not_it():
    mine = os.getpid()
    assert alive(mine, mark_of(mine))
    assert not alive(mine, "1")
    ended = subprocess.Popen(["true"])
    mark = mark_of(ended.pid)
    ended.wait()
    assert not alive(ended.pid, mark)
