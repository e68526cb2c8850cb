"""Makes the file of one day's people, in a process of its own: python -m tenure_app.insight.making FOLDER KEY AS_OF."""

import sys
from pathlib import Path

from tenure_app.insight.days import make_day

__all__ = ["main"]


def main() -> None:
    """Make the day that the command line names."""
    folder, key, as_of = sys.argv[1:]
    make_day(Path(folder), key, int(as_of))


if __name__ == "__main__":
    main()
