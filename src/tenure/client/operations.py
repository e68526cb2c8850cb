"""The operations of the API, one method each, by their names in its document."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

from tenure.client import answers
from tenure.client.asking import Asking

__all__ = ["Client"]


class Client:
    """A Tenure server as one key sees it. Every method raises ApiError for what is refused.

    url: of the server, as https://tenure.example.com; key: as `tenure key add` shows it; timeout: seconds of one try;
    patience: seconds since the first try for which a request is tried again where the server is busy or cannot be
    reached; so a call takes at most the longer of the two.
    """

    def __init__(
        self, url: str, key: str, *, timeout: float = 30.0, patience: float = 30.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:  # fmt: skip
        self._asking = Asking(url, key, timeout=timeout, patience=patience, sleep=sleep)

    def _get(self, where: str, **query: Any) -> Any:
        return self._asking.ask("GET", where, query)

    def _post(self, where: str, body: Any = None, word: str | None = None, **query: Any) -> Any:
        return self._asking.ask("POST", where, query, body, word)

    def _all(self, where: str, **query: Any) -> Iterator[Any]:
        """Every item, page by page."""
        cursor = None
        while True:
            page = self._get(where, cursor=cursor, **query)
            yield from page["items"]
            cursor = page["next"]
            if cursor is None:
                return

    # Customers

    def list_customers(
        self, *, stage: str | None = None, detail: str | None = None, q: str | None = None, account: int | None = None,
        limit: int = 100,
    ) -> Iterator[answers.Customer]:  # fmt: skip
        """Customers by number; limit: of one page."""
        return self._all("/customers", stage=stage, detail=detail, q=q, account=account, limit=limit)

    def get_customer(self, id: int, *, because: bool = False) -> answers.Customer:  # noqa: A002 - as the API has it
        """One customer; because: also why they stand where they stand."""
        return cast("answers.Customer", self._get(f"/customers/{id}", because=because))

    def list_events(self, id: int, *, limit: int = 100) -> Iterator[answers.Event]:  # noqa: A002
        """A customer's timeline, the newest first."""
        return self._all(f"/customers/{id}/timeline", limit=limit)

    def get_history(
        self, id: int, *, as_of: str | None = None, known_at: str | None = None  # noqa: A002
    ) -> answers.History:  # fmt: skip
        """The stages of a customer's life."""
        return cast("answers.History", self._get(f"/customers/{id}/history", as_of=as_of, known_at=known_at))

    # Pictures

    def get_stages(self, *, as_of: str | None = None, known_at: str | None = None) -> answers.Stages:
        """How many stand in each stage as of a day."""
        return cast("answers.Stages", self._get("/stages", as_of=as_of, known_at=known_at))

    def list_placed(
        self, *, as_of: str | None = None, known_at: str | None = None, stage: str | None = None,
        detail: str | None = None, limit: int = 100,
    ) -> Iterator[answers.Placed]:  # fmt: skip
        """Who stood where as of a day. Say the day where the reading may go on past midnight."""
        return self._all(
            "/stages/customers", as_of=as_of, known_at=known_at, stage=stage, detail=detail, limit=limit
        )

    def get_flows(
        self, *, begins: str | None = None, ends: str | None = None, known_at: str | None = None
    ) -> answers.Flows:
        """Who moved between two days."""
        return cast("answers.Flows", self._get("/flows", begins=begins, ends=ends, known_at=known_at))

    def get_predictions(
        self, *, days: int = 90, as_of: str | None = None, known_at: str | None = None
    ) -> answers.Foreseen:
        """What everybody is expected to order."""
        return cast("answers.Foreseen", self._get("/predictions", days=days, as_of=as_of, known_at=known_at))

    def list_foreseen(
        self, *, days: int = 90, as_of: str | None = None, known_at: str | None = None, limit: int = 100
    ) -> Iterator[answers.ForeseenPerson]:
        """What each customer is expected to order."""
        return self._all("/predictions/customers", days=days, as_of=as_of, known_at=known_at, limit=limit)

    # Events

    def send_events(
        self, source: str, events: Sequence[answers.NewEvent], *, word: str | None = None
    ) -> answers.Received:
        """Say what happened; at most 1,000 events at a time."""
        return cast("answers.Received", self._post("/events", {"source": source, "events": list(events)}, word))

    def list_quarantined(
        self, *, source: int | None = None, code: str | None = None, limit: int = 100
    ) -> Iterator[answers.Quarantined]:
        """Events that could not be put on the timeline, the newest first."""
        return self._all("/quarantine", source=source, code=code, limit=limit)

    def retry_quarantined(self, id: int, *, word: str | None = None) -> answers.Retried:  # noqa: A002
        """Hand one to the worker once more."""
        return cast("answers.Retried", self._post(f"/quarantine/{id}/retry", word=word))

    # Policies

    def list_policies(self, *, limit: int = 100) -> Iterator[answers.Policy]:
        """The rules that were put in force, the newest first."""
        return self._all("/policies", limit=limit)

    def get_policy(self, number: int) -> answers.Policy:
        """One of them."""
        return cast("answers.Policy", self._get(f"/policies/{number}"))

    def preview_policy(
        self, toml: str, *, as_of: str | None = None, known_at: str | None = None, word: str | None = None
    ) -> answers.PolicyChange:
        """Who would stand elsewhere by another rule."""
        found = self._post("/policies/preview", {"toml": toml}, word, as_of=as_of, known_at=known_at)
        return cast("answers.PolicyChange", found)

    def save_policy(self, toml: str, *, note: str = "", word: str | None = None) -> answers.Policy:
        """Put another rule in force."""
        return cast("answers.Policy", self._post("/policies", {"toml": toml, "note": note}, word))

    # Sources

    def list_sources(self, *, limit: int = 100) -> Iterator[answers.Source]:
        """Where facts come from, by number."""
        return self._all("/sources", limit=limit)

    def make_source(self, name: str, dialect: str, *, word: str | None = None) -> answers.Source:
        """Make a source that sends by itself."""
        return cast("answers.Source", self._post("/sources", {"name": name, "dialect": dialect}, word))

    def make_source_key(self, id: int, *, word: str | None = None) -> answers.NewSourceKey:  # noqa: A002
        """Make a source another key; its secret is in this answer alone."""
        return cast("answers.NewSourceKey", self._post(f"/sources/{id}/keys", word=word))

    def revoke_source_key(self, id: int, key: int) -> answers.SourceKey:  # noqa: A002
        """Nobody sends with the key from now on."""
        return cast("answers.SourceKey", self._asking.ask("DELETE", f"/sources/{id}/keys/{key}"))

    def list_imports(self, *, limit: int = 100) -> Iterator[answers.ImportRun]:
        """Imports of files, the newest first."""
        return self._all("/imports", limit=limit)

    # Webhooks

    def list_webhooks(self, *, limit: int = 100) -> Iterator[answers.Webhook]:
        """Who is told outside, by number."""
        return self._all("/webhooks", limit=limit)

    def make_webhook(
        self, url: str, kinds: Sequence[str], *, note: str = "", word: str | None = None
    ) -> answers.NewWebhook:
        """Tell an address of some kinds of events; its secret is in this answer alone."""
        body = {"url": url, "kinds": list(kinds), "note": note}
        return cast("answers.NewWebhook", self._post("/webhooks", body, word))

    def turn_webhook_secret(self, id: int, *, word: str | None = None) -> answers.NewWebhook:  # noqa: A002
        """Give it another secret; the one before signs along for a day."""
        return cast("answers.NewWebhook", self._post(f"/webhooks/{id}/secret", word=word))

    def end_webhook(self, id: int) -> answers.Webhook:  # noqa: A002
        """Tell it nothing any more."""
        return cast("answers.Webhook", self._asking.ask("DELETE", f"/webhooks/{id}"))

    def list_messages(self, id: int, *, limit: int = 100) -> Iterator[answers.Message]:  # noqa: A002
        """What it was told, and is to be told, the newest first."""
        return self._all(f"/webhooks/{id}/messages", limit=limit)

    def redeliver_message(self, id: int, message: int, *, word: str | None = None) -> answers.Message:  # noqa: A002
        """Tell it once more."""
        return cast("answers.Message", self._post(f"/webhooks/{id}/messages/{message}/redeliver", word=word))
