"""How patiently a client behaves."""

import random
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

RETRIED_STATUSES = frozenset({423, 429, 502, 503, 504})
"""Answers that say *later*; the request had no effect, or repeating it has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientOptions:
    """Attempts and times of one client."""

    attempts: int = 5
    """Tries per call, the first included; a download counts anew after every byte of progress."""
    first_pause: timedelta = timedelta(milliseconds=250)
    """Pause before the second try; it doubles from try to try."""
    longest_pause: timedelta = timedelta(seconds=20)
    """Limit of a pause, also of one that a service asks for with Retry-After."""
    timeout: timedelta = timedelta(seconds=30)
    """Silence after which a connection counts as broken (a long poll adds its own waiting time)."""
    upload_from_bytes: int = 64 * 1024 * 1024
    """Packages of this size and more are uploaded so that they resume after a break."""
    uploads_folder: Path | None = None
    """Where unfinished uploads are remembered, for the next start of the program; None: for this one only."""

    def pause_s(self, failures: int, *, retry_after: str | None = None) -> float:
        """Seconds to wait after ``failures`` failed tries: what the service asks for, else doubling with jitter."""
        limit = self.longest_pause.total_seconds()
        if retry_after is not None and retry_after.isdigit():
            return min(float(retry_after), limit)
        doubled = self.first_pause.total_seconds() * 2.0 ** (failures - 1)
        return min(doubled, limit) * random.uniform(0.5, 1.0)  # noqa: S311 — jitter, not a secret
