"""Every address of the server. A page that does not say whom it is for stops the server from starting."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import path

from tenure_app import admin
from tenure_app.api import health, intake, scopes
from tenure_app.api.ask import api_urls
from tenure_app.api.doors import open_door
from tenure_app.api.page import docs_page
from tenure_app.web import states
from tenure_app.web.pages import (
    cohorts,
    customer,
    customers,
    discounts,
    flows,
    imports,
    keys,
    people,
    policy,
    prospects,
    quarantine,
    ring,
    session,
    settings,
    sources,
    upnext,
    webhooks,
    worth,
)
from tenure_app.web.routes import route

if TYPE_CHECKING:
    from django.urls import URLPattern, URLResolver

__all__ = ["handler403", "handler404", "handler500", "urlpatterns"]

urlpatterns: list[URLPattern | URLResolver] = [
    route("", ring.ring_page, "ring"),
    route("customers/", customers.customers_page, "customers"),
    route("customers.csv", customers.customers_file, "customers-file"),
    route("customers/<int:person>/", customer.customer_page, "customer"),
    route("customers/<int:person>/live/", people.live_page, "customer-live"),
    route("customers/<int:person>/merge/", people.merge_page, "customer-merge"),
    route("customers/<int:person>/unmerge/", people.unmerge_page, "customer-unmerge"),
    route("prospects/", prospects.prospects_page, "prospects"),
    route("prospects/rules/", prospects.engagement_page, "engagement"),
    route("flows/", flows.flows_page, "flows"),
    route("flows.csv", flows.flows_file, "flows-file"),
    route("cohorts/", cohorts.cohorts_page, "cohorts"),
    route("worth/", worth.worth_page, "worth"),
    route("worth/next/", upnext.next_page, "next"),
    route("discounts/", discounts.discounts_page, "discounts"),
    route("policy/", policy.policy_page, "policy"),
    route("policy/edit/", policy.edit_page, "policy-edit"),
    route("policy/preview/", policy.preview_page, "policy-preview"),
    route("policy/save/", policy.save_page, "policy-save"),
    route("policy/suggest/", policy.suggest_page, "policy-suggest"),
    route("policy/versions/<int:number>/", policy.version_page, "policy-version"),
    route("imports/", imports.imports_page, "imports"),
    route("imports/new/", imports.upload_page, "import-upload"),
    route("imports/dry/<str:token>/", imports.dry_page, "import-dry"),
    route("imports/start/<str:token>/", imports.start_page, "import-start"),
    route("imports/<int:number>/", imports.run_page, "import-run"),
    route("imports/<int:number>/rejects.csv", imports.rejects_file, "import-rejects"),
    route("imports/<int:number>/undo/", imports.undo_page, "import-undo"),
    route("sources/", sources.sources_page, "sources"),
    route("sources/new/", sources.new_page, "source-new"),
    route("sources/<int:number>/", sources.source_page, "source"),
    route("sources/<int:number>/change/", sources.change_page, "source-change"),
    route("quarantine/", quarantine.quarantine_page, "quarantine"),
    route("quarantine/decide/", quarantine.decide_page, "quarantine-decide"),
    route("quarantine.jsonl", quarantine.quarantine_file, "quarantine-file"),
    route("settings/", settings.settings_page, "settings"),
    route("settings/shop/", settings.shop_page, "settings-shop"),
    route("settings/users/", settings.users_page, "settings-users"),
    route("settings/keys/", keys.keys_page(tuple(scopes.Scope), scopes.make_key, scopes.revoke_key), "keys"),
    route("webhooks/", webhooks.webhooks_page, "webhooks"),
    route("webhooks/<int:number>/", webhooks.webhook_page, "webhook-out"),
    route("sign-in/", session.sign_in, "sign-in"),
    route("sign-out/", session.sign_out, "sign-out"),
    route("theme/", session.theme, "theme"),
    route("language/", session.language, "language"),
    route("style-<str:name>.css", session.style, "sheet"),
    path("admin/", admin.site.urls),
    # the API, also for what Customer.io's libraries send to its addresses (api/crossing.py)
    path("api/docs", docs_page, name="api-docs"),
    *api_urls(),
    path("livez", health.livez, name="api-livez"),
    path("readyz", health.readyz, name="api-readyz"),
    path("metrics", health.metrics, name="api-metrics"),
    # events come in here, in the dialects of libraries and services (docs/reference/dialects.md)
    open_door("v1/<str:call>", intake.segment, "segment"),
    open_door("v1/projects/<str:key>/settings", intake.project_settings, "segment-settings"),
    open_door("beacon/v1/batch", intake.rudder_beacon, "rudder-beacon"),
    open_door("sourceConfig/", intake.rudder_config, "rudder-config"),
    open_door("api/v1/customers/<path:rest>", intake.customerio, "customerio"),
    open_door("api/v1/events", intake.customerio, "customerio-events"),
    open_door("api/v1/merge_customers", intake.customerio, "customerio-merge"),
    open_door("hooks/<str:name>", intake.webhook, "webhook"),
]

handler403 = states.forbidden
handler404 = states.missing
handler500 = states.failed
