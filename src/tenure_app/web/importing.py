"""Files on their way into the ledger: kept, tried, then handed to the import."""

from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
import sys
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.utils.translation import gettext

from tenure.errors import TenureError
from tenure_app import clock
from tenure_app.imports.registry import names
from tenure_app.imports.runs import Asked, look
from tenure_app.ledger.undo import undo
from tenure_app.refused import Refused
from tenure_app.web.reading import NotReady
from tenure_app.web.refreshing import refresh

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

    from tenure_app.ledger.models import ImportRun

__all__ = [
    "FORMATS",
    "Options",
    "Upload",
    "asked_of",
    "carried",
    "dropped",
    "dry_run",
    "keep",
    "start",
    "take_back",
    "upload_of",
]

FORMATS: Final = ("auto", *names())
_reading: dict[Path, threading.Thread] = {}


@dataclass(frozen=True, slots=True)
class Options:
    """How a file is to be read."""

    format: str = "auto"
    times_in: str = "UTC"
    currency: str = ""
    by_name: bool = False


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was brought and waits: `token` names it, in an address and on disk."""

    token: str
    name: str
    path: Path
    options: Options


def keep(file: UploadedFile, options: Options) -> Upload:
    """The uploaded file, laid down in the data folder."""
    token = secrets.token_hex(8)
    folder = _folder(token)
    folder.mkdir(parents=True, mode=0o700)
    given = Path(file.name or "file").name
    name = re.sub(r"[^\w. ()-]", "_", given)[-120:] or "file"
    with open(folder / name, "wb") as target:
        target.writelines(file.chunks())
    said = {"name": name, "options": asdict(options)}
    (folder / "upload.json").write_text(json.dumps(said), encoding="utf-8")
    return Upload(token, name, folder / name, options)


def upload_of(token: str) -> Upload:
    """A kept file. Refused where there is none of that token."""
    if re.fullmatch(r"[0-9a-f]{16}", token):
        folder = _folder(token)
        try:
            said = json.loads((folder / "upload.json").read_text(encoding="utf-8"))
            return Upload(token, said["name"], folder / said["name"], Options(**said["options"]))
        except FileNotFoundError:
            pass
    raise Refused("no_upload", gettext("Nothing was imported: the file is not here any more; upload it again."))


def dropped(upload: Upload) -> None:
    """Remove a kept file."""
    for file in upload.path.parent.iterdir():
        file.unlink()
    upload.path.parent.rmdir()


def _folder(token: str) -> Path:
    return Path(settings.TENURE_DATA) / "uploads" / token


def dry_run(upload: Upload) -> dict[str, Any]:
    """What the file holds and would bring: the fields of `Parsed`, `source`, and how many facts are `new` and `known`.

    NotReady while it is read; Refused, in the reader's words, for a file that cannot be.
    """
    result = upload.path.parent / "dry.json"
    if result.exists():
        said: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
        if "refused" in said:
            raise Refused(said["code"], said["refused"])
        return said
    thread = _reading.get(result)
    if thread is None or not thread.is_alive():
        thread = threading.Thread(target=_read, args=(upload, result), daemon=True)
        _reading[result] = thread
        thread.start()
    thread.join(0.8)
    if not result.exists():
        raise NotReady
    return dry_run(upload)


def _read(upload: Upload, result: Path) -> None:
    try:
        said = _tried(upload)
    except TenureError as wrong:
        said = {
            "refused": str(wrong).replace(str(upload.path), upload.name),
            "code": getattr(wrong, "code", "bad_file"),
        }
    partly = result.with_suffix(".part")
    partly.write_text(json.dumps(said), encoding="utf-8")
    partly.rename(result)


def asked_of(upload: Upload) -> Asked:
    """A kept file and its options, as the import takes them."""
    said = upload.options
    return Asked(
        upload.path,
        format=said.format,
        times_in=said.times_in,
        currency=said.currency or None,
        customer_by="name" if said.by_name else None,
        file_name=upload.name,
    )


def _tried(upload: Upload) -> dict[str, Any]:
    found = look(asked_of(upload), _silent)
    return {**asdict(found.parsed), "source": found.source, "new": found.new, "known": found.known}


def _silent(what: str, done: int, of: int) -> None:
    """The page only says that the file is being read."""


def start(upload: Upload, *, by: str) -> None:
    """Begin to import a kept file, in a process of its own."""
    (upload.path.parent / "carried.json").unlink(missing_ok=True)
    command = [sys.executable, "-m", "tenure_app.web.carrying", upload.token, by]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    (upload.path.parent / "carried.json").write_text(json.dumps({"pid": process.pid}), encoding="utf-8")
    # somebody has to wait for it, or it stays in the table of processes
    threading.Thread(target=process.wait, daemon=True).start()


def carried(upload: Upload) -> int | None:
    """The number of the run that imported a kept file, None while it is under way. Refused, in the import's words, if
    it could not be, or was killed."""
    try:
        said = json.loads((upload.path.parent / "carried.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Refused(
            "not_begun", gettext("{name} was not imported yet: look at it and begin.").format(name=upload.name)
        ) from None
    if "refused" in said:
        raise Refused(said["code"], said["refused"])
    if "run" in said:
        return int(said["run"])
    if not _alive(said["pid"]):
        raise Refused(
            "stopped",
            gettext("The import of {name} was stopped half-way: begin it again, nothing is lost.").format(
                name=upload.name
            ),
        )
    return None


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def take_back(run: ImportRun, *, by: str) -> None:
    """Append what takes back the facts of a run."""
    undo(run, by=by, now=clock.now)
    refresh()
