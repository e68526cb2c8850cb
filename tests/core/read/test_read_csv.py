"""CSV: separators, encodings, compression, records over several lines, lines that are none."""

import gzip

import pyarrow as pa
import pytest
from reading import csv, seen

from tenure.errors import BadFile

ROWS = "customer,at,amount,category\n1,2024-01-31,12.50,Schuhe\n2,2024-02-01,7,Stiefel\n"
GERMAN = ROWS.replace("Schuhe", "Füße")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_the_separator_and_the_line_ends_are_recognised(tmp_path, delimiter, ends):
    found = seen(csv(tmp_path / "a.csv", ROWS.replace(",", delimiter).replace("\n", ends)))
    assert found.column("c") == [1, 2]
    assert found.column("amount_minor") == [1250, 700]
    assert found.column("category") == ["Schuhe", "Stiefel"]


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("utf-8", None),
        ("utf-8-sig", None),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16"),
        ("utf-16-be", "UTF-16"),
        ("cp1252", "cp1252"),
        ("latin-1", "latin-1"),
    ],
)
def test_the_encoding_is_recognised_and_said_when_it_is_not_utf_8(tmp_path, monkeypatch, encoding, said):
    monkeypatch.chdir(tmp_path)
    # a byte that cp1252 does not have tells latin-1
    word = "Fü\x90e" if encoding == "latin-1" else "Füße"
    csv(tmp_path / "a.csv", GERMAN.replace("Füße", word), encoding)
    found = seen("a.csv")
    assert found.column("category") == [word, "Stiefel"]
    notes = [note for note in found.timeline.notes if "UTF-8" in note]
    assert notes == ([f"a.csv: the text is not UTF-8; it was read as {said}"] if said else [])


def test_gzip_and_zstandard_are_unpacked(tmp_path):
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(GERMAN.encode(), mtime=0))
    (tmp_path / "b.csv.zst").write_bytes(pa.compress(GERMAN.encode(), "zstd", asbytes=True))
    for name in ("a.csv.gz", "b.csv.zst"):
        assert seen(tmp_path / name).column("category") == ["Füße", "Stiefel"]


def test_packed_latin_text_with_quoted_line_breaks(tmp_path):
    text = 'customer;at;category\n1;2024-01-31;"Füße\nund Schuhe"\n'
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(text.encode("cp1252")))
    assert seen(tmp_path / "a.csv.gz").column("category") == ["Füße\nund Schuhe"]


def test_bad_lines_are_rejected_with_their_numbers_and_block_nothing(tmp_path):
    text = (
        "customer,at,category\n"  # 1
        "1,2024-01-01,a\n"
        "2,2024-01-02\n"  # 3: too short
        "\n"  # 4: blank, no row
        '3,2024-01-03,"two\nlines"\n'  # 5, 6
        "4,2024-01-04,d,\n"  # 7: an empty field too many is let pass
        "5,2024-01-05,e,f\n"  # 8: too long
        '6,2024-01-06,"g"h\n'  # 9: a quote inside
        '7,2024-01-07,"i\n'  # 10: never closed
        "8,not a time,j\n"  # 11
        "9,2024-01-09,k\n"
    )
    found = seen(csv(tmp_path / "a.csv", text))
    assert found.column("c") == [1, 3, 4, 9]
    assert [(r["line"], r["code"], r["reason"], r["row"]) for r in found.rejects] == [
        (3, "bad_line", "2 fields where the header has 3", "2,2024-01-02"),
        (8, "bad_line", "4 fields where the header has 3", "5,2024-01-05,e,f"),
        (9, "bad_line", "a quote is not closed or stands inside a field", '6,2024-01-06,"g"h'),
        (10, "bad_line", "a quote is not closed or stands inside a field", '7,2024-01-07,"i'),
        (11, "bad_time", "the time is missing or cannot be read", "8,not a time,j"),
    ]
    assert found.timeline.rejected == (("bad_line", 4), ("bad_time", 1))
    assert found.timeline.rows == 9


def test_line_numbers_count_the_header_in_regular_files_too(tmp_path):
    found = seen(csv(tmp_path / "a.csv", "customer,at\n1,2024-01-01\n,2024-01-02\n3,soon\n"))
    assert found.codes() == [(3, "missing_customer"), (4, "bad_time")]


def test_the_quick_and_the_careful_reading_agree(tmp_path):
    lines = [f'{i % 7},"2024-01-{i % 28 + 1:02d}",{i}.5,"say ""{i}"""' for i in range(300)]
    regular = "customer,at,amount,category\n" + "\n".join(lines) + "\n"
    # a blank line is no row, but the engine's own reader no longer knows the line numbers
    quick, careful = seen(csv(tmp_path / "a.csv", regular)), seen(csv(tmp_path / "b.csv", regular + "\n"))
    assert quick.events == careful.events
    assert len(quick.events) == 300


def test_a_path_may_hold_what_looks_like_a_pattern(tmp_path):
    csv(tmp_path / "orders 1.csv", ROWS.replace("12.50", "99"))
    assert seen(csv(tmp_path / "orders [1]*.csv", ROWS)).column("amount_minor") == [1250, 700]


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.csv", b"", "a.csv: the file is empty; export it again"),
        ("a.csv", b"\xef\xbb\xbf \n\n", "a.csv: the file is empty; export it again"),
        ("a.csv", b"customer,at\n", "a.csv: there are no rows below the column names; export it again"),
        ("a.csv", b"customer,at", "a.csv: there are no rows below the column names; export it again"),
        ("a.csv", b"\x00\x01\x02" * 50, "a.csv: this is not a text file; hand in CSV, Parquet or Excel (.xlsx)"),
        (
            "a.csv.gz",
            gzip.compress(ROWS.encode() * 50, mtime=0)[:60],
            "a.csv.gz: cannot be read to its end, it may be truncated; copy or export it again",
        ),
        (
            "a.csv.zst",
            pa.compress(ROWS.encode() * 50, "zstd", asbytes=True)[:40],
            "a.csv.zst: cannot be read to its end, it may be truncated; copy or export it again",
        ),
        (
            "a.ods",
            b"PK",
            "a.ods: files must end in .csv, .tsv, .txt (or these with .gz, .zst), .parquet or .xlsx",
        ),
        ("a.parquet", b"PAR1 and no more", "a.parquet: this is not a whole Parquet file; copy or export it again"),
        (
            "a.xlsx",
            b"PK and no more",
            "a.xlsx: this is not a whole Excel file (.xlsx); open it in Excel and save it again",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_one_line_with_what_to_do(tmp_path, monkeypatch, name, data, message):
    (tmp_path / name).write_bytes(data)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadFile) as caught:
        seen(name)
    assert str(caught.value) == message


def test_missing_files_and_folders_are_said(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    with pytest.raises(BadFile, match=r"^b\.csv: there is no such file; check the name and the folder$"):
        seen("b.csv")
    with pytest.raises(BadFile, match=r"^folder: this is a folder; name the files in it$"):
        seen("folder")
    with pytest.raises(BadFile, match=r"^no file was named; hand in at least one$"):
        seen()
