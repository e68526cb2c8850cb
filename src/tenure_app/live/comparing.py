"""Compares everybody's picture with where they stand, in a process of its own.

python -m tenure_app.live.comparing NOW
"""

import sys

import django

__all__ = ["main"]


def main(now: int) -> None:
    """Leave who differs in the file that the worker reads; NOW: an instant, us UTC."""
    django.setup()  # by the settings of the worker that asks
    from django.conf import settings

    from tenure_app.live.differences import compare, file_of
    from tenure_app.live.grounds import grounds_of

    grounds = grounds_of(settings.TENURE_DATA / "mirror")
    if grounds is not None:
        compare(grounds, file_of(settings.TENURE_DATA), now=now)


if __name__ == "__main__":
    main(int(sys.argv[1]))
