"""Ends the process when its event loop stands still: FastStream's pull loop can spin without
yielding, and nothing inside a frozen loop can notice."""

import asyncio
import faulthandler
import os
import sys
import threading
import time

_FROZEN_S = 30.0
_LOOKS = 3
STATUS = 70
"""With which the process ends."""


async def watch_the_loop(frozen_s: float = _FROZEN_S) -> None:
    """Never returns. The process ends when the loop has not turned for `frozen_s` seconds, a third
    more at the most."""
    turns = 0

    def watch() -> None:
        seen, looks = 0, 0
        while looks < _LOOKS:
            time.sleep(frozen_s / _LOOKS)
            # Looks are counted, and no clock is asked: while a process is stopped, as its container
            # or laptop may be for an hour, clocks go on and loops do not.
            seen, looks = turns, looks + 1 if turns == seen else 0
        sys.stderr.write(f"the event loop stood still for {frozen_s:g} s; exiting\n")
        faulthandler.dump_traceback(all_threads=True)
        os._exit(STATUS)

    threading.Thread(target=watch, name="loop-watch", daemon=True).start()
    while True:
        turns += 1
        await asyncio.sleep(frozen_s / _LOOKS / 4)
