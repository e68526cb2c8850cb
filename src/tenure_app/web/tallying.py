"""Counts what first orders led to, and whose money it is, in a process of its own.

python -m tenure_app.web.tallying RESULT GENERATION AS_OF [KNOWN_AT]
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import django

__all__ = ["main"]


def main(words: Sequence[str]) -> None:
    """Lay down what was bought; AS_OF, KNOWN_AT: instants, us UTC."""
    django.setup()  # by the settings of the server that asks
    from tenure_app.web.buying import lay_bought

    lay_bought(Path(words[0]), words[1], *map(int, words[2:]))


if __name__ == "__main__":
    main(sys.argv[1:])
