import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.evaluator.workspace import workspace

WORK = (
    "from services.evaluator.workspace import workspace\n"
    "with workspace() as folder:\n"
    "    (folder / 'samples').write_text('x'); print(folder, flush=True); input()"
)


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The system's temporary folder."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


@pytest.fixture
def evaluator() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", WORK], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.kill()


def folder_of(evaluator: subprocess.Popen[str]) -> Path:
    assert evaluator.stdout
    return Path(evaluator.stdout.readline().strip())


def test_nothing_is_left_after_an_end_in_order(temporary: Path) -> None:
    with workspace() as folder:
        (folder / "samples").write_text("x")

    assert not list(temporary.iterdir())


def test_what_a_killed_evaluator_left_is_removed_by_the_next(
    evaluator: subprocess.Popen[str], temporary: Path
) -> None:
    left = folder_of(evaluator)
    evaluator.send_signal(signal.SIGKILL)
    evaluator.wait()
    assert left.exists()

    with workspace() as folder:
        assert list(temporary.iterdir()) == [folder]


def test_what_a_running_evaluator_has_stays(evaluator: subprocess.Popen[str]) -> None:
    other = folder_of(evaluator)

    with workspace() as folder:
        assert folder != other
        assert (other / "samples").exists()


def test_other_folders_stay(temporary: Path) -> None:
    elsewhere = temporary / "elsewhere"
    elsewhere.mkdir()
    (temporary / "podium-eval-link").symlink_to(elsewhere)
    (temporary / "podium-demo").mkdir()

    with workspace():
        pass

    assert elsewhere.exists()
    assert (temporary / "podium-demo").exists()
