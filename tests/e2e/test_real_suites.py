"""Both Open LLM Leaderboards from submission to row, and lm-eval's own command beside them."""

import asyncio
import io
import json
import os
import sys
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pyarrow.parquet as pq
import pytest
from nats.aio.client import Client

from cli.gateway import Gateway, Submission, follow_submissions
from cli.stack import Stack, StackOptions, running_stack
from contracts.board import Board
from contracts.evaluation import EvaluationTaskScored, HarnessResult
from contracts.models import Precision
from contracts.topology import DETAILS_BUCKET
from contracts.views import RequestState
from localhub.process import running_localhub
from runtime.boards import load_boards, write_boards
from runtime.bus import connect
from runtime.ports import free_port
from runtime.settings import REPOSITORY
from tests.bus import all_events
from tests.real_suites import NLTK_DATA, fill_hub, make_reader

MODEL = "acme/reader"
LIMIT = int(os.environ.get("PODIUM_TEST_LIMIT", "20"))
BATCH_SIZE = 8
SETTLES_S = 900
# A mean of probabilities, where every other metric is a share of answers.
CONTINUOUS = {"truthfulqa_mc2"}
# The command, but for IFEval's language detection, which draws anew for every text unless seeded.
LM_EVAL = (
    "from langdetect import DetectorFactory; DetectorFactory.seed = 0;"
    " from lm_eval.__main__ import cli_evaluate; cli_evaluate()"
)
# They draw random numbers, GPQA for the order of its answers and IFEval for letters to count, so
# their scores depend on what else lm-eval has loaded in the same run.
DRAWING = {"leaderboard_gpqa", "leaderboard_ifeval"}


@dataclass
class Reported:
    """What the `lm_eval` command wrote, from all its runs."""

    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    prompt_hashes: dict[str, str] = field(default_factory=dict)
    texts: dict[tuple[str, int], Any] = field(default_factory=dict)
    """What the model wrote, by lm-eval task and document."""

    def read(self, folder: Path) -> None:
        [summary] = folder.rglob("results_*.json")
        report = json.loads(summary.read_text())
        self.results |= report["results"]
        self.prompt_hashes |= report["task_hashes"]
        for task, settings in report["configs"].items():
            if settings["output_type"] == "generate_until":
                [samples] = folder.rglob(f"samples_{task}_*.jsonl")
                for sample in map(json.loads, samples.read_text().splitlines()):
                    self.texts[task, sample["doc_id"]] = sample["resps"]


@pytest.fixture(scope="module")
def hub_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = fill_hub(tmp_path_factory.mktemp("hub"))
    make_reader(root / "models" / MODEL)
    return root


def exact_boards(folder: Path) -> dict[str, Board]:
    """The boards that ship, which also take float32: only there are sums in another order equal."""
    accepted = {Precision.FLOAT32: 1_000_000}
    boards = {
        name: board.model_copy(
            update={"limits": board.limits.model_copy(update={"max_parameters": accepted})}
        )
        for name, board in load_boards(REPOSITORY / "boards").items()
    }
    write_boards(boards.values(), folder)
    return boards


def environment(cache: Path) -> dict[str, str]:
    return {
        "HF_HOME": str(cache),
        "HF_UPDATE_DOWNLOAD_COUNTS": "0",
        "NLTK_DATA": str(NLTK_DATA),
        "OMP_NUM_THREADS": "1",
    }


