"""Data sets of lm-eval tasks, brought into the local cache by a process that is online."""

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from runtime.processes import die_with_parent
from services.evaluator.child import log_tail
from services.evaluator.failures import blame_infrastructure


async def fetch_data_sets(harness_tasks: Sequence[str], hub_url: str, output: Path) -> None:
    """Raises EvaluationFault. Cancelled, it ends the process."""
    with output.open("ab") as file:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "services.evaluator.prefetch", *harness_tasks),
            env=dict(os.environ) | {"HF_ENDPOINT": hub_url, "TQDM_DISABLE": "1"},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=file,
            stderr=asyncio.subprocess.STDOUT,
            preexec_fn=die_with_parent,
        )
    try:
        status = await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if status != 0:
        last_line = log_tail(output).rpartition("\n")[2]
        raise blame_infrastructure(
            "data-sets-unavailable", f"The tasks' data could not be fetched: {last_line[:500]}"
        )
