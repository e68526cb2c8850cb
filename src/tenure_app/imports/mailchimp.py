"""Mailchimp's export of an audience: one file for each status, which its name tells."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tenure_app.imports.form import Field, Format, Task

__all__ = ["AUDIENCE"]

_NAMED: Final = re.compile(
    r"(?:^|[^a-z])(unsubscribed|nonsubscribed|non_subscribed|non-subscribed|cleaned|subscribed)(?:[^a-z]|$)"
)


def _status(task: Task) -> str:
    """subscribed, unsubscribed, cleaned or nonsubscribed, as all of the file are; empty where nothing says it."""
    if (named := _NAMED.search(task.file_name.lower())) is not None:
        return named.group(1).replace("_", "").replace("-", "")
    if "unsubscribed" in task.mapping:
        return "unsubscribed"
    return "cleaned" if "cleaned" in task.mapping else ""


def _prepare(task: Task) -> None:
    task.run("mailchimp", "status", status=_status(task))


def _remarks(task: Task) -> Iterator[str]:
    match _status(task):
        case "":
            yield (
                "neither the file's name nor a column UNSUB_TIME or CLEAN_TIME says whether these people are"
                " subscribed: no consent was imported; give the file its name from Mailchimp's zip back, such as"
                " subscribed_members_export_1a2b.csv, for that"
            )
        case "nonsubscribed":
            yield "people who never subscribed neither gave nor denied consent: none was imported"
        case status:
            yield f"the people of this file are {status}"


AUDIENCE: Final = Format(
    name="mailchimp-audience",
    family="mailchimp",
    says="Mailchimp's export of an audience",
    fields=(
        Field("email", ("Email Address",)),
        Field("first_name", ("First Name",)),
        Field("last_name", ("Last Name",)),
        Field("company", ("Company", "Company Name")),
        Field("address", ("Address",)),
        Field("phone", ("Phone Number", "Phone")),
        Field("opted_in", ("OPTIN_TIME",), "utc"),
        Field("optin_ip", ("OPTIN_IP",)),
        Field("confirmed", ("CONFIRM_TIME",), "utc"),
        Field("confirm_ip", ("CONFIRM_IP",)),
        Field("country", ("CC",)),
        Field("notes", ("NOTES",)),
        Field("tags", ("TAGS",)),
        Field("unsubscribed", ("UNSUB_TIME",), "utc"),
        Field("unsub_campaign", ("UNSUB_CAMPAIGN_TITLE",)),
        Field("unsub_reason", ("UNSUB_REASON",)),
        Field("unsub_other", ("UNSUB_REASON_OTHER",)),
        Field("cleaned", ("CLEAN_TIME",), "utc"),
        Field("clean_campaign", ("CLEAN_CAMPAIGN_TITLE",)),
    ),
    required=(("Email Address",),),
    marks=(
        "MEMBER_RATING", "OPTIN_TIME", "OPTIN_IP", "CONFIRM_TIME", "CONFIRM_IP", "LAST_CHANGED", "LEID", "EUID",
        "GMTOFF", "DSTOFF", "UNSUB_TIME", "UNSUB_REASON", "CLEAN_TIME",
    ),
    enough=2,
    topic="mailchimp",
    judged=("judged",),
    drafts=("created", "consent"),
    prepare=_prepare,
    remarks=_remarks,
    only_names="the people have no e-mail address",
)  # fmt: skip
