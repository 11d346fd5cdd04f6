"""How much of the host's memory a process holds."""

from pathlib import Path

_PROC = Path("/proc")
_HELD = ("RssAnon:", "RssShmem:")
"""What cannot be had back. Pages of a mapped file, such as weights, the kernel can drop."""


def held_bytes(pid: int) -> int:
    """Of the process and of all that it has started; 0 once it is gone. Linux only."""
    try:
        threads = list((_PROC / str(pid) / "task").iterdir())
        children = [
            child for thread in threads for child in (thread / "children").read_text().split()
        ]
        held = _held_by(pid)
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return held + sum(held_bytes(int(child)) for child in children)


def _held_by(pid: int) -> int:
    lines = (_PROC / str(pid) / "status").read_text().splitlines()
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(_HELD))
