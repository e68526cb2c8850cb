"""The image and the compose file, as far as they can be checked where nothing can be built."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
BIN = Path(sys.executable).parent


def told(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_the_dockerfile_has_no_finding():
    assert told(BIN / "hadolint", DEPLOY / "Dockerfile") == (0, "")


def test_the_linter_finds_something(tmp_path):
    bad = tmp_path / "Dockerfile"
    bad.write_text("FROM python\nRUN cd /tmp\n", encoding="utf-8")
    assert told(BIN / "hadolint", bad)[0] == 1


def test_the_compose_file_is_one():
    command = (BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec")
    assert told(*command, DEPLOY / "compose.yaml")[0] == 0


def test_everything_the_image_copies_is_there():
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    copied = [part for line in re.findall(r"^COPY (?!--from)(.*) \S+$", text, re.MULTILINE) for part in line.split()]
    assert [part for part in copied if not (ROOT / part).exists()] == []
    assert {"requirements/app.txt", "src"} <= set(copied)


def test_what_the_image_runs_is_a_verb():
    from tenure.cli.arguments import parser

    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    command = re.findall(r'^CMD \["tenure", (.*)\]$', text, re.MULTILINE)[-1]
    asked = parser().parse_args([word.strip('" ') for word in command.split(",")])
    assert (asked.verb, asked.host) == ("serve", "0.0.0.0")
