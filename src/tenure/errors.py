"""The errors a user can meet. Each message is one line that says what is wrong and what to do.

    TenureError
    ├── InvalidInput            what was handed in cannot be used
    │   ├── BadFile             the file is missing, unreadable, truncated or of an unknown kind
    │   ├── BadColumns          a column is missing, ambiguous or of the wrong type
    │   ├── BadTime             a time, date or zone cannot be understood
    │   ├── BadPolicy           the policy file breaks a rule (names the key)
    │   └── UnknownCustomer     nobody of that id in the file (before that day)
    ├── CurrencyMismatch        amounts of different currencies would be added
    └── DidNotConverge          a fit found no maximum
"""

__all__ = [
    "BadColumns",
    "BadFile",
    "BadPolicy",
    "BadTime",
    "CurrencyMismatch",
    "DidNotConverge",
    "InvalidInput",
    "TenureError",
    "UnknownCustomer",
]


class TenureError(Exception):
    """Root of everything that is the user's to know; the command prints it as one line and exits with `exit_code`."""

    exit_code = 1


class InvalidInput(TenureError):
    """What was handed in cannot be used."""

    exit_code = 2


class BadFile(InvalidInput):
    """The file is missing, unreadable, truncated or of an unknown kind."""


class BadColumns(InvalidInput):
    """A column is missing, ambiguous or of the wrong type."""


class BadTime(InvalidInput):
    """A time, date or zone cannot be understood."""


class BadPolicy(InvalidInput):
    """The policy file breaks a rule; the message names the key."""


class UnknownCustomer(InvalidInput):
    """Nobody of that id is in the file before that day."""


class CurrencyMismatch(TenureError):
    """Amounts of different currencies would be added without rates."""


class DidNotConverge(TenureError):
    """A fit found no maximum."""
