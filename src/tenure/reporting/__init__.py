"""The report as a page: `page(data)` turns a `ReportData` into one self-contained HTML document."""

from tenure.reporting.data import Due, DueSoon, Flow, MissedSeason, Month, Move, Moves, Period, ReportData, StageCount
from tenure.reporting.page import page

__all__ = [
    "Due",
    "DueSoon",
    "Flow",
    "MissedSeason",
    "Month",
    "Move",
    "Moves",
    "Period",
    "ReportData",
    "StageCount",
    "page",
]
