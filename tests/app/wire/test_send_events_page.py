"""What docs/how-to/send-events.md tells people to write, run as it stands with an address and a key of ours."""

import re
import subprocess
import sys

import node
import pytest
from served import timeline

PAGE = node.ROOT / "docs" / "how-to" / "send-events.md"
BLOCKS = re.findall(r"^```(py|mjs|js|sh)\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
ORDER = re.compile(r"A-\d")


def ours(text, live, name):
    dialect = "customerio" if "from customerio" in text else "segment"
    assert "KEY" in text
    assert "http://127.0.0.1:8765" in text
    return text.replace("http://127.0.0.1:8765", live.address).replace("KEY", live.source(name, dialect))


def test_the_page_shows_each_library():
    assert [kind for kind, _ in BLOCKS] == ["py", "mjs", "js", "py", "mjs", "js", "py", "mjs", "sh"]


@pytest.mark.parametrize("number", [n for n, (kind, text) in enumerate(BLOCKS) if ORDER.search(text)])
def test_an_order_sent_as_the_page_says_arrives(live, number, tmp_path):
    live.point()
    kind, text = BLOCKS[number]
    name = f"page-{number}"
    text = ours(text, live, name)
    if kind == "mjs":
        folder = node.installed()
        (folder / f"page-{number}.mjs").write_text(text, encoding="utf-8")
        command, tmp_path = ["node", f"page-{number}.mjs"], folder
    else:
        command = [sys.executable, "-c", text] if kind == "py" else ["bash", "-euc", text]
    told = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert told.returncode == 0, told.stderr
    live.drained()
    orders = [(row["order"], row["minor"], row["currency"]) for row in timeline(name) if row["kind"] == "order.placed"]
    assert orders == [(ORDER.search(text)[0], 4990, "EUR")]
