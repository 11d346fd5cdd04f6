"""wrk as these benchmarks use it: on a core of its own, which it leaves to nobody else."""

import asyncio
import os
import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0}
# Each search is one that nobody has asked before: it leaves out what no name has.
_NEW_SEARCHES = """\
local searches = {{ {searches} }}
local asked = {first}
request = function()
  asked = asked + 1
  local search = searches[asked % #searches + 1]
  return wrk.format("GET", "{path}?search=" .. search .. "%20-x" .. asked .. "x")
end
"""


@dataclass(frozen=True)
class Load:
    per_second: float
    p50_s: float
    p99_s: float
    most_s: float


def needs_wrk() -> None:
    if not shutil.which("wrk"):
        sys.exit("wrk is not installed; `apt-get install wrk` brings it.")


async def load(
    url: str, *headers: str, connections: int = 16, seconds: int, script: Path | None = None
) -> Load:
    """As browsers ask, compressed. Raises RuntimeError when an answer is a refusal."""
    given = [argument for header in headers for argument in ("-H", header)]
    script_given = ["-s", str(script)] if script else []
    wrk = await asyncio.create_subprocess_exec(
        *("taskset", "-c", str(max(os.sched_getaffinity(0)))),
        *("wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency"),
        *("--timeout", "20s", "-H", "Accept-Encoding: gzip", *given, *script_given, url),
        stdout=asyncio.subprocess.PIPE,
    )
    report = (await wrk.communicate())[0].decode()
    # wrk counts 304 among them, which only headers ask for.
    if "Non-2xx" in report and not headers:
        raise RuntimeError(f"{url} was refused:\n{report}")
    return Load(
        per_second=float(_found(r"Requests/sec:\s+([\d.]+)", report)[0]),
        p50_s=_seconds(r"50%\s+([\d.]+)(\w+)", report),
        p99_s=_seconds(r"99%\s+([\d.]+)(\w+)", report),
        most_s=_seconds(r"Latency\s+\S+\s+\S+\s+([\d.]+)(\w+)", report),
    )


def new_searches(searches: Sequence[str], path: str, first: int, file: Path) -> Path:
    """A script for `load`; runs with another `first` ask other searches."""
    quoted = ", ".join(f'"{quote(search)}"' for search in searches)
    file.write_text(_NEW_SEARCHES.format(searches=quoted, first=first, path=path))
    return file


@contextmanager
def off_the_last_core() -> Iterator[None]:
    """What is started meanwhile leaves that core to wrk."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores - {max(cores)} or cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def _found(pattern: str, report: str) -> tuple[str, ...]:
    found = re.search(pattern, report)
    if not found:
        raise RuntimeError(f"wrk's report has no {pattern}:\n{report}")
    return found.groups()


def _seconds(pattern: str, report: str) -> float:
    number, unit = _found(pattern, report)
    return float(number) * _SECONDS[unit]
