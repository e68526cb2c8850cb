"""Text files of lines: their encoding, compression and separator, and their records with line numbers."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import zlib
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Literal, cast

from tenure.errors import BadFile

__all__ = ["BadLine", "Compression", "Lines", "Shape", "opened", "shape"]

_CHUNK: Final = 1 << 20
_DELIMITERS: Final = ",;\t|"
Compression = Literal["gzip", "zstd"]

_LONGEST: Final = 100
"""Lines that one quoted field may span; beyond it the opening quote is taken for a stray one."""


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is not a row of the table."""

    line: int
    reason: str
    text: str


@dataclass(frozen=True, slots=True)
class Shape:
    """What a look through the bytes of a text file finds."""

    encoding: str
    delimiter: str
    header: tuple[str, ...]
    compression: Compression | None
    regular: int | None
    """Lines after the header if every record may be a line of UTF-8 text, the header being the first; else None."""


def shape(path: Path, label: str) -> Shape:
    """Looks through the whole file once; BadFile if it is empty, damaged or not text."""
    scan = _Scan()
    try:
        with _bytes(path) as (stream, compression):
            while chunk := stream.read(_CHUNK):
                scan.take(chunk)
    except (OSError, EOFError, zlib.error) as error:
        raise BadFile(f"{label}: cannot be read to its end, it may be truncated; copy or export it again") from error
    if not scan.head.strip(b"\x00 \t\r\n\xef\xbb\xbf\xff\xfe"):
        raise BadFile(f"{label}: the file is empty; export it again")
    encoding = scan.encoding()
    head = scan.head.decode(encoding, errors="replace").removeprefix("\ufeff")
    if "\x00" in head:
        raise BadFile(f"{label}: this is not a text file; hand in CSV, Parquet or Excel (.xlsx)")
    delimiter = _delimiter(head)
    first = next(iter(Lines(io.StringIO(head, newline=""), delimiter)), None)
    if first is None or isinstance(first, BadLine):
        raise BadFile(f"{label}: the first line does not name the columns; put a header there")
    line, fields = first
    one_line = line == 1 and "\n" not in "".join(fields)
    regular = scan.rows() if one_line and encoding in ("utf-8", "utf-8-sig") else None
    return Shape(encoding, delimiter, tuple(field.strip() for field in fields), compression, regular)


class Lines:
    """The records of a text, each as (line number, fields) or a `BadLine`; blank lines are none.

    A stray quote costs its own line, not the rest of the file: the lines after it are read anew.
    """

    def __init__(self, text: io.TextIOBase | io.StringIO, delimiter: str) -> None:
        self._text = text
        self._delimiter = delimiter
        self._ahead: deque[str] = deque()
        self._record: list[str] = []

    def __iter__(self) -> Iterator[tuple[int, list[str]] | BadLine]:
        line = 1
        while True:
            reader = csv.reader(self._feed(), delimiter=self._delimiter, strict=True)
            try:
                for fields in reader:
                    if any(self._record) and fields:
                        yield line, fields
                    line += len(self._record)
                    self._record.clear()
                return
            except csv.Error:
                bad, *rest = self._record
                yield BadLine(line, "a quote is not closed or stands inside a field", bad.rstrip("\r\n"))
                self._ahead.extendleft(reversed(rest))
                self._record.clear()
                line += 1

    def _feed(self) -> Iterator[str]:
        while len(self._record) < _LONGEST:
            text = self._ahead.popleft() if self._ahead else self._text.readline()
            if not text:
                return
            self._record.append(text)
            yield text


@contextmanager
def opened(path: Path, encoding: str) -> Iterator[io.TextIOBase]:
    """The text of the file, decompressed, without a byte order mark, line ends as they are."""
    with _bytes(path) as (stream, _):
        text = io.TextIOWrapper(stream, encoding=encoding, errors="replace", newline="")
        yield text
        text.detach()


@contextmanager
def _bytes(path: Path) -> Iterator[tuple[BinaryIO, Compression | None]]:
    with path.open("rb") as raw:
        magic = raw.read(4)
        raw.seek(0)
        if magic[:2] == b"\x1f\x8b":
            with gzip.open(raw) as unzipped:
                yield cast("BinaryIO", unzipped), "gzip"
        elif magic == b"\x28\xb5\x2f\xfd":
            import pyarrow as pa

            with pa.CompressedInputStream(pa.PythonFile(raw, mode="r"), "zstd") as unpacked:
                yield cast("BinaryIO", unpacked), "zstd"
        else:
            yield cast("BinaryIO", raw), None


class _Scan:
    """Counts over the bytes of a file, chunk by chunk."""

    def __init__(self) -> None:
        self.head = b""
        self._newlines = self._returns = self._pairs = 0
        self._quotes = False
        self._last = b""
        self._utf8: codecs.IncrementalDecoder | None = codecs.getincrementaldecoder("utf-8")()
        self._unknown_in_1252 = False

    def take(self, chunk: bytes) -> None:
        """Count one chunk more."""
        self.head += chunk[: max(0, _CHUNK - len(self.head))]
        self._newlines += chunk.count(b"\n")
        self._returns += chunk.count(b"\r")
        self._pairs += chunk.count(b"\r\n") + (self._last == b"\r" and chunk[:1] == b"\n")
        self._last = chunk[-1:]
        if self._utf8 is not None:
            try:
                self._utf8.decode(chunk)
            except UnicodeDecodeError:
                self._utf8 = None
        if not self._unknown_in_1252:
            self._unknown_in_1252 = any(byte in chunk for byte in (b"\x81", b"\x8d", b"\x8f", b"\x90", b"\x9d"))

    def encoding(self) -> str:
        """The encoding that explains every byte."""
        if self.head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        if self.head.startswith(codecs.BOM_UTF8) and self._whole():
            return "utf-8-sig"
        even, odd = self.head[0:4096:2].count(0), self.head[1:4096:2].count(0)
        # half of the bytes of Western text in UTF-16 are zero, always the same half
        if max(even, odd) * 4 > min(len(self.head), 4096) > 1 and min(even, odd) * 8 < max(even, odd):
            return "utf-16-le" if odd > even else "utf-16-be"
        return "utf-8" if self._whole() else self._single()

    def rows(self) -> int | None:
        """Lines after the first, if lines end in LF or CR LF throughout."""
        if self._returns != self._pairs or b"\x00" in self.head:
            return None
        return self._newlines - 1 + (self._last != b"\n")

    def _whole(self) -> bool:
        if self._utf8 is None:
            return False
        try:
            self._utf8.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
        return True

    def _single(self) -> str:
        return "latin-1" if self._unknown_in_1252 else "cp1252"


def _delimiter(head: str) -> str:
    """The separator that splits the header into most fields; among equals the one that splits the next lines alike."""
    sample = head.splitlines()[:20]
    scores = []
    for delimiter in _DELIMITERS:
        counts = [len(_fields(line, delimiter)) for line in sample if line.strip()]
        first = counts[0] if counts else 0
        scores.append((first, sum(count == first for count in counts), -_DELIMITERS.index(delimiter), delimiter))
    return max(scores)[-1]


def _fields(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []
