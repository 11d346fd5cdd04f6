from pathlib import Path

from services.evaluator.child import log_tail


def test_only_the_last_lines_are_kept(tmp_path: Path) -> None:
    log = tmp_path / "output.log"
    log.write_text("".join(f"line {number}\n" for number in range(100)))

    lines = log_tail(log).splitlines()

    assert (len(lines), lines[0], lines[-1]) == (40, "line 60", "line 99")


def test_a_long_log_is_cut_to_eight_kilobytes(tmp_path: Path) -> None:
    log = tmp_path / "output.log"
    log.write_text("x" * 100_000)

    assert log_tail(log) == "x" * 8192


def test_a_progress_bar_leaves_its_last_state(tmp_path: Path) -> None:
    log = tmp_path / "output.log"
    log.write_text("\r0%\r50%\r100%\ndone\n")

    assert log_tail(log) == "100%\ndone"


def test_no_output_is_an_empty_tail(tmp_path: Path) -> None:
    assert log_tail(tmp_path / "never-written.log") == ""


def test_a_log_that_was_replaced_by_a_link_is_an_empty_tail(tmp_path: Path) -> None:
    log = tmp_path / "output.log"
    log.symlink_to("/proc/self/environ")

    assert log_tail(log) == ""
