"""The purchase models by name; each is loaded only when asked for."""

from __future__ import annotations

from dataclasses import fields
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from tenure.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tenure.purchase.base import PurchaseModel

__all__ = ["PURCHASE_MODELS", "model_named", "model_of", "numbers_of"]

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


def numbers_of(model: PurchaseModel) -> tuple[float, ...]:
    """All that a model without covariates is made of, k of regular buyers included: what `model_of` takes."""
    found: Any = model
    values = (getattr(found, field.name) for field in fields(found))
    return tuple(float(value) for value in values if not isinstance(value, tuple))


def model_of(name: str, numbers: Sequence[float]) -> PurchaseModel:
    """The model of that name made of `numbers_of` it."""
    made: Any = model_named(name)
    kinds = (int if field.type in {int, "int"} else float for field in fields(made))
    model: PurchaseModel = made(*(kind(value) for kind, value in zip(kinds, numbers, strict=False)))
    return model
