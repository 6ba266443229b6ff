"""The guards of delivery, and how the fault machine removes one of them from the processes that it starts.

Nothing in the product switches a check off: the zygote patches the one function in the process that it has forked,
before the service begins. Each removal says what the code would be if nobody had thought of the guard.
"""

from collections.abc import Callable

GUARDS: dict[str, Callable[[], None]] = {}
"""By name: what removes it."""


def remove(name: str) -> None:
    """Removes the guard ``name`` from this process, for good."""
    GUARDS[name]()
