"""`podium` as a process, as somebody at a terminal runs it."""

import asyncio
import os
import sys


async def podium(*arguments: str, **environment: str) -> tuple[int, str]:
    """Exit status and everything it printed."""
    process = await started(*arguments, **environment)
    async with asyncio.timeout(180):
        output, _ = await process.communicate()
    assert process.returncode is not None
    assert "Traceback" not in output.decode()
    return process.returncode, output.decode()


async def started(*arguments: str, **environment: str) -> asyncio.subprocess.Process:
    """Still running; what it prints, errors too, is at its `stdout`."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=os.environ | {"COLUMNS": "160"} | environment,
    )
