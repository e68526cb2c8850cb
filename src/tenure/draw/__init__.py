"""Pictures as SVG text: counts in, text out. Standard library only; colours live in the style sheet, here are classes.

A page needs `STYLE` (or a sheet of its own with the same classes) and `sprite()` once; then any number of pictures.
"""

from tenure.draw.bars import bar, columns, tint
from tenure.draw.life import Ember, Piece, flame, life_line
from tenure.draw.marks import CODES, DETAILS, STAGES, STYLE, esc, mark, name, paint, sprite, swatch, wording
from tenure.draw.ring import Petal, Ribbon, petals, ribbons, ring
from tenure.draw.river import Band, Layer, Level, river, stack

__all__ = [
    "CODES",
    "DETAILS",
    "STAGES",
    "STYLE",
    "Band",
    "Ember",
    "Layer",
    "Level",
    "Petal",
    "Piece",
    "Ribbon",
    "bar",
    "columns",
    "esc",
    "flame",
    "life_line",
    "mark",
    "name",
    "paint",
    "petals",
    "ribbons",
    "ring",
    "river",
    "sprite",
    "stack",
    "swatch",
    "tint",
    "wording",
]
