"""What a server may have `podium reproduce` run, and what not."""

import shlex
from pathlib import Path

import pytest

from cli.rerun import CannotRunError, Rerun

COMMIT = "8d1f0c5e7a2b49f3b6c4d5e6f708192a3b4c5d6e"
RUN = (
    f"lm_eval run --model hf --model_args pretrained=acme/tiny,revision={COMMIT},dtype=float32"
    " --tasks leaderboard_bbh --num_fewshot 3 --batch_size 8 --seed 0,1234,1234,1234 --limit 20"
    " --apply_chat_template --fewshot_as_multiturn --include_path tasks"
    " --log_samples --output_path results"
)
DOWNLOAD = (
    f"hf download acme/base --revision {COMMIT} --exclude '*.bin'"
    " --local-dir acme--base-8d1f0c5e7a2b"
)


def test_what_an_evaluator_writes_is_run_as_it_stands() -> None:
    rerun = Rerun.read(f"{DOWNLOAD}\n{RUN}")

    assert rerun.lines == (DOWNLOAD, RUN)


@pytest.mark.parametrize(
    "published",
    [
        "",
        "rm -rf /",
        "lm_eval run --model 'unclosed",
        f"{RUN}; rm -rf /",
        f"{RUN}\nrm -rf /",
        f"rm -rf /\n{RUN}",
        f"{RUN} --trust_remote_code",
        f"{RUN} --confirm_run_unsafe_code",
        f"{RUN} --config evil.yaml",
        RUN.replace("dtype=", "trust_remote_code=True,dtype="),
        RUN.replace("--model hf", "--model local-completions"),
        RUN.replace("leaderboard_bbh", "evil.yaml"),
        RUN.replace("leaderboard_bbh", "./evil"),
        # A download of that name would be taken for a folder of tasks.
        RUN.replace("leaderboard_bbh", "acme--base-8d1f0c5e7a2b"),
        RUN.replace("leaderboard_bbh", "bbh,evil.yaml"),
        RUN.replace("--include_path tasks", "--include_path /tmp/evil"),
        f"{DOWNLOAD.replace('acme--', '../acme--')}\n{RUN}",
        f"{DOWNLOAD.replace('acme--base-8d1f0c5e7a2b', 'leaderboard_bbh')}\n{RUN}",
        f"{DOWNLOAD} --repo-type dataset\n{RUN}",
    ],
)
def test_anything_else_is_refused(published: str) -> None:
    with pytest.raises(CannotRunError):
        Rerun.read(published)


def test_a_limit_replaces_the_published_one() -> None:
    command = shlex.split(Rerun.read(RUN).limited(5).lines[-1])

    assert command[command.index("--limit") + 1] == "5"
    assert command.count("--limit") == 1


def test_a_limit_is_added_where_all_questions_were_asked() -> None:
    command = shlex.split(Rerun.read(RUN.replace(" --limit 20", "")).limited(5).lines[-1])

    assert command[-2:] == ["--limit", "5"]


def test_own_tasks_come_only_from_a_folder_that_was_named(tmp_path: Path) -> None:
    rerun = Rerun.read(RUN)

    with pytest.raises(CannotRunError, match="the board's operator defines it"):
        rerun.including(None)
    assert f"--include_path {tmp_path}" in rerun.including(tmp_path).lines[-1]


def test_lm_evals_own_tasks_need_no_folder(tmp_path: Path) -> None:
    rerun = Rerun.read(RUN.replace(" --include_path tasks", ""))

    assert rerun.including(None) == rerun.including(tmp_path) == rerun
