"""Looks at an uploaded file in a process of its own: python -m tenure_app.web.trying TOKEN."""

import sys
from collections.abc import Sequence

import django

__all__ = ["main"]


def main(words: Sequence[str]) -> None:
    """Look at the file of the token, and lay down what was found out."""
    django.setup()  # by the settings of the server that asks
    from tenure_app.web.importing import try_out, upload_of

    try_out(upload_of(words[0]))


if __name__ == "__main__":
    main(sys.argv[1:])
