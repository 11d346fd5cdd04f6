import subprocess
import sys


def test_the_service_itself_imports_nothing_that_runs_models() -> None:
    look = (
        "import sys, services.evaluator.__main__;"
        "print(*{'torch', 'lm_eval', 'transformers', 'pyarrow'} & set(sys.modules))"
    )

    finished = subprocess.run(
        [sys.executable, "-c", look], capture_output=True, text=True, check=True, timeout=60
    )

    assert finished.stdout.split() == []
