"""Import: upload, what a file would bring, the run and its progress, rejects, history, undo."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.utils.translation import gettext, gettext_lazy

from tenure_app import clock
from tenure_app.imports.rejects import LEFT_OUT, REJECTED
from tenure_app.ledger.models import ImportRun, RejectedRow
from tenure_app.ledger.undo import UNDO
from tenure_app.refused import Refused
from tenure_app.roles import Permission
from tenure_app.web import importing, states, words
from tenure_app.web.frame import show
from tenure_app.web.importing import Options
from tenure_app.web.moment import moment, shop_of
from tenure_app.web.routes import page
from tenure_app.web.tables import table_file

if TYPE_CHECKING:
    from tenure_app.web.moment import Moment

__all__ = [
    "dry_page",
    "imports_page",
    "rejects_file",
    "run_page",
    "start_page",
    "undo_page",
    "upload_page",
    "without_options",
]

STATES: Final = {
    "running": gettext_lazy("running"),
    "done": gettext_lazy("done"),
    "stopped": gettext_lazy("stopped half-way"),
    "undone": gettext_lazy("taken back"),
}
_FIELDS: Final = {
    "--times-in ZONE": "upload it with another zone of its times",
    "--customer-by name": "“Take a name for a customer”",
    "--format": "“What it is”",
    "name them with --customer-column and --at": "call these columns customer and at",
}
"""Options of the command in notes: what the form calls them."""
_MS: Final = 1_000_000


class _UploadForm(forms.Form):
    """The file and how it is to be read."""

    file = forms.FileField()
    format = forms.ChoiceField(choices=[(name, name) for name in importing.FORMATS])
    times_in = forms.CharField(max_length=60)
    currency = forms.CharField(max_length=3, required=False)
    by_name = forms.BooleanField(required=False)


@page(Permission.IMPORT)
def imports_page(request: HttpRequest) -> HttpResponse:
    """A file to upload, and the imports so far."""
    return _listed(request)


def _listed(request: HttpRequest, refusal: str = "") -> HttpResponse:
    at, shop = moment(request), shop_of(request)
    runs = [_run(at, one) for one in ImportRun.objects.select_related("source")[:50]]
    context = {
        "runs": runs,
        "formats": importing.FORMATS,
        "times_in": shop.zone,
        "currency": shop.currency,
        "refusal": refusal,
    }
    return show(request, "tenure/imports.html", context, here="imports", status=400 if refusal else 200)


def without_options(note: str) -> str:
    """A note of the import, which speaks of the command's options, as the upload's form has them."""
    for option, field in _FIELDS.items():
        note = note.replace(option, field)
    return note


def _run(at: Moment, one: ImportRun) -> dict[str, Any]:
    """A run as its line and its page show it."""
    counts, ended = one.counts or {}, one.ended_at
    state = one.STOPPED if one.state == one.RUNNING and importing.stopped(one) is not None else one.state
    seconds = max(0.0, ((ended or clock.now()) - one.began_at) / _MS)
    rows, facts, done = (int(counts.get(key) or 0) for key in ("rows", "of", "done"))
    rejected = counts.get("rejected") or {}
    rejected = rejected if isinstance(rejected, dict) else {"rejected": rejected}
    return {
        "number": one.pk,
        "file": one.file_name,
        "format": one.format,
        "source": one.source.name,
        "state": state,
        "state_name": str(STATES.get(state, state)),
        "on": words.day_at(one.began_at, at.zone, at.year),
        "by": one.by,
        "counts": counts,
        "rows": rows,
        "rejected": sum(int(n) for n in rejected.values()),
        "rejected_by": [
            (code, n, REJECTED.get(code, "")) for code, n in sorted(rejected.items(), key=lambda pair: -int(pair[1]))
        ],
        "share": done / facts if facts and not ended else None,
        "rate": round(done / seconds) if seconds > 1 and done else None,
        "left": round((facts - done) / (done / seconds)) if seconds > 1 and done and facts > done else None,
        "added": counts.get("added"),
        "duplicates": counts.get("duplicates"),
        "corrected": counts.get("corrected"),
        "people": counts.get("people"),
        "new_people": counts.get("new_people"),
        "notes": [without_options(note) for note in counts.get("notes") or []],
        "left_out": [(code, n, LEFT_OUT.get(code, "")) for code, n in (counts.get("left_out") or {}).items()],
        "undoes": (one.options or {}).get("undoes") if one.format == UNDO else None,
        "can_undo": one.state == ImportRun.DONE and one.format != UNDO,
    }


@page(Permission.IMPORT, "POST")
def upload_page(request: HttpRequest) -> HttpResponse:
    """Take the file, then show what it would bring."""
    form = _UploadForm(request.POST, request.FILES)
    if (file := request.FILES.get("file")) is not None and not file.size:
        return _listed(request, gettext("Nothing was uploaded: the file is empty."))
    if not form.is_valid():
        return _listed(request, gettext("Nothing was uploaded: choose a file, and a time zone of its times."))
    asked = form.cleaned_data
    options = Options(asked["format"], asked["times_in"], asked["currency"].upper(), asked["by_name"])
    upload = importing.keep(asked["file"], options)
    return HttpResponseRedirect(moment(request).link("import-dry", upload.token))


@page(Permission.IMPORT)
def dry_page(request: HttpRequest, token: str) -> HttpResponse:
    """What a kept file would bring; nothing is written yet."""
    at, upload = moment(request), importing.upload_of(token)
    try:
        found = importing.dry_run(upload)
    except Refused as refusal:
        return states.refused(request, refusal.code, without_options(str(refusal)), upload=upload)
    notes = [without_options(note) for note in found["notes"]]
    rejected = [(code, n, REJECTED.get(code, "")) for code, n in found["rejected"]]
    context = {
        "upload": upload,
        "found": {**found, "notes": notes},
        "rejected": rejected,
        "left_out": [(code, n, LEFT_OUT.get(code, "")) for code, n in found["left_out"]],
        "rejected_rows": sum(n for _, n, _ in rejected),
        "facts": [(words.kind_name(kind), n) for kind, n in found["facts"]],
        "facts_total": sum(n for _, n in found["facts"]),
        "span": [words.day_at(found[key], at.zone, 0) for key in ("first_at", "last_at")] if found["first_at"] else [],
    }
    return show(request, "tenure/import_dry.html", context, here="imports")


@page(Permission.IMPORT, "POST")
def start_page(request: HttpRequest, token: str) -> HttpResponse:
    """Import a kept file, or drop it."""
    upload = importing.upload_of(token)
    if request.POST.get("do") == "drop":
        importing.dropped(upload)
        return HttpResponseRedirect(moment(request).link("imports"))
    number = importing.start(upload, by=request.user.get_username(), now=clock.now())
    return HttpResponseRedirect(moment(request).link("import-run", number))


def _found(number: int) -> ImportRun:
    found = ImportRun.objects.select_related("source").filter(pk=number).first()
    if found is None:
        raise Http404
    return found


@page(Permission.IMPORT)
def run_page(request: HttpRequest, number: int) -> HttpResponse:
    """A run: how far it is, or what came of it."""
    at, run = moment(request), _found(number)
    token = importing.stopped(run)
    if run.state == run.DONE:
        importing.finished(run)
    context = {
        "run": _run(at, run),
        "stopped": token is not None,
        "token": token,
        "why": (run.counts or {}).get("stopped"),
    }
    return show(request, "tenure/import_run.html", context, here="imports")


@page(Permission.IMPORT)
def rejects_file(_: HttpRequest, number: int) -> StreamingHttpResponse:
    """The rows of a run that could not be used: line, code, reason and the row as it stood in the file."""
    run = _found(number)
    rows = RejectedRow.objects.filter(run=run).order_by("line").values_list("line", "code", "reason", "row")
    return table_file(
        f"rejects-{run.pk}.csv", ("line", "code", "reason", "row"), rows.iterator(chunk_size=2_000)
    )  # fmt: skip


@page(Permission.IMPORT, "POST")
def undo_page(request: HttpRequest, number: int) -> HttpResponse:
    """Take back what a run brought."""
    run = _found(number)
    if request.POST.get("sure") != "yes":
        raise Refused("not_sure", gettext("Nothing was taken back: tick the box first."))
    mine = importing.take_back(run, by=request.user.get_username())
    return HttpResponseRedirect(moment(request).link("import-run", mine))
