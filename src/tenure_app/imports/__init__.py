"""Exports of other systems as facts: recognised by their columns, read in columns, each fact with a key of its own.

Needs the core alone: an engine in, its tables `facts`, `identities` and `rejects` out. The ledger takes them from
there (`runs.py`).
"""

from tenure_app.imports.detect import deciding, recognise
from tenure_app.imports.form import Field, Format, Parsed
from tenure_app.imports.parse import parse
from tenure_app.imports.registry import names
from tenure_app.imports.rejects import LEFT_OUT, REJECTED

__all__ = ["LEFT_OUT", "REJECTED", "Field", "Format", "Parsed", "deciding", "names", "parse", "recognise"]
