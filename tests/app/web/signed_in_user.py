"""Somebody who may see everything, signed in."""

from django.contrib.auth.models import User
from django.test import Client

from tenure_app.roles import Role, give_role


def signed_in():
    user = User.objects.create_user("vera", password="boots-in-winter-9")
    give_role(user, Role.OWNER)
    client = Client(SERVER_NAME="localhost")
    client.force_login(user)
    return client
