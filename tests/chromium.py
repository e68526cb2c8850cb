"""Debian's browser, started for tests so that it asks nobody but us."""

import os
import shutil

__all__ = ["started"]

PROGRAM = os.environ.get("TENURE_CHROMIUM") or shutil.which("chromium")
WORDS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


def started(playwright):
    """A browser of Playwright's; its own error where there is none to start."""
    return playwright.chromium.launch(executable_path=PROGRAM, args=WORDS)
