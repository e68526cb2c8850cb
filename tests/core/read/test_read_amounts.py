"""Amounts of every spelling and type become minor units, halves to even."""

from decimal import Decimal

import pyarrow as pa
import pytest
from reading import csv, seen


def amounts_of(tmp_path, *texts):
    rows = "".join(f'{i};2024-01-31;"{text}"\n' for i, text in enumerate(texts))
    return seen(csv(tmp_path / "a.csv", f"customer;at;amount\n{rows}"))


def amounts_in(array, name="amount", currency=None):
    table = {"customer": list(range(len(array))), "at": ["2024-01-31"] * len(array), name: array}
    if currency:
        table["currency"] = [currency] * len(array)
    return seen(pa.table(table))


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("12", 1200),
        ("12.5", 1250),
        ("-12.50", -1250),
        ("+12.50", 1250),
        (".5", 50),
        ("5.", 500),
        ("12,50", 1250),
        ("1,234.50", 123450),
        ("1.234,50", 123450),
        ("1,234,567", 123456700),
        ("1.234.567", 123456700),
        ("1,23,456.70", 12345670),
        ("1 234,50", 123450),
        ("1\u00a0234,50", 123450),
        ("1\u202f234,50", 123450),
        ("1'234.50", 123450),
        ("$1,234.50", 123450),
        ("-$1,234.50", -123450),
        ("$-3", -300),
        ("US$ 12.50", 1250),
        ("£12.50", 1250),
        ("12,50 €", 1250),
        ("EUR 12.50", 1250),
        ("12.50 USD", 1250),
        ("12,50 kr", 1250),
        ("(12.00)", -1200),
        ("($1,234.50)", -123450),
        ("12.00-", -1200),
        ("\u221212.00", -1200),
        ("'12.50", 1250),
        ("1.5e3", 150000),
        ("1234.567", 123457),
        ("0,125", 12),
        ("0.125", 12),
        ("0.135", 14),
        ("-0.125", -12),
        ("2.675", 268),
        ("0", 0),
        ("-0.00", 0),
        ("90000000000000.00", 9_000_000_000_000_000),
        ("", None),
    ],
)
def test_a_written_amount(tmp_path, text, minor):
    assert amounts_of(tmp_path, text).column("amount_minor") == [minor]


@pytest.mark.parametrize(
    "text", ["abc", "nan", "NaN", "inf", "-Infinity", "12.5.0", "1,2,3", "--5", "5-5", "$", "A5", "12 pieces", "0x10"]
)
def test_an_amount_that_is_no_number_is_rejected(tmp_path, text):
    found = amounts_of(tmp_path, "1.00", text)
    assert found.column("amount_minor") == [100]
    assert found.codes() == [(3, "bad_amount")]


@pytest.mark.parametrize("text", ["90000000000000.01", "-90000000000000.01", "9e20", "1e300", "9" * 60])
def test_an_amount_beyond_all_shops_is_rejected(tmp_path, text):
    assert amounts_of(tmp_path, "1.00", text).codes() == [(3, "huge_amount")]


def test_the_column_tells_what_a_lone_point_or_comma_means(tmp_path):
    assert amounts_of(tmp_path, "1.234", "2,50").column("amount_minor") == [123400, 250]
    assert amounts_of(tmp_path, "1,234", "2.50").column("amount_minor") == [123400, 250]
    assert amounts_of(tmp_path, "1.234", "2.50").column("amount_minor") == [123, 250]
    assert amounts_of(tmp_path, "1,234", "2,50").column("amount_minor") == [123, 250]


def test_without_a_hint_it_is_said_how_they_were_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    csv(tmp_path / "a.csv", 'customer,at,amount\n1,2024-01-31T00:00Z,"1,234"\n2,2024-01-31T00:00Z,1.234\n')
    found = seen("a.csv")
    assert found.column("amount_minor") == [123400, 123]
    assert found.timeline.notes == (
        (
            "a.csv: in the column 'amount' 1,234 was read as 1234 and 1.234 as a decimal fraction;"
            " nothing in it shows a decimal comma"
        ),
    )


def test_two_spellings_in_one_column_are_read_as_written_and_remarked_on(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = "".join(f'{i};2024-01-31T00:00Z;{text}\n' for i, text in enumerate(("1,234.50", "1.234,50", "2,50", "3")))
    csv(tmp_path / "a.csv", f"customer;at;amount\n{rows}")
    found = seen("a.csv")
    assert found.column("amount_minor") == [123450, 123450, 250, 300]
    says = "a.csv: in the column 'amount' 2 amounts have a decimal comma and 1 a decimal point: each was read as it is"
    assert found.timeline.notes == (f"{says} written; is it one country's spelling?",)
    csv(tmp_path / "a.csv", f"customer;at;amount\n{rows}9;2024-01-31T00:00Z;1.234\n")
    found = seen("a.csv")
    assert found.column("amount_minor")[-1] == 123400
    guessed = "1 such as 1.234 or 1,234 as most of the others are"
    assert found.timeline.notes == (f"{says} written; {guessed}; is it one country's spelling?",)


@pytest.mark.parametrize(
    "array",
    [
        pa.array([12.5, 0.125, 0.375, 2.675, -1.005]),
        pa.array([Decimal("12.5"), Decimal("0.125"), Decimal("0.375"), Decimal("2.675"), Decimal("-1.005")]),
        pa.array(["12.5", "0.125", "0.375", "2.675", "-1.005"]),
    ],
)
def test_the_same_amounts_in_every_type(array):
    assert sorted(amounts_in(array).column("amount_minor")) == [-100, 12, 38, 268, 1250]


def test_whole_numbers_and_numbers_that_are_none():
    assert amounts_in(pa.array([3, None, 10**18])).column("amount_minor") == [300, None]
    assert amounts_in(pa.array([3, None, 10**18])).codes() == [(3, "huge_amount")]
    floats = amounts_in(pa.array([1.0, float("nan"), float("inf"), 1e300, None]))
    assert floats.column("amount_minor") == [100, None]
    assert floats.codes() == [(2, "bad_amount"), (3, "bad_amount"), (4, "huge_amount")]


@pytest.mark.parametrize("name", ["amount_minor", "Amount Minor"])
def test_minor_units_stay_as_they_are(name):
    found = amounts_in(pa.array([1250, -7]), name)
    assert sorted(found.column("amount_minor")) == [-7, 1250]


@pytest.mark.parametrize(("currency", "minor"), [("EUR", 1250), ("JPY", 12), ("KWD", 12500), ("CLF", 125000)])
def test_the_currency_gives_the_decimals(currency, minor):
    found = amounts_in(pa.array([12.5]), currency=currency)
    assert found.column("amount_minor") == [minor]
    assert found.column("currency") == [currency]
    assert amounts_in(pa.array(["12.5"]), currency=currency).column("amount_minor") == [minor]


def test_a_discount_is_recorded_and_must_be_a_number(tmp_path):
    text = (
        "customer,at,amount,discount\n1,2024-01-31,10,2.5\n2,2024-01-31,10,x\n3,2024-01-31,10,\n4,2024-01-31,1,1e30\n"
    )
    found = seen(csv(tmp_path / "a.csv", text))
    assert [(e[4], e[6]) for e in found.events] == [(1000, 250), (1000, None)]
    assert found.codes() == [(3, "bad_amount"), (5, "huge_amount")]
