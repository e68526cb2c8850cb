"""Writes the operations and answers of api.md from the API's own document. A test holds the page to it.

python docs/reference/make_api.py
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
MARK = "<!-- from here on made by docs/reference/make_api.py -->\n"


def page() -> str:
    """api.md: its head as it stands, the rest made anew."""
    from tenure_app.api.ask import api, operations
    from tenure_app.api.auth import scope_of

    head = (HERE / "api.md").read_text(encoding="utf-8").partition(MARK)[0]
    document = api.get_openapi_schema(path_prefix="")
    scopes = {one.operation_id: scope_of(one.view_func).value for _, _, one in operations()}
    return head + MARK + "\n".join(["", *_operations(document, scopes), "", *_answers(document), ""])


def _operations(document: dict[str, Any], scopes: dict[str, str]) -> Iterator[str]:
    yield "## Operations"
    yield ""
    yield "Below `/api/v1`. The scope is what a key needs."
    yield ""
    yield "| operation | method and address | scope | asks | answers | what it is |"
    yield "|---|---|---|---|---|---|"
    for where, methods in document["paths"].items():
        for method, one in methods.items():
            said = " ".join(one["description"].split())
            asked = [each["name"] for each in one["parameters"] if each["in"] == "query"]
            body = one.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
            told = "; ".join(filter(None, [", ".join(f"`{name}`" for name in asked), _type(body) if body else ""]))
            status, answer = next((each, of) for each, of in one["responses"].items() if int(each) < 300)
            shape = _type(answer["content"]["application/json"]["schema"])
            yield (
                f"| `{one['operationId']}` | `{method.upper()} {where}` | `{scopes[one['operationId']]}` | {told} |"
                f" {status} {shape} | {said} |"
            )


def _answers(document: dict[str, Any]) -> Iterator[str]:
    yield "## Types"
    events = document["paths"]["/events"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    event = events["properties"]["events"]["items"]
    shapes = {**document["components"]["schemas"], "NewEvents": events, "NewEvent": event}
    for name, shape in sorted(shapes.items()):
        yield ""
        yield f"### {name}"
        yield ""
        if said := " ".join(shape.get("description", "").split()):
            yield said
            yield ""
        required = set(shape.get("required", ()))
        yield "| field | type | |"
        yield "|---|---|---|"
        for field, one in shape["properties"].items():
            says = one.get("description", "")
            mark = "" if field in required or not name.startswith("New") else "may be left out"
            yield f"| `{field}` | {_type(one)} | {'; '.join(part for part in (says, mark) if part)} |"


def _type(shape: dict[str, Any]) -> str:
    if "$ref" in shape:
        name = shape["$ref"].rsplit("/", 1)[1]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in shape:
        return " or ".join(_type(one) for one in shape["anyOf"])
    if isinstance(shape.get("type"), list):
        return " or ".join(_type({**shape, "type": one}) for one in shape["type"])
    if shape.get("title") in ("NewEvents", "NewEvent"):
        return f"[{shape['title']}](#{shape['title'].lower()})"
    if shape.get("type") == "array":
        return f"list of {_type(shape['items'])}"
    if shape.get("format") == "date-time":
        return "instant"
    return {"integer": "whole number", "string": "text", "boolean": "yes or no"}.get(
        shape.get("type", "anything"), shape.get("type", "anything")
    )


if __name__ == "__main__":
    import django

    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(TENURE_DATA=folder, DJANGO_SETTINGS_MODULE="tenure_app.settings")
        django.setup()
        (HERE / "api.md").write_text(page(), encoding="utf-8", newline="\n")
