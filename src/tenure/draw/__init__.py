"""Pictures as SVG text: counts in, text out. Standard library only; colours live in the style sheet, here are classes.

A page needs `STYLE` (or a sheet of its own with the same classes) and `sprite()` once; then any number of pictures.
"""

from tenure.draw.alluvial import alluvial
from tenure.draw.bars import bar, columns, part, tint
from tenure.draw.burning import Dot, Mark, burned, burning
from tenure.draw.curves import Curve, curves
from tenure.draw.life import Ember, Piece, flame, life_line
from tenure.draw.marks import CODES, DETAILS, PARTS, STAGES, STYLE, esc, mark, name, paint, sprite, swatch, wording
from tenure.draw.ring import Petal, Ribbon, petals, ribbons, ring
from tenure.draw.river import Band, Layer, Level, river, stack
from tenure.draw.waning import Due, waning
from tenure.draw.words import ENGLISH, Tongue

__all__ = [
    "CODES",
    "DETAILS",
    "ENGLISH",
    "PARTS",
    "STAGES",
    "STYLE",
    "Band",
    "Curve",
    "Dot",
    "Due",
    "Ember",
    "Layer",
    "Level",
    "Mark",
    "Petal",
    "Piece",
    "Ribbon",
    "Tongue",
    "alluvial",
    "bar",
    "burned",
    "burning",
    "columns",
    "curves",
    "esc",
    "flame",
    "life_line",
    "mark",
    "name",
    "paint",
    "part",
    "petals",
    "ribbons",
    "ring",
    "river",
    "sprite",
    "stack",
    "swatch",
    "tint",
    "waning",
    "wording",
]
