"""The few pieces of HTML that several parts of the page share."""

from tenure.draw import esc

__all__ = ["DOT", "cell", "heading", "said", "scrolling", "section", "who"]

DOT = '<span class="dot" role="img" aria-label="a person should look"></span>'
LETTERS = 60


def section(key: str, title: str, small: str, body: str, *, level: int = 2, more: str = "") -> str:
    """A section: serif title, small remark at the right; `key` is what links point at. HTML in, HTML out."""
    aside = f"<small>{small}</small>" if small else ""
    return f'<section class="sec{more}" id="{key}"><h{level}>{title}{aside}</h{level}>{body}</section>'


def said(sentence: str) -> str:
    """A sentence in place of a picture: what is so when there is nothing to show."""
    return f'<p class="say">{sentence}</p>'


def scrolling(title: str, body: str, kind: str = "tbl") -> str:
    """A box that scrolls sideways where the screen is narrow; keys reach it, and it says what it holds."""
    return f'<div class="{kind}" role="region" aria-label="{title}" tabindex="0">{body}</div>'


def heading(words: str, kind: str = "", span: int = 1) -> str:
    """A column's heading."""
    classes = f' class="{kind}"' if kind else ""
    wide = f' colspan="{span}"' if span > 1 else ""
    return f'<th scope="col"{classes}{wide}>{words}</th>'


def cell(body: str, kind: str = "", span: int = 1) -> str:
    """A table cell."""
    classes = f' class="{kind}"' if kind else ""
    wide = f' colspan="{span}"' if span > 1 else ""
    return f"<td{classes}{wide}>{body}</td>"


def who(customer: str) -> str:
    """A customer's id: text that cannot be markup and cannot turn the line's direction; long ones are cut."""
    short = customer if len(customer) <= LETTERS else customer[: LETTERS - 1] + "…"
    return f"<bdi>{esc(short)}</bdi>"
