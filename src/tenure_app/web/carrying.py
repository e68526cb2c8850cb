"""A process of its own that imports a kept file, so that it goes on when the page is closed and the server is free.

`python -m tenure_app.web.carrying TOKEN NAME`: NAME is who asked. What came of it is written beside the file.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

__all__ = ["carry", "main"]


def carry(token: str, by: str) -> None:
    """Import the kept file of this token and write down the number of its run, or why there is none."""
    from tenure.errors import TenureError
    from tenure_app import clock
    from tenure_app.imports.runs import run
    from tenure_app.web.importing import asked_of, upload_of
    from tenure_app.web.refreshing import refresh

    upload = upload_of(token)
    folder = upload.path.parent
    _write(folder / "carried.json", {"pid": os.getpid()})
    try:
        done = run(asked_of(upload), by=by, now=clock.now, progress=_silent)
        refresh()
    except TenureError as wrong:
        said = str(wrong).replace(str(upload.path), upload.name)
        _write(folder / "carried.json", {"refused": said, "code": getattr(wrong, "code", "bad_file")})
        return
    _write(folder / "carried.json", {"run": done.pk})
    upload.path.unlink(missing_ok=True)


def _silent(what: str, done: int, of: int) -> None:
    """Progress is read off the run itself."""


def _write(file: Path, said: dict[str, object]) -> None:
    partly = file.with_suffix(".part")
    partly.write_text(json.dumps(said), encoding="utf-8")
    partly.rename(file)


def main() -> None:
    """The process: Django made ready, one file carried."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tenure_app.settings")
    import django

    django.setup()
    carry(sys.argv[1], sys.argv[2])


if __name__ == "__main__":
    main()
