"""No room: the doors answer 503 with when to come again, never 200; nothing is written by halves; and once there is
room again everything goes on, without a restart where the system allows it."""

import base64
import json
import os
import shutil
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest
from django.conf import settings
from served import begun, messages, until

from tenure_app.ledger.models import Event
from tenure_app.listen import spool

MANY = "x" * 20_000


@pytest.fixture
def served(sqlite_databases, tmp_path, monkeypatch):
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setattr(settings, "TENURE_DATA", folder)
    with begun(sqlite_databases, folder) as here:
        yield here


def body_of(number):
    """A batch of one large event."""
    said = {"type": "track", "event": "Full", "userId": "u1", "messageId": f"full-{number}", "properties": {"x": MANY}}
    return json.dumps({"batch": [said]})


def sent(served, key, number):
    word = base64.b64encode(f"{key}:".encode()).decode()
    return served.ask("POST", "/v1/batch", body_of(number), {"Authorization": f"Basic {word}"})


def until_full(served, key, most=400):
    """Send until one is turned away; the numbers of those that were answered 200."""
    taken = []
    for number in range(most):
        status, headers, body = sent(served, key, number)
        if status == 200:
            taken.append(f"full-{number}")
            continue
        assert status == 503, (status, body)
        assert int(headers["Retry-After"]) > 0
        assert set(json.loads(body)) == {"success", "code", "message"}
        return taken
    raise AssertionError("it was never full")


def goes_on(served, key, taken):
    """There is room again: what was taken and what comes now is on the timeline, and the files are whole."""
    until(lambda: sent(served, key, 1_000_000)[0] == 200, "it takes events again", 20)
    if not served.workers:
        served.work()
    served.drained()
    assert sorted(number for number, _ in messages("full")) == sorted([*taken, "full-1000000"])
    assert Event.objects.filter(source__name="full", kind="event.other").count() == len(taken) + 1
    spool.forget_file()
    for file in served.folder.parent.rglob("*.sqlite3"):
        with sqlite3.connect(file) as one:
            assert one.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        one.close()


def limits_of(served):
    """The processes of the server, to which a limit is to apply."""
    children = Path(f"/proc/{served.web.pid}/task/{served.web.pid}/children").read_text(encoding="ascii").split()
    return [served.web.pid, *map(int, children)]


def test_files_that_may_not_grow(served):
    """RLIMIT_FSIZE, as a quota would: set on the running processes, and lifted from them."""
    import resource

    served.serve()
    key = served.source("full")
    assert sent(served, key, 999_999)[0] == 200
    file = spool.spool_of(served.url.removeprefix("sqlite:///"))
    most = max(one.stat().st_size for one in file.parent.glob(f"{file.name}*")) + 300_000
    for number in limits_of(served):
        resource.prlimit(number, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
    taken = ["full-999999", *until_full(served, key)]
    assert len(taken) > 1
    assert served.web.poll() is None
    assert served.lives()
    for number in limits_of(served):
        resource.prlimit(number, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    goes_on(served, key, taken)


def test_a_database_that_may_hold_no_more_pages(served, monkeypatch):
    """max_page_count is a connection's own, so it is set in this process, whose doors are the same code."""
    from django.test import Client

    from tenure_app.listen import receiving

    receiving.forget()
    key = served.source("full")
    client, word = Client(), base64.b64encode(f"{key}:".encode()).decode()

    def send(number):
        return client.post("/v1/batch", body_of(number), content_type="application/json",
                           headers={"authorization": f"Basic {word}"})  # fmt: skip

    assert send(0).status_code == 200
    file = spool._file()
    ((pages,),) = file.execute("PRAGMA page_count").fetchall()
    file.execute(f"PRAGMA max_page_count = {pages + 20}")
    answers = [send(number) for number in range(1, 20)]
    codes = [answer.status_code for answer in answers]
    assert set(codes) == {200, 503}
    assert codes == sorted(codes)
    assert {answer["Retry-After"] for answer in answers if answer.status_code == 503} == {"5"}
    file.execute("PRAGMA max_page_count = 1000000")
    assert send(50).status_code == 200
    taken = [one.body for one in spool.waiting(99)]
    assert len(taken) == codes.count(200) + 2
    assert all(json.loads(body)["batch"][0]["messageId"].startswith("full-") for body in taken)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of a few MB. Needs root, and says so where there is none."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small tmpfs: the full disk was not tried")
    folder = tmp_path / "disk"
    folder.mkdir()
    told = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", folder], capture_output=True, text=True, check=False
    )  # fmt: skip
    if told.returncode != 0:
        pytest.skip(f"a small tmpfs could not be mounted: {told.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def test_a_full_disk(sqlite_databases, small_disk, tmp_path, monkeypatch):
    monkeypatch.setattr(settings, "TENURE_DATA", small_disk)
    monkeypatch.setattr(sqlite_databases, "folder", small_disk)
    with begun(sqlite_databases, small_disk) as served:
        served.serve()
        key = served.source("full")
        ballast = small_disk / "ballast"
        free = shutil.disk_usage(small_disk).free
        ballast.write_bytes(b"\0" * max(0, free - 1_500_000))
        taken = until_full(served, key)
        assert taken
        assert served.lives()
        # the worker meets the full disk too: what it cannot write stays where it is
        served.work()
        time.sleep(3)
        assert served.workers[0].poll() is None
        ballast.unlink()
        goes_on(served, key, taken)
        assert served.workers[0].poll() is None
