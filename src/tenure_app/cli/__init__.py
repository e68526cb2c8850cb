"""The verbs of the command that need the server parts: `tenure import`, `console`, `doctor` and their like.

The command of the core finds `verbs` by its entry point, so that it needs to know nothing of them.
"""

from tenure_app.cli.arguments import verbs

__all__ = ["verbs"]
