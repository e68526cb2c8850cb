"""The purchase models by name; each is loaded only when asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from tenure.errors import InvalidInput

if TYPE_CHECKING:
    from tenure.purchase.base import PurchaseModel

__all__ = ["PURCHASE_MODELS", "model_named"]

PURCHASE_MODELS: Final = {
    "bg_nbd": "BgNbd",
    "mbg_nbd": "MbgNbd",
    "pareto_nbd": "ParetoNbd",
    "mbg_cnbd_k": "MbgCnbdK",
}
"""Module in tenure.purchase and class."""


def model_named(name: str) -> type[PurchaseModel]:
    """The model of that name; InvalidInput for an unknown one."""
    if name not in PURCHASE_MODELS:
        raise InvalidInput(f"no purchase model is called {name!r}; there are {', '.join(PURCHASE_MODELS)}")
    found: Any = getattr(import_module(f"tenure.purchase.{name}"), PURCHASE_MODELS[name])
    model: type[PurchaseModel] = found
    return model
