"""Somebody who asks the API."""

import json
from types import SimpleNamespace

from django.test import Client


class Asking:
    """Asks the API as one key does; `get`, `post`, `delete` give status, JSON and headers."""

    def __init__(self, secret=None):
        self.client = Client(SERVER_NAME="localhost")
        self.headers = {"Authorization": f"Bearer {secret}"} if secret else {}

    def _asked(self, method, where, **more):
        more["headers"] = {**self.headers, **more.pop("headers", {})}
        answer = getattr(self.client, method)(f"/api/v1{where}", **more)
        said = json.loads(answer.content) if answer.content else None
        return SimpleNamespace(status=answer.status_code, json=said, headers=answer.headers)

    def get(self, where, data=None, **more):
        return self._asked("get", where, data=data, **more)

    def post(self, where, data=None, **more):
        return self._asked("post", where, data=json.dumps(data), content_type="application/json", **more)

    def delete(self, where, **more):
        return self._asked("delete", where, **more)

    def all(self, where, **data):
        """Every item of a list, page by page."""
        items = []
        while True:
            page = self.get(where, data)
            assert page.status == 200, page.json
            items += page.json["items"]
            if page.json["next"] is None:
                return items
            data["cursor"] = page.json["next"]