async def run_lm_eval(hub_root: Path, boards: dict[str, Board], folder: Path) -> Reported:
    """Every column by lm-eval's command, as many at once as one number of shots fits."""
    runs: dict[tuple[str, int | None], list[str]] = defaultdict(list)
    for board in boards.values():
        for task in board.tasks:
            alone = task.harness_task if task.harness_task in DRAWING else ""
            runs[alone, task.shots].append(task.harness_task)
    reported = Reported()
    with running_localhub(hub_root) as url:
        for (_, shots), tasks in runs.items():
            output = folder / tasks[0]
            command = [
                *(sys.executable, "-c", LM_EVAL, "run", "--model", "hf"),
                *("--model_args", f"pretrained={MODEL},dtype=float32", "--device", "cpu"),
                *("--tasks", ",".join(tasks), "--limit", str(LIMIT)),
                *("--batch_size", str(BATCH_SIZE), "--log_samples", "--output_path", str(output)),
                *(("--num_fewshot", str(shots)) if shots is not None else ()),
            ]
            process = await asyncio.create_subprocess_exec(
                *command,
                env=os.environ | environment(folder / "hf-home") | {"HF_ENDPOINT": url},
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
            try:
                printed, _ = await process.communicate()
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()
            assert process.returncode == 0, printed.decode()[-3000:]
            reported.read(output)
    return reported


@asynccontextmanager
async def podium(hub_root: Path, boards: Path, data: Path) -> AsyncIterator[Stack]:
    options = StackOptions(
        data=data,
        hub=hub_root,
        boards=boards,
        limit=LIMIT,
        port=free_port(),
        environment=environment(data / "hf-home")
        | {
            "EVALUATOR_DEVICES": '["cpu"]',
            "EVALUATOR_THREADS": "1",
            "EVALUATOR_BATCH_SIZE": str(BATCH_SIZE),
        },
    )
    async with running_stack(options) as stack:
        yield stack


async def submit_to_each(stack: Stack, boards: dict[str, Board]) -> dict[str, Submission]:
    """Each board's submission, settled."""
    ids: dict[str, str] = {}
    with Gateway(stack.url) as gateway:
        for name in boards:
            body = {"model": MODEL, "precision": "float32", "board": name}
            ids[name], _ = await asyncio.to_thread(gateway.submit, body)
    settled: dict[str, Submission] = {}
    async with asyncio.timeout(SETTLES_S), aclosing(follow_submissions(stack.url)) as following:
        async for submission in following:
            if submission.is_settled:
                settled[submission.id] = submission
            if len(settled) == len(boards):
                break
    return {name: settled[id_] for name, id_ in ids.items()}


async def written_texts(client: Client, scored: EvaluationTaskScored) -> dict[tuple[str, int], Any]:
    assert scored.details
    store = await client.jetstream().object_store(DETAILS_BUCKET)
    file = (await store.get(scored.details.object_name)).data
    assert file
    return {
        (row["task"], row["doc_id"]): json.loads(row["responses"])
        for row in pq.read_table(io.BytesIO(file)).to_pylist()
    }


async def test_a_model_gets_the_rows_that_the_lm_eval_command_computes(
    hub_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    boards = exact_boards(tmp_path / "boards")

    async with podium(hub_root, tmp_path / "boards", tmp_path / "podium") as stack:
        async with asyncio.TaskGroup() as work:
            beside = work.create_task(run_lm_eval(hub_root, boards, tmp_path / "lm-eval"))
            standing = work.create_task(submit_to_each(stack, boards))
        reported, settled = beside.result(), standing.result()

        for name, submission in settled.items():
            assert submission.state is RequestState.FINISHED, (name, submission.failure)
        async with httpx.AsyncClient(base_url=stack.url, timeout=30) as http:
            for name, board in boards.items():
                answer = await http.get(f"/api/v1/boards/{name}/entries")
                [row] = answer.raise_for_status().json()["items"]
                assert (row["model"], row["rank"]) == (MODEL, 1)
                assert list(row["scores"]) == [task.id for task in board.tasks]
                assert 0 < row["average"] < 100

        client = await connect(stack.nats_url, name="test")
        scored = [it for it in await all_events(client) if isinstance(it, EvaluationTaskScored)]
        texts: dict[tuple[str, int], Any] = {}
        for event in scored:
            texts |= await written_texts(client, event)
        await client.close()

    with capsys.disabled():
        for event in scored:
            print(f"\n{event.board} {event.task}: {event.seconds:.1f} s", end="")  # noqa: T201
    results = [result for event in scored for result in event.results]
    counted = [name for board in boards.values() for t in board.tasks for name in t.harness_tasks]
    assert sorted(result.task for result in results) == sorted(counted)
    for result in results:
        compare(result, reported)
    assert reported.texts
    assert {where: texts[where] for where in reported.texts} == reported.texts


def compare(result: HarnessResult, reported: Reported) -> None:
    by_command = {key: value for key, value in reported.results[result.task].items() if "," in key}
    metrics = {key: value for key, value in by_command.items() if "_stderr," not in key}
    tolerance = 1e-4 if result.task in CONTINUOUS else 0
    assert result.metrics == pytest.approx(metrics, abs=tolerance, rel=0), result.task
    for key, stderr in result.stderrs.items():
        metric, _, pipeline = key.partition(",")
        expected = by_command[f"{metric}_stderr,{pipeline}"]
        if stderr is None:
            assert expected == "N/A"
        else:
            assert stderr == pytest.approx(expected, abs=tolerance, rel=1e-12), (result.task, key)
    assert result.samples <= LIMIT
    assert result.prompt_hash == reported.prompt_hashes[result.task], result.task
