"""Works out who will order again, and what it may come to, in a process of its own.

python -m tenure_app.insight.foreseeing RESULT GENERATION AS_OF HORIZON RATE [KNOWN_AT]
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import django

__all__ = ["main"]


def main(words: Sequence[str]) -> None:
    """Lay down what is foreseen; AS_OF, KNOWN_AT: instants, us UTC; HORIZON: days;
    RATE: the yearly discount rate in 1 / 10,000."""
    django.setup()  # by the settings of the server that asks
    from tenure_app.insight.forecasts import lay_foreseen

    lay_foreseen(Path(words[0]), words[1], *map(int, words[2:]))


if __name__ == "__main__":
    main(sys.argv[1:])
