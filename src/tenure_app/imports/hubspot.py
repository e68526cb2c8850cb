"""HubSpot's export of contacts: the columns of a view, or all of them, under their labels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tenure_app.imports.form import Field, Format, Task

__all__ = ["CONTACTS"]


def _remarks(task: Task) -> Iterator[str]:
    if "unsubscribed" not in task.mapping:
        yield "the file has no column 'Unsubscribed from all email': no refusal was imported"


CONTACTS: Final = Format(
    name="hubspot-contacts",
    family="hubspot",
    says="HubSpot's export of contacts",
    fields=(
        Field("id", ("Record ID", "Record ID - Contact", "Contact ID")),
        Field("first_name", ("First Name",)),
        Field("last_name", ("Last Name",)),
        Field("email", ("Email",)),
        Field("phone", ("Phone Number",)),
        Field("mobile", ("Mobile Phone Number",)),
        Field("company", ("Company Name", "Associated Company")),
        Field("street", ("Street Address",)),
        Field("city", ("City",)),
        Field("state", ("State/Region",)),
        Field("zip", ("Postal Code",)),
        Field("country", ("Country/Region",)),
        Field("created", ("Create Date",), "time"),
        Field("unsubscribed", ("Unsubscribed from all email",)),
        Field("owner", ("Contact owner",)),
        Field("lead_status", ("Lead Status",)),
        Field("stage", ("Lifecycle Stage",)),
        Field("job", ("Job Title",)),
        Field("origin", ("Original Source",)),
    ),
    required=(("Record ID", "Record ID - Contact", "Contact ID"),),
    marks=(
        "First Name", "Last Name", "Email", "Phone Number", "Contact owner", "Lead Status", "Lifecycle Stage",
        "Create Date", "Last Modified Date", "Last Activity Date", "Associated Company", "Associated Deal",
        "Unsubscribed from all email",
    ),
    enough=2,
    foreign=("Deal Name", "Deal Stage", "Company owner", "Ticket name"),
    topic="hubspot",
    judged=("judged",),
    drafts=("created", "refused"),
    remarks=_remarks,
    only_names="export the contacts with 'Record ID'",
)  # fmt: skip
