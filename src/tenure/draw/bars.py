"""Bars with their interval, columns over time, tints for tables. Lengths in per cent: text never shrinks."""

from collections.abc import Sequence

from tenure.draw.marks import CODES, paint

__all__ = ["TINTS", "bar", "columns", "part", "tint"]

TINTS = 8


def bar(stage: str, share: float, low: float, high: float, *, full: float = 1.0) -> str:
    """A share as a bar in the stage's fill with its interval under it, as SVG text.

    `full` is the share at which the bar fills its box; everything is cut there. The numbers belong beside it in text.
    """
    at, left, right = (100 * min(1.0, max(0.0, value / full)) if full > 0 else 0.0 for value in (share, low, high))
    ends = "".join(f'<line x1="{x:.2f}%" x2="{x:.2f}%" y1="15" y2="21"/>' for x in (left, right))
    body = f'<rect {paint(stage)} x="0" y="3" width="{at:.2f}%" height="11"/>'
    return (
        f'<svg class="bar" width="100%" height="22" aria-hidden="true">{body}'
        f'<g class="inkl"><line x1="{left:.2f}%" x2="{right:.2f}%" y1="18" y2="18"/>{ends}</g></svg>'
    )


def part(stage: str, share: float, beside: float) -> str:
    """A share of a whole as a bar in the stage's fill, the rest of the whole pale, with a line at the share to compare
    with, as SVG text. The numbers belong beside it in text."""
    at, line = (100 * min(1.0, max(0.0, value)) for value in (share, beside))
    return (
        f'<svg class="bar" width="100%" height="22" aria-hidden="true">'
        f'<rect class="wash edged {CODES[stage]}" x="0" y="5" width="100%" height="11"/>'
        f'<rect {paint(stage)} x="0" y="5" width="{at:.2f}%" height="11"/>'
        f'<g class="inkl"><line x1="{line:.2f}%" x2="{line:.2f}%" y1="1" y2="20"/></g></svg>'
    )


def tint(share: float, full: float = 1.0) -> str:
    """The class of a cell whose darkness tells `share` of `full`: "" for none, "q1" (anything above 0) to "q8"."""
    if share <= 0 or full <= 0:
        return ""
    return f"q{min(TINTS, 1 + int(share / full * (TINTS - 1) + 0.5))}"


def columns(stage: str, numbers: Sequence[int]) -> str:
    """Numbers over time as columns in proportion, the last in the stage's fill, the earlier ones pale, as SVG text."""
    most, step = max(1, *numbers), 100 / max(1, len(numbers))
    out = []
    for i, n in enumerate(numbers):
        tall = 40 * n / most
        look = paint(stage) if i == len(numbers) - 1 else f'class="wash edged {CODES[stage]}"'
        place = f'x="{(i + 0.12) * step:.2f}%" width="{0.76 * step:.2f}%" y="{43 - tall:.1f}" height="{tall:.1f}"'
        out.append(f"<rect {look} {place}><title>{n:,}</title></rect>")
    base = '<line class="ax" x1="0" x2="100%" y1="43.5" y2="43.5"/>'
    said = ", ".join(f"{n:,}" for n in numbers)
    return f'<svg class="bar" width="100%" height="44" role="img" aria-label="{said}">{"".join(out)}{base}</svg>'
