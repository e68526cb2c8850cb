"""Simulated shops whose people are known: what they meant to do stands beside what the shop saw of it.

`boots` sells shoes and boots in two climates; `rhythms` has buyers of plain rhythms for measuring false lapses.
How the people work is told in docs/explanation/simulated-shop.md.
"""

from tenure.simulation.shops import CUSTOMERS, SEED, SHOPS, Simulated, simulate

__all__ = ["CUSTOMERS", "SEED", "SHOPS", "Simulated", "simulate"]
