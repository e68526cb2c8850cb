"""Writes command.md from the parser of the command. A test holds the page to it.

python docs/reference/make_command.py
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from tenure.cli.arguments import parser

HERE = Path(__file__).resolve().parent

HEAD = """# The command

Made from the parser by `docs/reference/make_command.py`.

What comes out is described by the contract of each verb in `tenure.verbs`; instants are UTC, in CSV and JSON as ISO
8601 with Z, what is absent is empty (null in JSON and Parquet). `T` is a date, meaning its first instant in the shop's
zone, or a time; a time without an offset is of the shop's zone. Files are written whole or not at all. Rows that cannot
be used are counted on the standard error, a line for each kind of mistake.

| exit code | when |
|---|---|
| 0 | it was done; too little data to compare rules is an answer of `suggest` too, with what is used instead |
| 1 | it cannot be done: amounts of several currencies, no maximum, no memory |
| 2 | what was handed in cannot be used: an option, a file, all its rows, a column, a time, a policy, a customer |
| 70 | a mistake of ours; `TENURE_DEBUG=1` shows where |
| 130 | interrupted |
| 141 | whoever read the output has gone |
"""


def page() -> str:
    """command.md."""
    whole = parser()
    (verbs,) = (each for each in whole._actions if isinstance(each, argparse._SubParsersAction))  # noqa: SLF001
    return HEAD + "".join("\n" + "\n".join(_verb(name, one)) + "\n" for name, one in verbs.choices.items())


def _verb(name: str, one: argparse.ArgumentParser) -> Iterator[str]:
    hidden = argparse.SUPPRESS  # what one process of ours says to another
    actions = [each for each in one._actions if each.dest != "help" and each.help != hidden]  # noqa: SLF001
    yield f"## {name}"
    yield ""
    yield f"{one.description}"
    yield ""
    yield "```"
    yield from _usage(name, actions)
    yield "```"
    yield ""
    if actions:
        yield "| option | what it is |"
        yield "|---|---|"
    for each in sorted(actions, key=lambda each: (bool(each.option_strings), not each.required)):
        spelt = ", ".join(f"`{_spelt(each, option)}`" for option in each.option_strings) or f"`{each.metavar}`"
        needed = "; required" if each.required and each.option_strings else ""
        said = f"{each.help}{needed}".replace("%%", "%")  # as the parser has it, for its own formatting
        yield "| " + " | ".join(cell.replace("|", r"\|") for cell in (spelt, said)) + " |"


def _usage(name: str, actions: list[argparse.Action]) -> Iterator[str]:
    needed = [each for each in actions if each.required]
    files = [_place(each) for each in actions if not each.option_strings]
    options = [_spelt(each, each.option_strings[0]) for each in needed if each.option_strings]
    more = ["[options]"] if len(actions) > len(files) + len(options) else []
    yield " ".join(["tenure", name, *files, *options, *more])


def _place(action: argparse.Action) -> str:
    return {"+": f"{action.metavar}...", "?": f"[{action.metavar}]"}.get(str(action.nargs), str(action.metavar))


def _spelt(action: argparse.Action, option: str) -> str:
    if action.nargs == 0:
        return option
    return f"{option} {action.metavar or '|'.join(map(str, action.choices or ()))}"


if __name__ == "__main__":
    (HERE / "command.md").write_text(page(), encoding="utf-8", newline="\n")
