"""The core's sentence about a customer in the language of the page."""

from __future__ import annotations

from django.utils.translation import get_language

__all__ = ["told"]


def told(sentence: str) -> tuple[str, str]:
    """The sentence, and the language it is in: English where there are no words for it in another."""
    language = (get_language() or "en").split("-")[0]
    return sentence, "en" if language != "en" else language
