"""When Python looks for cycles in what the aggregator keeps, of which there are next to none."""

import gc


def look_seldom_for_cycles() -> None:
    # The default looks at all that is kept each time it has grown by a quarter.
    gc.set_threshold(50_000, 20, 100)
