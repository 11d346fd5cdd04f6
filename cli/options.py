"""Options and arguments that several commands take."""

from pathlib import Path
from typing import Annotated

import typer

from contracts.models import ModelType, Precision, WeightType

LOCAL_GATEWAY = "http://127.0.0.1:8000"

GatewayUrl = Annotated[
    str,
    typer.Option(
        "--gateway",
        envvar="PODIUM_GATEWAY",
        help="Where the gateway listens.",
        callback=lambda url: url.rstrip("/"),
    ),
]
# Not HF_TOKEN: that one opens its owner's repositories, and whoever runs a gateway would get it.
Token = Annotated[
    str | None,
    typer.Option(
        envvar="PODIUM_TOKEN",
        help="Hub token that says who you are; one without any permission will do.",
        show_default=False,
        show_envvar=True,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="As the API has it.")]
BoardsFolder = Annotated[
    Path, typer.Option(envvar="PODIUM_BOARDS", help="Folder with a YAML file per leaderboard.")
]

# ── a submission ─────────────────────────────────────────────────────────────────────────────────

SubmittedModel = Annotated[str, typer.Argument(help="Repository on the Hub, NAMESPACE/NAME.")]
Revision = Annotated[str, typer.Option(help="Branch, tag or commit.")]
SubmittedPrecision = Annotated[
    Precision, typer.Option(help="Number format the weights are loaded in.")
]
SubmittedType = Annotated[ModelType, typer.Option(help="What kind of model it is.")]
SubmittedWeights = Annotated[
    WeightType, typer.Option(help="Whole weights, or a change to --base-model.")
]
BaseModel = Annotated[str | None, typer.Option(help="What an adapter or delta is applied to.")]
ChatTemplate = Annotated[
    bool | None,
    typer.Option(
        help="Wrap prompts in the tokenizer's chat template; by default for chat models only.",
        show_default=False,
    ),
]
EnteredBoard = Annotated[
    str | None, typer.Option(help="Board to enter; needed when there are several.")
]
