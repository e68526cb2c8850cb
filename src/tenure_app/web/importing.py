"""Files on their way into the ledger: kept, tried, then handed to the import."""

from __future__ import annotations

import contextlib
import json
import re
import secrets
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.utils.translation import gettext

from tenure_app import background, clock
from tenure_app.imports.registry import names
from tenure_app.imports.runs import Asked, begin, look
from tenure_app.insight import beside
from tenure_app.insight.alive import alive, mark_of
from tenure_app.ledger.alone import under_way
from tenure_app.ledger.models import ImportRun
from tenure_app.ledger.undo import announce, announced
from tenure_app.refused import Refused

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

__all__ = [
    "FORMATS", "Options", "Upload", "asked_of", "dropped", "dry_run", "finished", "keep", "start", "stopped",
    "take_back", "try_out", "upload_of",
]  # fmt: skip

FORMATS: Final = ("auto", *names())
_GIVEN: Final = "given"
"""The folder of the file itself: whatever it is called, it lies beside none of ours."""
_LONGEST: Final = 200
"""Bytes of a file's name that are kept, of its end: the file system takes 255."""
_KEPT_S: Final = 14 * 86_400
_undoing = Lock()
"""Two who ask at once begin one process."""


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
    """The uploaded file, laid down in the data folder; files that were brought long ago and never imported go."""
    _forget_old()
    token = secrets.token_hex(8)
    folder = _folder(token)
    folder.mkdir(parents=True, mode=0o700)
    (folder / _GIVEN).mkdir(mode=0o700)
    name = re.sub(r"[^\w. ()-]", "_", Path(file.name or "file").name)
    name = name.encode()[-_LONGEST:].decode(errors="ignore") or "file"
    with open(folder / _GIVEN / name, "wb") as target:
        target.writelines(file.chunks())
    said = {"name": name, "options": asdict(options)}
    (folder / "upload.json").write_text(json.dumps(said), encoding="utf-8")
    return Upload(token, name, folder / _GIVEN / name, options)


def _forget_old() -> None:
    """Remove the files that no run speaks of and nobody has touched for `_KEPT_S` seconds: they hold addresses."""
    folder = Path(settings.TENURE_DATA) / "uploads"
    spoken_of = {json.loads(way.read_text(encoding="utf-8"))["token"] for way in folder.glob("runs/*.json")}
    before = (clock.now() / 1e6) - _KEPT_S
    for said in folder.glob("*/upload.json"):
        with contextlib.suppress(FileNotFoundError):  # somebody drops it meanwhile
            if said.parent.name not in spoken_of and said.stat().st_mtime < before:
                shutil.rmtree(said.parent, ignore_errors=True)


def upload_of(token: str) -> Upload:
    """A kept file. Refused where there is none of that token."""
    if re.fullmatch(r"[0-9a-f]{16}", token):
        folder = _folder(token)
        try:
            said = json.loads((folder / "upload.json").read_text(encoding="utf-8"))
            return Upload(token, said["name"], folder / _GIVEN / said["name"], Options(**said["options"]))
        except FileNotFoundError:
            pass
    raise Refused("no_upload", gettext("Nothing was imported: the file is not here any more; upload it again."))


def dropped(upload: Upload) -> None:
    """Remove a kept file, and what was found out about it."""
    shutil.rmtree(_folder(upload.token), ignore_errors=True)


def _folder(token: str) -> Path:
    return Path(settings.TENURE_DATA) / "uploads" / token


def dry_run(upload: Upload) -> dict[str, Any]:
    """What the file holds and would bring: the fields of `Parsed`, `source`, and how many facts are `new` and `known`.

    NotReady while it is read; Refused, in the reader's words, for a file that cannot be.
    """
    result = _folder(upload.token) / "dry.json"
    said = beside.found(result, "tenure_app.web.trying", [upload.token], waiting=gettext("Reading the file"))
    if beside.FAILED in said:
        raise Refused(
            "failed",
            gettext(
                "Nothing was imported: the file could not be read, and not by a fault of yours ({error}). What"
                " happened is in the server’s log; drop the file, and bring it again or in another form."
            ).format(error=said[beside.FAILED] or gettext("it was stopped")),
        )
    if beside.REFUSED in said:
        raise Refused(said["code"], said[beside.REFUSED].replace(str(upload.path), upload.name))
    return said


