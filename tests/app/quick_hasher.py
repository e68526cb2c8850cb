"""Passwords as Django keeps them, found out in no time: most tests need somebody who may see, not a safe."""

from django.contrib.auth.hashers import PBKDF2PasswordHasher


class Quick(PBKDF2PasswordHasher):
    """One round; a server of its own reads it as any other and makes it a safe one when its owner signs in."""

    iterations = 1
