"""The signs every picture shares: stages and their codes, moon marks, patterns, and text made safe for HTML.

No colour is written here, only classes; `assets/tokens.css` gives them their light and dark values. A stage is never
told by colour alone: it has a mark, and where it is an area also a pattern or a height.
"""

from html import escape
from importlib.resources import files

__all__ = [
    "CODES",
    "DETAILS",
    "PARTS",
    "STAGES",
    "STYLE",
    "esc",
    "mark",
    "name",
    "paint",
    "sprite",
    "swatch",
    "wording",
]

STAGES = ("prospect", "new", "active", "loyal", "lapsed", "inactive")
CODES = {"prospect": "pr", "new": "ne", "active": "ac", "loyal": "lo", "lapsed": "la", "inactive": "in"}
DETAILS = {"lapsed": ("short", "long", "seasonal"), "inactive": ("win_back", "do_not_contact")}

_DISC = '<circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" stroke-width="1"/>'
_RIM = 'cx="8" cy="8" r="6" fill="none" stroke="currentColor" stroke-width="1.5"'
_MOONS = {
    "prospect": f"<circle {_RIM}/>",
    "new": f'{_DISC}<path d="M8 2A6 6 0 0 1 8 14A8.4 8.4 0 0 0 8 2Z" fill="currentColor"/>',
    "active": f'{_DISC}<path d="M8 2A6 6 0 0 1 8 14Z" fill="currentColor"/>',
    "loyal": '<circle cx="8" cy="8" r="6.6" fill="currentColor"/>',
    "lapsed": f'{_DISC}<path d="M8 2A6 6 0 0 0 8 14A8.4 8.4 0 0 1 8 2Z" fill="currentColor"/>',
    "inactive": f'<circle {_RIM} stroke-dasharray="1.6 2.2"/>',
}
# name: (stage code, tile size in pixels, turn in degrees, what is drawn over the plain fill)
_PATTERNS = {
    "short": ("la", 7, -45, '<path class="pl" d="M0 3.5H7" stroke-width="1.1"/>'),
    "long": ("la", 5, -45, '<path class="pl" d="M0 2.5H5" stroke-width="2.1"/>'),
    "seasonal": ("la", 7, 20, '<circle class="pd" cx="3.5" cy="3.5" r="1.4"/>'),
    "win_back": ("in", 6, 45, '<circle class="pd" cx="3" cy="3" r="1.1"/>'),
    "do_not_contact": ("in", 6, 45, '<path class="pl" d="M0 3H6M3 0V6" stroke-width="1"/>'),
}
_WORDS = {"win_back": "win back", "do_not_contact": "leave alone"}
_SHEETS = files("tenure.draw").joinpath("assets")
STYLE = _SHEETS.joinpath("tokens.css").read_text(encoding="utf-8")
PARTS = _SHEETS.joinpath("parts.css").read_text(encoding="utf-8")
"""The layout of what pages around the pictures share: masthead, labels of the ring, lists, tables; needs STYLE."""


def esc(text: str) -> str:
    """`text` as HTML text or attribute value: markup is shown, not obeyed; what UTF-8 cannot carry becomes "?"."""
    return escape(text.encode("utf-8", "replace").decode("utf-8"), quote=True)


def name(stage: str) -> str:
    """The stage as the start of a label: "Loyal"."""
    return stage.capitalize()


def wording(detail: str) -> str:
    """How people say a detail: "win back", "leave alone", and the others as they are."""
    return _WORDS.get(detail, detail)


def sprite() -> str:
    """Marks and patterns as one hidden SVG, to stand once in a page before anything that uses them."""
    moons = "".join(f'<symbol id="m-{CODES[key]}" viewBox="0 0 16 16">{moon}</symbol>' for key, moon in _MOONS.items())
    tiles = "".join(_tile(key, *parts) for key, parts in _PATTERNS.items())
    return f'<svg class="sprite" width="0" height="0" aria-hidden="true"><defs>{moons}{tiles}</defs></svg>'


def _tile(key: str, code: str, size: int, turn: int, drawn: str) -> str:
    frame = f'width="{size}" height="{size}"'
    return (
        f'<pattern id="p-{key}" {frame} patternUnits="userSpaceOnUse" patternTransform="rotate({turn})" class="{code}">'
        f'<rect {frame} class="fill"/>{drawn}</pattern>'
    )


def mark(stage: str) -> str:
    """The stage's moon as a small inline SVG, hidden from screen readers: the word stands beside it."""
    return f'<svg class="m {CODES[stage]}" aria-hidden="true"><use href="#m-{CODES[stage]}"/></svg>'


def paint(stage: str, detail: str = "", more: str = "") -> str:
    """Class and fill attributes of a shape. Patterns go by attribute, which a strict content policy allows."""
    classes = " ".join(part for part in ("pat" if detail else "area", CODES[stage], more) if part)
    return f'class="{classes}" fill="url(#p-{detail})"' if detail else f'class="{classes}"'


def swatch(stage: str, detail: str = "") -> str:
    """A 14 x 10 sample of a stage's fill, for a label beside it."""
    size = 'width="14" height="10"'
    return f'<svg class="sw" {size} aria-hidden="true"><rect {size} {paint(stage, detail)}/></svg>'
