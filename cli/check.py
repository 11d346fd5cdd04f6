"""`podium check`: the rule book, asked before anything is submitted."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich import filesize
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from cli.asking import ask
from cli.console import console, fail
from cli.hub import HUGGING_FACE, hub_url
from cli.options import (
    BaseModel,
    BoardsFolder,
    ChatTemplate,
    EnteredBoard,
    Model,
    Revision,
    SubmittedPrecision,
    SubmittedType,
    SubmittedWeights,
)
from contracts.check import RuleOutcomes, RuleReport, RulesAsked
from contracts.models import ModelType, Precision, Reason, WeightType
from contracts.submission import wraps_prompts
from runtime.boards import InvalidBoardError, load_boards
from runtime.settings import REPOSITORY

_BROKEN, _USAGE, _NO_HUB = 1, 2, 3


def check(
    model: Model,
    revision: Revision = "main",
    precision: SubmittedPrecision = Precision.BFLOAT16,
    model_type: SubmittedType = ModelType.PRETRAINED,
    weight_type: SubmittedWeights = WeightType.ORIGINAL,
    base_model: BaseModel = None,
    chat_template: ChatTemplate = None,
    board: EnteredBoard = None,
    boards: BoardsFolder = REPOSITORY / "boards",
    hub: Annotated[
        str, typer.Option(envvar="HF_ENDPOINT", help="Hub of the model: its URL, or a folder.")
    ] = HUGGING_FACE,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Ask the rule book about a model before submitting it; nothing is submitted.

    Every broken rule is told, with what to do. Moderators' decisions are not known.

    Exit status: 0 accepted, 1 refused, 2 wrong usage, 3 the Hub does not answer.

    Example: podium check EleutherAI/pythia-160m --board open-llm-v2
    """
    if weight_type is WeightType.ORIGINAL and base_model:
        fail(
            f"--base-model is {base_model}, though whole weights change no other model.",
            "Leave it out, or say --weight-type adapter or delta.",
            status=_USAGE,
        )
    try:
        intent = RulesAsked(
            board=_chosen_board(board, boards),
            model=model,
            revision=revision,
            precision=precision,
            model_type=model_type,
            weight_type=weight_type,
            base_model=base_model,
            chat_template=wraps_prompts(chat_template, model_type),
        )
    except ValidationError as fault:
        wrong = fault.errors()[0]
        fail(f"{wrong['input']!r} cannot be the {wrong['loc'][0]}.", status=_USAGE)
    with hub_url(hub) as url:
        report = _ask_the_validator(intent, boards, url)
    if as_json:
        sys.stdout.write(report.model_dump_json(indent=2) + "\n")
    else:
        _print(report, intent)
    if report.hub_fault is not None:
        raise typer.Exit(_NO_HUB)
    if report.reasons:
        raise typer.Exit(_BROKEN)


def _chosen_board(name: str | None, folder: Path) -> str:
    try:
        known = load_boards(folder)
    except InvalidBoardError as fault:
        fail(str(fault), "Name another folder with --boards.", status=_USAGE)
    if name is None and len(known) == 1:
        return next(iter(known))
    if name is None or name not in known:
        asked = f"There is no board {name!r}." if name else "For which board?"
        fail(asked, f"Name one with --board; there are: {', '.join(known)}.", status=_USAGE)
    return name


def _ask_the_validator(intent: RulesAsked, boards: Path, hub: str) -> RuleReport:
    """The rules are the validator's."""
    environment = {"HF_ENDPOINT": hub, "PODIUM_BOARDS": str(boards)}
    question = intent.model_dump_json()
    return ask("validator.check", question, RuleReport, environment, broken_off_status=_USAGE)


def _print(report: RuleReport, intent: RulesAsked) -> None:
    if report.hub_fault is not None:
        console.print(Text(report.hub_fault, style="red"))
        console.print("That says nothing about the model. Try again when the Hub answers.")
        return
    for reason in report.reasons:
        console.print(_told(reason, "red"))
    for warning in report.warnings:
        console.print(_told(warning, "yellow"))
    console.print(_table(report))
    if broken := len(report.reasons):
        rules = "1 rule" if broken == 1 else f"{broken} rules"
        console.print(f"{intent.model} breaks {rules} of board {intent.board}.", style="red")
    else:
        console.print(f"Board {intent.board} would accept {intent.model}.", style="green")


def _told(reason: Reason, style: str) -> RenderableType:
    sentences = Text.assemble(f"{reason.message}\n", (reason.advice, "italic"))
    return Group(Text(reason.code, style=f"{style} bold"), Padding(sentences, (0, 0, 1, 2)))


def _table(report: RuleReport) -> Table:
    found, rules = report.found, report.rules
    values = {
        "commit": found.commit,
        "parameters": found.parameters and f"{found.parameters:,}",
        "loaded": found.weight_bytes and filesize.decimal(found.weight_bytes),
        "tier": found.tier,
        "architecture": found.architecture,
        "license": found.license,
        "base models": ", ".join(found.base_models),
        "generation": str(found.generation) if found.base_models else None,
        "other rules": rules and _tally(rules),
    }
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for name, value in values.items():
        if value:
            table.add_row(name, Text(value))
    return table


def _tally(rules: RuleOutcomes) -> str:
    counted = {
        "kept": rules.kept,
        "undecided": rules.undecided,
        "not applicable": rules.not_applicable,
    }
    return ", ".join(f"{len(codes)} {word}" for word, codes in counted.items() if codes)
