"""Files on their way into the ledger: kept, tried, then handed to the import."""

from __future__ import annotations

import json
import re
import secrets
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings

from tenure.engine.duckdb import DuckDB
from tenure.errors import TenureError
from tenure_app import clock
from tenure_app.imports.parse import parse
from tenure_app.imports.registry import names
from tenure_app.ledger.undo import undo
from tenure_app.refused import Refused
from tenure_app.web.reading import NotReady

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

    from tenure_app.ledger.models import ImportRun

__all__ = ["FORMATS", "Options", "Upload", "dropped", "dry_run", "keep", "start", "take_back", "upload_of"]

FORMATS: Final = ("auto", *names())
_SAMPLES: Final = 8
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
        for chunk in file.chunks():
            target.write(chunk)
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
    raise Refused("no_upload", "Nothing was imported: the file is not here any more; upload it again.")


def dropped(upload: Upload) -> None:
    """Remove a kept file."""
    for file in upload.path.parent.iterdir():
        file.unlink()
    upload.path.parent.rmdir()


def _folder(token: str) -> Path:
    return Path(settings.TENURE_DATA) / "uploads" / token


def dry_run(upload: Upload) -> dict[str, Any]:
    """What the file holds and would bring: the fields of `Parsed`, and `samples`, the first rejected rows (line, code,
    row). NotReady while it is read; Refused, in the reader's words, for a file that cannot be."""
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
        said = {"refused": str(wrong).replace(str(upload.path), upload.name), "code": getattr(wrong, "code", "bad_file")}
    partly = result.with_suffix(".part")
    partly.write_text(json.dumps(said), encoding="utf-8")
    partly.rename(result)


def _tried(upload: Upload) -> dict[str, Any]:
    asked = upload.options
    with DuckDB() as engine:
        parsed = parse(
            engine, upload.path, format=asked.format, times_in=asked.times_in, currency=asked.currency or None,
            customer_by="name" if asked.by_name else None,
        )  # fmt: skip
        rejects = engine.connection.table("rejects").limit(_SAMPLES).fetch_arrow_table().to_pylist()
        samples = [{key: str(value) for key, value in row.items() if key in ("line", "code", "reason", "row")} for row in rejects]
        return {**asdict(parsed), "samples": samples}


def start(upload: Upload, *, by: str) -> int:
    """Begin to import a kept file; the number of its run. It goes on when the page is closed."""
    raise Refused("no_import", f"{upload.name} was not imported by {by}: this server cannot import yet.")


def take_back(run: ImportRun, *, by: str) -> None:
    """Append what takes back the facts of a run."""
    undo(run, by=by, now=clock.now)