def try_out(upload: Upload) -> None:
    """Look at a kept file, and lay down what was found out."""
    beside.lay(_folder(upload.token) / "dry.json", lambda: _tried(upload))


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
    return {**asdict(found.parsed), **{key: value for key, value in asdict(found).items() if key != "parsed"},
            "rejects": found.rejected, "rejected": found.parsed.rejected}  # fmt: skip


def _silent(what: str, done: int, of: int) -> None:
    """The page only says that the file is being read."""


def start(upload: Upload, *, by: str, now: int) -> int:
    """Begin to import a kept file that was looked at, in a process of its own; the number of its run."""
    found, asked = dry_run(upload), asked_of(upload)
    _mark_stopped(upload)
    run = begin(asked, format=found["format"], family=found["source"], by=by, now=now)
    words = ["import", str(upload.path), "--format", found["format"], "--run", str(run.pk)]
    for option, value in (
        ("--source", asked.source), ("--times-in", asked.times_in), ("--currency", asked.currency),
        ("--customer-by", asked.customer_by),
    ):  # fmt: skip
        words += [option, value] if value else []
    number = background.begin(words, _folder(upload.token) / "import.log")
    _begun(run, number, token=upload.token)
    return run.pk


def _mark_stopped(upload: Upload) -> None:
    """A run of this very file whose process is gone goes on under its number."""
    for way in (Path(settings.TENURE_DATA) / "uploads" / "runs").glob("*.json"):
        said = json.loads(way.read_text(encoding="utf-8"))
        if said["token"] == upload.token and not alive(said["pid"], said.get("mark", "")):
            ImportRun.objects.filter(pk=int(way.stem), state=ImportRun.RUNNING).update(state=ImportRun.STOPPED)


def _way(run: int) -> Path:
    """Where it is written which file and which process a run is of."""
    return Path(settings.TENURE_DATA) / "uploads" / "runs" / f"{run}.json"


def stopped(run: ImportRun) -> str | None:
    """Of a run that was stopped, or whose process is gone: the token of its file, "" if that is not here any more. None
    for a run that is under way or done."""
    try:
        said = json.loads(_way(run.pk).read_text(encoding="utf-8"))
    except FileNotFoundError:
        # begun at a terminal, or by a server that ended before it wrote it down
        gone = run.state == run.STOPPED or (run.state == run.RUNNING and not under_way())
        return "" if gone else None
    if run.state == run.STOPPED or (run.state == run.RUNNING and not alive(said["pid"], said.get("mark", ""))):
        return str(said["token"]) if said["token"] and (_folder(said["token"]) / "upload.json").exists() else ""
    return None


def finished(run: ImportRun) -> None:
    """Of a run that is done the file is not needed any more: drop it."""
    with contextlib.suppress(FileNotFoundError):
        said = json.loads(_way(run.pk).read_text(encoding="utf-8"))
        if said["token"]:
            shutil.rmtree(_folder(said["token"]), ignore_errors=True)
        _way(run.pk).unlink()


def take_back(run: ImportRun, *, by: str) -> int:
    """Begin to append what takes back the facts of a run, in a process of its own; the number of the run that does.

    Asked again while it does, it is still one. Refused for a run that cannot be undone, and while an import is under
    way.
    """
    with _undoing:
        mine = announced(run)
        if mine is not None and _lives(mine):
            return mine.pk
        mine = announce(run, by=by, now=clock.now())
        words = ["import", "--undo", str(run.pk), "--run", str(mine.pk)]
        number = background.begin(words, Path(settings.TENURE_DATA) / "uploads" / "undo.log")
        _begun(mine, number, token="")
    return mine.pk


def _lives(run: ImportRun) -> bool:
    """Whether the process of a run is at work."""
    try:
        said = json.loads(_way(run.pk).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return False
    return alive(said["pid"], said.get("mark", ""))


def _begun(run: ImportRun, number: int, *, token: str) -> None:
    """Write down which process a run is of."""
    said = {"token": token, "pid": number, "mark": mark_of(number)}
    _way(run.pk).parent.mkdir(parents=True, exist_ok=True)
    _way(run.pk).write_text(json.dumps(said), encoding="utf-8")
