"""`python -m tenure`: the command, where its script is not on the path."""

from tenure.cli import main

__all__: list[str] = []

raise SystemExit(main())
