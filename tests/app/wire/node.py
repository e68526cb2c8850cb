"""The client libraries of npm: installed once by the lock of tests/clients, into a folder that its hash names."""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

CLIENTS = Path(__file__).resolve().parents[2] / "clients"
ROOT = CLIENTS.parents[1]
OLDEST = 20
"""The first version of Node that all of the libraries run on."""


def lacking(what):
    """In CI nothing is skipped; elsewhere the end of the run says what was."""
    said = f"{what}: the libraries of npm were not asked"
    if os.environ.get("CI"):
        pytest.fail(said)
    pytest.skip(said)


def installed():
    """The folder with `node_modules`, our own scripts beside it. Skips where there is no Node, or nothing to fetch."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        lacking("Node and npm are not installed (apt-get install nodejs npm)")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.removeprefix("v").split(".")[0]) < OLDEST:
        lacking(f"Node {version} is too old, {OLDEST} or later is needed")
    lock = (CLIENTS / "package-lock.json").read_bytes() + (CLIENTS / "package.json").read_bytes()
    folder = ROOT / "var" / "clients" / hashlib.sha256(lock + version.encode()).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as turn:  # tests may run in several processes
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not (folder / "whole").exists():
            fetch(npm, folder)
        for script in CLIENTS.glob("*.*js"):
            shutil.copy(script, folder)
    pinned = json.loads((CLIENTS / "package.json").read_text(encoding="utf-8"))["dependencies"]
    assert {name: version_of(folder, name) for name in pinned} == pinned
    return folder


def fetch(npm, folder):
    for name in ("package.json", "package-lock.json"):
        shutil.copy(CLIENTS / name, folder)
    # `npm ci` refuses where a package of another platform is not to be had; versions and hashes are the lock's
    told = subprocess.run(
        [npm, "install", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if told.returncode != 0:
        lacking(f"npm install failed: {told.stderr.strip()[-300:]}")
    (folder / "whole").touch()


def version_of(folder, name):
    return json.loads((folder / "node_modules" / name / "package.json").read_text(encoding="utf-8"))["version"]


def bundled(folder, script):
    """A script for browsers with all that it imports, as one text."""
    out = folder / f"{script}.bundle.js"
    subprocess.run(
        [folder / "node_modules" / ".bin" / "esbuild", f"{script}.js", "--bundle", "--format=iife", "--log-level=error",
         '--define:process.env.NODE_ENV="production"', f"--outfile={out}"],
        cwd=folder, check=True,
    )  # fmt: skip
    return out.read_text(encoding="utf-8")
