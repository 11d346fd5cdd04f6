"""A Hub, tasks and boards for an evaluator, and the evaluator itself as a process."""

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import torch
from huggingface_hub import HfApi
from peft import LoraConfig
from safetensors.torch import save_file
from transformers import LlamaForCausalLM

from contracts.models import ModelRef, Precision, Tier
from contracts.submission import SubmissionAccepted, submission_id
from runtime.ports import free_port
from tests.tiny import (
    Kind,
    board_task,
    make_tiny_group,
    make_tiny_hub_task,
    make_tiny_model,
    make_tiny_task,
    write_board,
)
from tests.waiting import HANGS_S

# Scoring them takes a minute, so whatever a test does to a job with it happens in the middle.
SLOW_QUESTIONS = 20_000


@dataclass(frozen=True)
class World:
    """A Hub with models, lm-eval tasks, boards, and the cache of everybody who downloads."""

    folder: Path
    hub_url: str

    @property
    def models(self) -> Path:
        return self.folder / "hub" / "models"

    @property
    def tasks(self) -> Path:
        return self.folder / "tasks"

    @property
    def boards(self) -> Path:
        return self.folder / "boards"

    @property
    def environment(self) -> dict[str, str]:
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
        return inherited | {"HF_ENDPOINT": self.hub_url, "HF_HOME": str(self.folder / "hf-home")}

    def model(self, repo_id: str, precision: Precision = Precision.FLOAT32) -> ModelRef:
        commit = HfApi(endpoint=self.hub_url, token=False).model_info(repo_id).sha
        assert commit
        return ModelRef(repo_id=repo_id, commit=commit, precision=precision)


def fill_hub(hub: Path) -> Path:
    models = hub / "models" / "acme"
    make_tiny_model(models / "good")

    make_tiny_model(models / "packed")
    config = models / "packed" / "config.json"
    gptq = {"quantization_config": {"quant_method": "gptq", "bits": 4}}
    config.write_text(json.dumps(json.loads(config.read_text()) | gptq))

    LoraConfig(target_modules=["q_proj"], r=2).save_pretrained(str(models / "unmoved"))
    halves = {"lora_A": torch.ones(2, 32), "lora_B": torch.zeros(32, 2)}
    adapter = {
        f"base_model.model.model.layers.{layer}.self_attn.q_proj.{half}.weight": weights.clone()
        for layer in range(2)
        for half, weights in halves.items()
    }
    save_file(adapter, models / "unmoved" / "adapter_model.safetensors")

    delta = make_tiny_model(models / "no-change")
    with torch.no_grad():
        for parameter in delta.parameters():
            parameter.zero_()
    delta.save_pretrained(models / "no-change")

    # So slow that whatever a test does to it happens in the middle of a task.
    deep = make_tiny_model(models / "deep").config
    deep.num_hidden_layers = 24
    LlamaForCausalLM(deep).save_pretrained(models / "deep")
    return hub


def write_tasks(tasks: Path, data_sets: Path) -> None:
    for name in ("colours", "shades", "hues"):
        make_tiny_task(tasks, name)
    make_tiny_group(tasks, "tones", ("shades", "hues"))
    make_tiny_task(tasks, "naming", kind=Kind.GENERATION)
    make_tiny_task(tasks, "reading", kind=Kind.PERPLEXITY)
    make_tiny_task(tasks, "patience", questions=SLOW_QUESTIONS)
    make_tiny_task(tasks, "endurance", questions=400)
    make_tiny_hub_task(tasks, "travel", data_sets / "acme" / "travel", "acme/travel")


def write_boards(boards: Path) -> None:
    colours = board_task("colours", "colours")
    write_board(
        boards,
        "tiny",
        [
            colours,
            board_task("tones", "tones", members=("shades", "hues")),
            board_task("naming", "naming", metric="exact_match,none"),
            board_task("reading", "reading", metric="word_perplexity,none"),
        ],
    )
    write_board(boards, "single", [colours])
    write_board(boards, "slow", [board_task("patience", "patience")])
    write_board(boards, "hurried", [board_task("patience", "patience")], max_job_seconds=1)
    write_board(boards, "hub", [board_task("travel", "travel")])
    write_board(boards, "lasting", [board_task("endurance", "endurance")])
    write_board(boards, "brief", [board_task("patience", "patience")], max_task_seconds=1)
    write_board(boards, "long", [colours, board_task("endurance", "endurance")])
    write_board(boards, "misspelt", [board_task("colours", "colors")])


@contextmanager
def running_evaluator(
    world: World, nats_url: str, name: str, **settings: str
) -> Iterator[subprocess.Popen[bytes]]:
    """An evaluator of that name for as long as a `with` block lasts, once it is ready for jobs."""
    port = free_port()
    process = start_evaluator(world, nats_url, name, EVALUATOR_HEALTH_PORT=str(port), **settings)
    try:
        _wait_until_ready(process, port, log_of(world, name))
        yield process
    finally:
        process.terminate()
        process.wait(timeout=HANGS_S)


def log_of(world: World, name: str) -> Path:
    return world.folder / f"{name}.log"


def start_evaluator(
    world: World, nats_url: str, name: str, **settings: str
) -> subprocess.Popen[bytes]:
    with log_of(world, name).open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "services.evaluator"],
            env={
                **world.environment,
                "NATS_URL": nats_url,
                "PODIUM_BOARDS": str(world.boards),
                "EVALUATOR_NAME": name,
                "EVALUATOR_TASK_FOLDERS": json.dumps([str(world.tasks)]),
                "EVALUATOR_HARNESS_TASKS": "false",
                "EVALUATOR_DEVICES": '["cpu"]',
                "EVALUATOR_THREADS": "1",
                # The models are made here, and a machine may lack libseccomp.
                "EVALUATOR_ALLOW_UNSANDBOXED": "true",
                **settings,
            },
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _wait_until_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        with suppress(OSError), urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5):
            return
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.05)
            break
    raise RuntimeError(f"the evaluator does not get ready:\n{log.read_text()[-3000:]}")


@dataclass(frozen=True)
class Service:
    """An evaluator at work, and the nats-server it listens to."""

    nats_url: str
    process: subprocess.Popen[bytes]


def descendants(pid: int) -> list[int]:
    """Processes that this one, or one of those, has started and that still run."""
    children = [
        int(child)
        for listed in Path(f"/proc/{pid}/task").glob("*/children")
        for child in _unless_gone(listed).split()
    ]
    return children + [below for child in children for below in descendants(child)]


def models_children(process: subprocess.Popen[bytes]) -> list[int]:
    """Of an evaluator: what its fork server has forked, which is what runs models."""
    pids = descendants(process.pid)
    return [
        pid
        for pid in pids
        if (stat := _unless_gone(Path(f"/proc/{pid}/stat"))) and int(stat.split()[3]) in pids
    ]


def _unless_gone(file: Path) -> str:
    """Empty for a file of a process that has ended."""
    try:
        return file.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def wait_until_gone(pids: list[int], timeout_s: float = HANGS_S) -> None:
    for pid in pids:
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        with os.fdopen(descriptor) as file:
            ended, _, _ = select.select([file], [], [], timeout_s)
            assert ended, f"process {pid} still runs after {timeout_s} s"


def accepted(model: ModelRef, board: str, run: int = 1) -> SubmissionAccepted:
    return SubmissionAccepted(
        sid=submission_id(model, board),
        board=board,
        model=model,
        run=run,
        tier=Tier.SMALL,
        parameters=20_000,
        weight_bytes=80_000,
        architecture="LlamaForCausalLM",
        license="mit",
    )
