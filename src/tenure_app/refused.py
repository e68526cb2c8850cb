"""The one error that the application refuses with."""

from typing import ClassVar

from tenure.errors import TenureError

__all__ = ["Refused"]


class Refused(TenureError):
    """Something was asked that cannot or may not be done: `code` for programs, one line for people.

    The line says what did not happen, why, and what helps: shown on the form, and by the command as one line with
    exit code 2.
    """

    exit_code: ClassVar[int] = 2

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        """A word with underscores, the same for all refusals of one kind."""
