"""The documents: what they promise runs, what they show is what comes out, what they link to is there."""

import importlib.util
import os
import re
import subprocess
import sys
import tomllib
from configparser import ConfigParser
from pathlib import Path

import pytest

import tenure
from tenure.cli.arguments import COLUMNS
from tenure.errors import BadColumns
from tenure.events import KINDS
from tenure.lifecycle.words import STANCES, sentences
from tenure.read.columns import Columns, find

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
DECISIONS = sorted((DOCS / "decisions").glob("[0-9]*.md"))


def short(path):
    return str(path.relative_to(ROOT))


def text_of(path):
    return path.read_text(encoding="utf-8")


def without_code(text):
    """The text without code: what looks like a link in there is none."""
    return re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)


# Links


LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def links(path):
    return LINK.findall(without_code(text_of(path)))


def anchors(path):
    """The names under which a page's headings can be linked to."""
    headings = re.findall(r"^#+ +(.*?) *$", re.sub(r"```.*?```", "", text_of(path), flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=short)
def test_every_link_leads_somewhere(page):
    lost = []
    for link in links(page):
        target, _, anchor = link.partition("#")
        path = (page.parent / target).resolve() if target else page
        if not path.exists() or (anchor and anchor not in anchors(path)):
            lost.append(link)
    assert lost == []


def test_every_page_is_reached_from_the_readme():
    reached, ahead = set(), [ROOT / "README.md"]
    while ahead:
        page = ahead.pop()
        reached.add(page)
        found = {(page.parent / link.partition("#")[0]).resolve() for link in links(page)}
        ahead += [path for path in found if path.suffix == ".md" and path.exists() and path not in reached]
    assert [short(page) for page in PAGES if page not in reached] == []


def test_lost_links_and_their_anchors_are_seen(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# One word\n[a](b.md) ![c](d.png) `[no](code.md)`\n```\n[no](block.md)\n```\n[e](#one-word)\n")
    assert links(page) == ["b.md", "d.png", "#one-word"]
    assert anchors(page) == {"one-word"}


# Nothing of the machine it was written on


@pytest.mark.parametrize("page", PAGES, ids=short)
def test_no_document_names_a_host_or_a_path_of_a_machine(page):
    text = text_of(page)
    named = re.findall(r"\w+://([^/\s)`\"']+)", text)
    # words in capitals stand for what the reader has
    hosts = [host for host in named if not host.startswith("127.0.0.1") and not re.fullmatch(r"[A-Z@:]+", host)]
    paths = re.findall(r"(?<![\w.])/(?:work|tmp|home|root|Users|mnt|opt|var)\b[^\s`)]*", text)
    assert hosts + paths == []


# Pages that repeat what stands elsewhere


def maker():
    """docs/reference/make.py as a module."""
    spec = importlib.util.spec_from_file_location("make_reference", DOCS / "reference" / "make.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["events.md", "sentences.md"])
def test_pages_made_from_the_code_are_up_to_date(name):
    made = maker().PAGES[name]()
    assert text_of(DOCS / "reference" / name) == made, "run: python docs/reference/make.py"


def test_the_page_of_sentences_shows_every_sentence():
    page = text_of(DOCS / "reference" / "sentences.md")
    rows = [row.split(" | ") for row in page.splitlines() if row.startswith("| ")]
    shown = {cell.strip(" |") for row in rows for cell in row}
    thin = {one.text for one in sentences() if one.thin}
    assert {one.text for one in sentences()} - thin - shown == set()
    # of those with too little history the page shows the end
    ends = [cell.removeprefix("… ") for cell in shown if cell.startswith("… ")]
    assert [text for text in thin if not any(text.endswith(end) for end in ends)] == []
    assert [words[0] for words in STANCES.values() if words[0].strip() not in page] == []


def test_the_glossary_tells_each_kind_of_event_once_and_no_other():
    assert re.findall(r"^\| `([^`]+)` \|", text_of(ROOT / "GLOSSARY.md"), re.MULTILINE) == list(KINDS)


# Decisions


def test_decisions_are_numbered_without_a_gap():
    assert [int(path.name[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))


@pytest.mark.parametrize("path", DECISIONS, ids=short)
def test_a_decision_has_its_number_its_four_parts_and_the_length_of_a_screen(path):
    text = text_of(path)
    assert text.startswith(f"# {int(path.name[:4])}. ")
    parts = re.findall(r"^\*\*(Context|Decision|Consequences|Alternatives)\.\*\*", text, re.MULTILINE)
    assert parts == ["Context", "Decision", "Consequences", "Alternatives"]
    assert len(text) < 3600


def test_the_list_of_decisions_has_them_all_by_their_titles():
    titles = {path.name: text_of(path).splitlines()[0].partition(". ")[2] for path in DECISIONS}
    listed = re.findall(r"^\d+\. \[(.*)\]\((.*)\)$", text_of(DOCS / "decisions" / "README.md"), re.MULTILINE)
    assert {name: title for title, name in listed} == titles


def test_the_floors_in_the_decision_are_those_that_are_checked():
    contracts = ConfigParser()
    contracts.read(ROOT / ".importlinter")
    layers = contracts["importlinter:contract:floors"]["layers"].split("\n")
    told = re.search(r"^    (__main__ > .*)$", text_of(DECISIONS[0]), re.MULTILINE).group(1)
    assert told == " > ".join(layer for layer in layers if layer)


def test_the_decision_on_dependencies_names_those_of_the_project():
    page = text_of(next(path for path in DECISIONS if path.name.endswith("dependencies.md")))
    named = re.findall(r"^\| ([a-z-]+) \d", page, re.MULTILINE)
    project = tomllib.loads(text_of(ROOT / "pyproject.toml"))["project"]
    assert sorted(named) == [each.split(">=")[0] for each in project["dependencies"]]


# What runs


RUNS = [ROOT / "README.md", *sorted((DOCS / "tutorial").glob("*.md")), *sorted((DOCS / "how-to").glob("*.md"))]
BLOCK = re.compile(r"^```(console|python)\n(.*?)^```\n(?:\n*```text\n(.*?)^```$)?", re.MULTILINE | re.DOTALL)
PROMPT = re.compile(r"^(\$ .*\n(?:> .*\n)*)((?:(?![$>] ).*\n)*)", re.MULTILINE)
VERBS = sorted(set(tenure.__all__) - {"__version__"})


def shown(output):
    """A pattern of what was shown: a line of three dots stands for any lines, an ellipsis for anything in a line."""
    lines = [re.escape(line).replace("…", ".*?") + "\n" for line in output.splitlines()]
    return re.compile("".join(r"(?:.*\n)*?" if line == re.escape("...") + "\n" else line for line in lines))


def steps(text):
    """Commands with the lines shown below them, in order; below a program that is a block of text."""
    for kind, body, below in BLOCK.findall(text):
        if kind == "python":
            yield [sys.executable, "-c", body], below
        elif kind == "console":
            for typed, output in PROMPT.findall(body):
                yield ["bash", "-euo", "pipefail", "-c", re.sub(r"^[$>] ", "", typed, flags=re.MULTILINE)], output


def told_by(command, folder):
    """What a command prints, run in a folder with this interpreter's programs at hand; it must succeed.

    As for somebody who has set nothing: tests of the server in the same process have settings of their own.
    """
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    unset = {name: said for name, said in os.environ.items() if not name.startswith(("TENURE_", "DATABASE_"))}
    environment = {**unset, "PATH": path, "COLUMNS": "110"}
    told = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert told.returncode == 0, f"{command[-1]}\n{told.stdout}{told.stderr}"
    return "".join(f"{line.rstrip()}\n" for line in told.stdout.splitlines())


@pytest.mark.parametrize("page", [page for page in RUNS if list(steps(text_of(page)))], ids=short)
def test_what_a_page_shows_is_what_its_commands_print(page, tmp_path):
    wrong = []
    for command, output in steps(text_of(page)):
        told = told_by(command, tmp_path)
        pattern = shown(output)
        if not pattern.fullmatch(told):
            wrong.append(f"$ {command[-1]}\n{told}")
    assert wrong == []


def test_the_readme_and_the_tutorial_run_commands():
    assert [short(page) for page in RUNS[:2] if not list(steps(text_of(page)))] == []


def test_every_verb_is_in_the_readme():
    assert [verb for verb in VERBS if f"tenure {verb}" not in text_of(ROOT / "README.md")] == []


@pytest.mark.parametrize(
    ("output", "told", "same"),
    [
        ("a\nb\n", "a\nb\n", True),
        ("a\n...\nd\n", "a\nb\nc\nd\n", True),
        ("a\n...\n", "a\n", True),
        ("took … s\n", "took 3.1 s\n", True),
        ("a.c\n", "abc\n", False),
        ("a\n", "a\nb\n", False),
        ("a\n...\nd\n", "a\nb\n", False),
        ("took … s\n", "took 3.1\n s\n", False),
    ],
)
def test_what_is_shown_is_compared_line_by_line(output, told, same):
    assert bool(shown(output).fullmatch(told)) is same


def test_the_names_of_columns_rank_as_the_page_says():
    page = text_of(DOCS / "how-to" / "name-columns-and-times.md")
    rows = re.findall(r"^\| [\w ]+ \| `--(\w+)` \| (.+) \|$", page, re.MULTILINE)
    assert {role for role, _ in rows} == {"customer", *COLUMNS}
    for role, told in rows:
        ranks = [rank.split(", ") for rank in told.removesuffix("; or quantity and price").split("; ")]
        # what every file needs, but for the role that is looked at
        names = [name for other, name in (("customer", "customer id"), ("at", "at")) if other != role]
        for place, rank in enumerate(ranks):
            for name in rank:
                behind = [lower[0] for lower in ranks[place + 1 :]]
                assert find("x", (*names, *behind, name), Columns())[role] == len(names) + len(behind), name
            if len(rank) > 1:
                with pytest.raises(BadColumns, match="could each be the"):
                    find("x", (*names, *rank[:2]), Columns())
