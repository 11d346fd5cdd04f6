"""What a task takes: time by phase, tokens, and the engine that answered."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from contracts.evaluation import Engine, Tokens


class Usage:
    """Of one task; it begins when it is made."""

    def __init__(self) -> None:
        self.engine = Engine(name="hf")
        self.stock_tokens = 0
        self.forwarded_tokens = 0
        self.generated_tokens = 0
        self._began = time.monotonic()
        self._phases: dict[str, float] = {}
        self._left_at = self._began

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """What lies before the first phase is `build`, what follows the last is `metrics`."""
        began = time.monotonic()
        self._phases.setdefault("build", began - self._began)
        try:
            yield
        finally:
            self._left_at = time.monotonic()
            self._phases[name] = self._phases.get(name, 0.0) + self._left_at - began

    @property
    def tokens(self) -> Tokens:
        return Tokens(
            forwarded=self.forwarded_tokens,
            stock=self.stock_tokens,
            generated=self.generated_tokens,
        )

    @property
    def phases(self) -> dict[str, float]:
        """Seconds, up to now."""
        return self._phases | {"metrics": time.monotonic() - self._left_at}
