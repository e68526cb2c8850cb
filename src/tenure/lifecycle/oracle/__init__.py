"""The oracle: the stage rule read a second time, slowly and plainly, to check the engine against.

It takes the events of a small shop and answers for any customer and instant by literally keeping the events before it.
It shares nothing with the engine but the rule itself (docs/reference/rules.md): own time zones, own fit, own clocks.
"""

from tenure.lifecycle.oracle.orders import Event
from tenure.lifecycle.oracle.stages import Oracle, Picture

__all__ = ["Event", "Oracle", "Picture"]
