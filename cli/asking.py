"""Asks a service's module, which runs as a process of its own: the command imports no service."""

import os
import subprocess
import sys
from collections.abc import Mapping
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from cli.console import fail

R = TypeVar("R", bound=BaseModel)


def ask(
    module: str,
    question: str,
    report: type[R],
    environment: Mapping[str, str],
    *,
    broken_off_status: int = 1,
) -> R:
    """What `services.<module>` prints as JSON about `question`, its only argument. Exits with
    `broken_off_status` when it prints anything else."""
    answer = subprocess.run(
        [sys.executable, "-m", f"services.{module}", question],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        return report.model_validate_json(answer.stdout)
    except ValidationError:
        last_line = answer.stderr.rstrip().rpartition("\n")[2]
        service = module.partition(".")[0]
        fail(
            f"The check broke off with status {answer.returncode}: {last_line}",
            f"It needs the {service}'s packages: pip install 'podium[{service}]'.",
            status=broken_off_status,
        )
