"""lm-eval, transformers and torch, wrapped once: one model, its tasks, their scores.

Nothing here knows the bus. It runs in a child process that is offline and forked from a process
that has imported this module already."""

import functools
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import torch
from lm_eval.api.task import Task
from lm_eval.defaults import DEFAULT_OTHER_SEED
from lm_eval.evaluator import evaluate

from contracts.board import BoardTask
from services.evaluator.details import write_samples
from services.evaluator.devices import check_works, described, resolved
from services.evaluator.harness_model import HarnessModel
from services.evaluator.loading import load_model
from services.evaluator.model_files.faults import out_of_memory
from services.evaluator.prompts import kept_prompts
from services.evaluator.protocol import (
    Assignment,
    DataSetsMissing,
    HarnessOptions,
    Machine,
    Message,
    Phase,
    Step,
    Stopped,
    TaskScores,
)
from services.evaluator.provenance import (
    data_sets,
    energy_meter,
    package_versions,
    provenance,
)
from services.evaluator.results import harness_results
from services.evaluator.scoring.slices import Course, Stopping
from services.evaluator.tasks import Generators, load_tasks
from services.evaluator.usage import Usage

Report = Callable[[Message], None]
IsStopping = Callable[[], bool]
"""Asked between two steps of the work: whether to put down the pen."""


def machine(options: HarnessOptions) -> Machine:
    return Machine(
        device=described(options.device),
        torch_device=resolved(options.device),
        versions=package_versions(),
    )


def score(assignment: Assignment, report: Report, stopping: IsStopping) -> None:
    """Run the assignment's tasks in order, reporting each one's scores when it is done. Once
    `stopping` says so, what is answered so far is reported as a slice, and then Stopped.
    Raises EvaluationFault where the model is to blame, or the device."""
    _use_threads(assignment.options.threads)
    check_works(assignment.options.device)
    report(Step(Phase.LOADING))
    tasks: dict[str, list[Task]] = {}
    generators: dict[str, Generators] = {}
    try:
        for task in assignment.tasks:
            tasks[task.id] = tasks_of(task, assignment.options)
            generators[task.id] = Generators.now()
    except (OSError, ValueError) as fault:
        report(DataSetsMissing(f"{type(fault).__name__}: {fault}"))
        return
    model = load_model(assignment.snapshot, assignment.options, resolved(assignment.options.device))
    for board_task in assignment.tasks:
        if stopping():
            report(Stopped())
            return
        report(Step(Phase.SCORING, board_task.id))
        model.course = Course(
            board_task.id,
            assignment.slices,
            report,
            functools.partial(_announce, board_task.id, report),
            stopping,
        )
        model.usage = Usage()
        generators[board_task.id].restore()
        try:
            scores = _score_task(board_task, tasks[board_task.id], model, assignment)
        except torch.OutOfMemoryError as fault:
            raise out_of_memory(fault) from fault
        except Stopping:
            report(Stopped())
            return
        report(scores)


def _use_threads(count: int | None) -> None:
    # Off until here: no process may tokenise in parallel and be forked afterwards.
    os.environ["TOKENIZERS_PARALLELISM"] = "true"
    if count:
        os.environ["RAYON_NUM_THREADS"] = str(count)
        torch.set_num_threads(count)


def tasks_of(board_task: BoardTask, options: HarnessOptions) -> list[Task]:
    """The lm-eval tasks that count for this board task, with their data."""
    loaded = load_tasks(board_task.harness_task, options)
    unknown = set(board_task.harness_tasks) - set(loaded)
    if unknown:
        raise LookupError(
            f"board task {board_task.id!r}: {board_task.harness_task!r} has no member"
            f" {', '.join(sorted(unknown))}; it has {', '.join(sorted(loaded))}"
        )
    return [loaded[name] for name in board_task.harness_tasks]


def _announce(task: str, report: Report, done: int, total: int) -> None:
    report(Step(Phase.SCORING, task, done, total))


def _score_task(
    board_task: BoardTask, tasks: list[Task], model: HarnessModel, assignment: Assignment
) -> TaskScores:
    began = time.monotonic()
    for task in tasks:
        set_shots(task, board_task.shots)
    # A template belongs to one model, and to build all prompts for some documents pays off never.
    keeps_prompts = not assignment.chat_template and assignment.limit is None
    meter = energy_meter(model.model, assignment.options)
    with kept_prompts(tasks, assignment.options.compiled_folder), meter:
        evaluation = evaluate(
            lm=model,
            task_dict={"tasks": {task.task_name: task for task in tasks}},
            limit=assignment.limit,
            cache_requests=keeps_prompts,
            apply_chat_template=assignment.chat_template,
            fewshot_as_multiturn=assignment.chat_template,
        )
    samples = write_samples(
        assignment.samples_folder / f"{board_task.id}.parquet", _samples(evaluation)
    )
    return TaskScores(
        task=board_task.id,
        results=harness_results(evaluation, board_task.harness_tasks, data_sets(tasks)),
        seconds=time.monotonic() - began,
        samples=samples,
        provenance=provenance(board_task, assignment, model.model, model.usage, meter.energy),
    )


def set_shots(task: Task, shots: int | None) -> None:
    """A task that is defined with 0 shots stays so, whatever is asked for.

    With seeds and `load_tasks` this is what `simple_evaluate` does before `evaluate`. Around it, it
    lists the installed packages and asks git for a version: a second for each task of a board."""
    defined = task.get_config("num_fewshot")
    if defined is None or (shots is not None and defined != 0):
        task.set_config(key="num_fewshot", value=shots or 0)
    task.set_fewshot_seed(seed=DEFAULT_OTHER_SEED)


def _samples(evaluation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for harness_task, samples in evaluation["samples"].items():
        for sample in samples:
            yield harness_task, sample
