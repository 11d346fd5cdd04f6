import gc
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True, scope="package")
def modules_collected_once() -> Iterator[None]:
    """Whoever ends continuous batching collects garbage twice, and torch makes for much to look
    at."""
    gc.freeze()
    yield
    gc.unfreeze()
