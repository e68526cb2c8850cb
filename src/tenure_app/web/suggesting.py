"""Tries rules on the shop's past in a process of its own.

python -m tenure_app.web.suggesting RESULT GENERATION AS_OF [KNOWN_AT]
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import django

__all__ = ["main"]


def main(words: Sequence[str]) -> None:
    """Lay down which rule would have suited the shop best; AS_OF, KNOWN_AT: instants, us UTC."""
    django.setup()  # by the settings of the server that asks
    from tenure_app.web.opening import lay_suggestion

    lay_suggestion(Path(words[0]), words[1], *map(int, words[2:]))


if __name__ == "__main__":
    main(sys.argv[1:])
