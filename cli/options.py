"""Options and arguments that several commands take."""

from pathlib import Path
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError

from cli.console import fail
from contracts.models import ModelType, Precision, RepoId, WeightType

LOCAL_GATEWAY = "http://127.0.0.1:8000"


def _address(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        fail(f"{url!r} is no address of a gateway.", f"One is {LOCAL_GATEWAY}.", status=2)
    return url.rstrip("/")


GatewayUrl = Annotated[
    str,
    typer.Option(
        "--gateway",
        envvar="PODIUM_GATEWAY",
        help="Where the gateway listens.",
        callback=_address,
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
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, as the API has it.")]
BoardsFolder = Annotated[
    Path, typer.Option(envvar="PODIUM_BOARDS", help="Folder with a YAML file per leaderboard.")
]


def _repository(parameter: typer.CallbackParam, name: str | None) -> str | None:
    try:
        return TypeAdapter(RepoId | None).validate_python(name)
    except ValidationError:
        fail(
            f"{name!r} cannot be the {parameter.name}.",
            "Models are named NAMESPACE/NAME, as in their address on the Hub.",
            status=2,
        )


Model = Annotated[
    str, typer.Argument(help="Repository on the Hub, NAMESPACE/NAME.", callback=_repository)
]

# ── a submission ─────────────────────────────────────────────────────────────────────────────────

Revision = Annotated[str, typer.Option(help="Branch, tag or commit.")]
SubmittedPrecision = Annotated[
    Precision, typer.Option(help="Number format the weights are loaded in.")
]
SubmittedType = Annotated[ModelType, typer.Option(help="What kind of model it is.")]
SubmittedWeights = Annotated[
    WeightType, typer.Option(help="Whole weights, or a change to --base-model.")
]
BaseModel = Annotated[
    str | None,
    typer.Option(help="What an adapter or delta is applied to.", callback=_repository),
]
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
