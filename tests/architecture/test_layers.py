import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "module", ["cli.__main__", "services.gateway.__main__", "services.aggregator.__main__"]
)
def test_a_process_that_runs_no_model_starts_without_torch(module: str) -> None:
    program = f"import sys, {module}; assert not {{'torch', 'lm_eval'}} & set(sys.modules)"

    started = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )

    assert started.returncode == 0, started.stderr
