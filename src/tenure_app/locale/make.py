"""Makes the catalogues: what there is to say, read from the code and the templates; what is said, from the .po files.

`python -m tenure_app.locale.make` brings `LANGUAGE/LC_MESSAGES/django.po` up to the code, keeps its translations, and
writes `django.mo` beside it. Needs Babel, which the server itself does not.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from babel.messages.catalog import Catalog

__all__ = ["LANGUAGES", "catalogue", "main", "messages", "written"]

HERE: Final = Path(__file__).resolve().parent
APP: Final = HERE.parent
LANGUAGES: Final = ("de",)
_KEYWORDS: Final = {
    "gettext": None, "gettext_lazy": None, "_": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}  # fmt: skip
_DRAWING: Final = {**_KEYWORDS, "said": None}
"""`said` is how pictures speak (tenure.draw.words.Tongue)."""

_MADE: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""The header's days never change: the same words, the same files."""

Message = tuple[str | tuple[str, str], str | None]
"""What is to be said, with its plural where it has one, and its context."""


def messages() -> dict[Message, list[str]]:
    """Every message of the code and the templates, with the files it stands in."""
    found: dict[Message, list[str]] = {}
    for path in sorted(APP.rglob("*.py")):
        _take(found, path, path.read_bytes())
    for path in sorted((APP.parent / "tenure" / "draw").rglob("*.py")):
        _take(found, path, path.read_bytes(), _DRAWING)
    from django.utils.translation.template import templatize

    for path in sorted((APP / "web" / "templates").rglob("*.html")):
        _take(found, path, templatize(path.read_text(encoding="utf-8")).encode())
    return found


def _take(
    found: dict[Message, list[str]], path: Path, text: bytes, keywords: Mapping[str, Any] = _KEYWORDS
) -> None:
    where = path.relative_to(APP.parent).as_posix()
    for message, context in _extracted(text, keywords):
        found.setdefault((message, context), []).append(where)


def _extracted(
    text: bytes, keywords: Mapping[str, Any]
) -> Iterator[tuple[str | tuple[str, str], str | None]]:
    from babel.messages.extract import extract

    for _, message, _, context in extract("python", io.BytesIO(text), keywords=keywords):
        if message:
            yield tuple(message) if isinstance(message, list | tuple) else message, context


def catalogue(language: str) -> Catalog:
    """The language's catalogue, brought up to the code: what is said no longer is left out."""
    from babel.messages.catalog import Catalog
    from babel.messages.pofile import read_po

    file = HERE / language / "LC_MESSAGES" / "django.po"
    old = Catalog(locale=language)
    if file.exists():
        with file.open("rb") as handle:
            old = read_po(handle, locale=language)
    new = Catalog(
        locale=language, project="Tenure", charset="utf-8", fuzzy=False, creation_date=_MADE, revision_date=_MADE,
        last_translator="Tenure", language_team="Tenure",
    )  # fmt: skip
    for (message, context), where in sorted(messages().items(), key=lambda item: (str(item[0][0]), str(item[0][1]))):
        known = old.get(message[0] if isinstance(message, tuple) else message, context)
        said: Any = known.string if known is not None else ""
        new.add(message, said, [(place, None) for place in sorted(set(where))], context=context)
    return new


def written(made: Catalog) -> tuple[bytes, bytes]:
    """The catalogue as the texts of its .po and its .mo; the same catalogue, the same bytes."""
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import write_po

    po, mo = io.BytesIO(), io.BytesIO()
    write_po(po, made, width=110, omit_header=False, include_lineno=False)
    write_mo(mo, made)
    return po.getvalue(), mo.getvalue()


def main() -> None:
    """Write all catalogues and say how many messages wait for words."""
    for language in LANGUAGES:
        made = catalogue(language)
        po, mo = written(made)
        folder = HERE / language / "LC_MESSAGES"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "django.po").write_bytes(po)
        (folder / "django.mo").write_bytes(mo)
        waiting = [one for one in made if one.id and not (all(one.string) if one.pluralizable else one.string)]
        sys.stdout.write(f"{language}: {len(made)} messages, {len(waiting)} without words\n")


if __name__ == "__main__":
    main()
