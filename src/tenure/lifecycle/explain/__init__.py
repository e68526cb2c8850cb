"""One customer explained: the stage, the rule and its numbers, the orders behind it, and what would change it.

The stage, its dates and its sentence are the customer's row of the picture; everything else is read for them alone.
"""

from tenure.lifecycle.explain.explanation import Explanation, explain
from tenure.lifecycle.explain.life import Dues, Judgement
from tenure.lifecycle.explain.record import Happening

__all__ = ["Dues", "Explanation", "Happening", "Judgement", "explain"]
