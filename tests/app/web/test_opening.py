"""Pictures that cannot be read are made anew once; news in the ledger bring them up to it; nobody waits for others."""

import html
import importlib
import os
import subprocess
from datetime import date

import duckdb
import pytest
from django.conf import settings
from django.urls import reverse
from signed_in_user import signed_in

import tenure
from tenure.lifecycle.policy import DEFAULT
from tenure.periods import parse_instant
from tenure.simulation import simulate
from tenure_app import background
from tenure_app.clock import PINNED_BY
from tenure_app.imports.runs import Asked, run
from tenure_app.insight import opening, refreshing
from tenure_app.insight.reading import NotReady
from tenure_app.insight.refresh import refresh
from tenure_app.ledger.manifest import read_manifest
from tenure_app.ledger.models import ImportRun, Shop

ZONE, DAY = "Europe/Oslo", date(2025, 11, 1)
BUSY = b'aria-busy="true"'


def anew():
    refresh(settings.TENURE_DATA / "mirror", DEFAULT, zone=ZONE, now=2, progress=lambda *_: None, anew=True)


def imported(path, seed):
    file = simulate(path / f"boots-{seed}.parquet", customers=120, seed=seed).events
    run(Asked(file), by="vera", now=lambda: 1, progress=lambda *_: None)


@pytest.fixture
def begun(monkeypatch):
    """The words of what is begun; the process is one that is over soon."""
    words = []

    def begin(said, log):
        words.append(list(said))
        log.write_text("tenure: nothing was refreshed: the disk is full\n")
        return 4_194_305  # more than any process's number

    monkeypatch.setattr(background, "begin", begin)
    return words


@pytest.fixture
def filled(sqlite_ledger, tmp_path, monkeypatch, begun):
    monkeypatch.setenv(PINNED_BY, "2025-12-10T08:00Z")
    Shop.objects.create(pk=1, name="Boots", zone=ZONE, currency="EUR")
    imported(tmp_path, 1)
    anew()
    for memory in (opening._shelves, refreshing._refreshes):
        memory.clear()
    monkeypatch.setattr(opening, "_last", opening._Last())
    yield settings.TENURE_DATA / "mirror"
    opening._shelves.clear()
    refreshing._refreshes.clear()


def cut(path):
    os.truncate(path, path.stat().st_size // 3)


@pytest.mark.parametrize("which", ["events", "lives"])
def test_a_truncated_file_is_made_anew_once(filled, begun, which):
    manifest, client = read_manifest(filled), signed_in()
    cut(filled / (manifest.events if which == "events" else manifest.lives[DEFAULT.hash].base))
    pages = [client.get(reverse("ring"), {"as_of": DAY.isoformat()}) for _ in range(3)]
    assert [page.status_code for page in pages] == [200] * 3
    assert all(BUSY in page.content for page in pages)
    assert b"the disk is full" in pages[-1].content
    assert begun == [["refresh", "--anew"]]
    anew()
    page = client.get(reverse("ring"), {"as_of": DAY.isoformat()})
    assert page.status_code == 200
    assert BUSY not in page.content


def test_what_fails_in_the_next_generation_as_well_is_not_the_files(filled, begun):
    with pytest.raises(NotReady):
        opening.mend()
    anew()
    assert opening.mend() is None
    assert begun == [["refresh", "--anew"]]


def test_a_page_that_cannot_read_on_waits_for_new_files(filled, begun, monkeypatch):
    from tenure_app.web.pages import ring

    def broken(*_):
        raise duckdb.IOException("could not read enough bytes")

    monkeypatch.setattr(ring.moving, "counts", broken)
    assert BUSY in signed_in().get(reverse("ring"), {"as_of": DAY.isoformat()}).content
    assert begun == [["refresh", "--anew"]]


def opened():
    as_of = parse_instant(DAY.isoformat(), ZONE)
    return opening.opened(as_of, zone=ZONE)


def test_news_of_the_ledger_begin_a_refresh_and_the_picture_stays(filled, begun, tmp_path):
    before = opened().generation
    assert begun == []
    imported(tmp_path, 2)
    ImportRun.objects.update(state=ImportRun.RUNNING)  # killed: nobody holds the lock
    assert opened().generation == before
    assert begun == []  # asked a moment ago
    opening._last.asked -= 10
    assert opened().generation == before
    assert begun == [["refresh"]]


def test_one_refresh_at_a_time(filled, begun, monkeypatch):
    with subprocess.Popen(["sleep", "30"]) as sleeper:
        monkeypatch.setattr(background, "begin", lambda words, _: begun.append(words) or sleeper.pid)
        assert refreshing.begun("a")
        assert not refreshing.begun("b")
        assert refreshing.why_not("a") == ""
        sleeper.kill()
        sleeper.wait()
        assert refreshing.begun("b", ["--anew"])
    assert begun == [["refresh"], ["refresh", "--anew"]]


def test_rules_are_tried_in_a_process_of_their_own_and_the_page_says_what_the_verb_says(filled, monkeypatch, tmp_path):
    words = []

    def at_once(said, log, module):
        words.append(module)
        importlib.import_module(module).main(said)
        return 4_194_305

    monkeypatch.setattr(background, "begin", at_once)
    client, asked = signed_in(), {"as_of": DAY.isoformat()}
    waits = client.get(reverse("policy-suggest"), asked)
    assert BUSY in waits.content
    assert "Trying rules on the shop’s own past" in waits.content.decode()
    page = client.get(reverse("policy-suggest"), asked).content.decode()
    found = tenure.suggest(str(tmp_path / "boots-1.parquet"), until=DAY.isoformat(), timezone=ZONE)
    sentences, _, numbers = found.text.partition("\n\n")
    assert all(html.escape(one) in page for one in sentences.splitlines())
    assert html.escape(numbers) in page
    assert words == ["tenure_app.web.suggesting"]
