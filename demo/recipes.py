"""How each of the demo's models is made, and as what it is submitted: data, cheap to import."""

from dataclasses import dataclass
from enum import StrEnum

from contracts.models import ModelType, Precision

NAMESPACE = "podium-demo"
DOCUMENTS_PER_STEP = 32


class Architecture(StrEnum):
    """The model family, by its `model_type` in transformers."""

    LLAMA = "llama"
    GPT_NEOX = "gpt_neox"
    QWEN2 = "qwen2"


class Defect(StrEnum):
    """What is wrong with a model that is there to be refused, or to fail."""

    NO_LICENSE = "no license"
    PICKLE_ONLY = "pickle only"
    REMOTE_CODE = "remote code"
    NAN_WEIGHTS = "NaN weights"


@dataclass(frozen=True)
class Trained:
    """Trained for `steps` batches from random weights, or from those of `base` on one subject."""

    steps: int
    seed: int
    learning_rate: float = 3e-3
    base: str | None = None
    subject: str | None = None
    chat: bool = False


@dataclass(frozen=True)
class Merged:
    """The mean of the weights of its bases."""

    bases: tuple[str, str]


@dataclass(frozen=True)
class Spoilt:
    """A copy of `base` with one defect."""

    base: str
    defect: Defect


@dataclass(frozen=True)
class Recipe:
    """One model repository of the demo. `expectation` is what a visitor should see become of it.

    A recipe's bases come before it and share its architecture.
    """

    name: str
    architecture: Architecture
    how: Trained | Merged | Spoilt
    model_type: ModelType
    expectation: str

    @property
    def bases(self) -> tuple[str, ...]:
        match self.how:
            case Trained(base=base):
                return (base,) if base else ()
            case Merged(bases=bases):
                return bases
            case Spoilt(base=base):
                return (base,)

    @property
    def chat(self) -> bool:
        return isinstance(self.how, Trained) and self.how.chat


@dataclass(frozen=True)
class DemoSubmission:
    """What the demo submits: `model` is the repository id; `expectation` what it means to show."""

    model: str
    precision: Precision
    model_type: ModelType
    chat_template: bool
    expectation: str


RECIPES = (
    Recipe(
        "llama-400k-untrained",
        Architecture.LLAMA,
        Trained(steps=0, seed=1),
        ModelType.PRETRAINED,
        "ranked: scores near chance",
    ),
    Recipe(
        "llama-400k-short",
        Architecture.LLAMA,
        Trained(steps=150, seed=1),
        ModelType.PRETRAINED,
        "ranked: a little better than chance",
    ),
    Recipe(
        "llama-400k-long",
        Architecture.LLAMA,
        Trained(steps=700, seed=1),
        ModelType.PRETRAINED,
        "ranked: much better than the short training",
    ),
    Recipe(
        "llama-400k-arithmetic",
        Architecture.LLAMA,
        Trained(
            steps=250, seed=2, learning_rate=1.5e-3, base="llama-400k-long", subject="arithmetic"
        ),
        ModelType.FINE_TUNED,
        "ranked: best in arithmetic, worse elsewhere",
    ),
    Recipe(
        "llama-400k-merge",
        Architecture.LLAMA,
        Merged(("llama-400k-long", "llama-400k-arithmetic")),
        ModelType.MERGE,
        "ranked: between its two bases",
    ),
    Recipe(
        "llama-400k-nan-weights",
        Architecture.LLAMA,
        Spoilt("llama-400k-short", Defect.NAN_WEIGHTS),
        ModelType.PRETRAINED,
        "accepted, then failed in evaluation: NaN weights",
    ),
    Recipe(
        "llama-400k-no-license",
        Architecture.LLAMA,
        Spoilt("llama-400k-short", Defect.NO_LICENSE),
        ModelType.PRETRAINED,
        "refused: no license",
    ),
    Recipe(
        "llama-400k-pickle-only",
        Architecture.LLAMA,
        Spoilt("llama-400k-short", Defect.PICKLE_ONLY),
        ModelType.PRETRAINED,
        "refused: no safetensors weights",
    ),
    Recipe(
        "llama-400k-remote-code",
        Architecture.LLAMA,
        Spoilt("llama-400k-short", Defect.REMOTE_CODE),
        ModelType.PRETRAINED,
        "refused: needs trust_remote_code",
    ),
    Recipe(
        "neox-400k",
        Architecture.GPT_NEOX,
        Trained(steps=350, seed=3),
        ModelType.PRETRAINED,
        "ranked: another architecture",
    ),
    Recipe(
        "qwen2-400k-chat",
        Architecture.QWEN2,
        Trained(steps=550, seed=4, chat=True),
        ModelType.CHAT,
        "ranked: evaluated with its chat template",
    ),
)

HALF_PRECISION = "llama-400k-long"
"""Submitted a second time in float16: the same weights, another entry on the board."""


def submissions(recipes: tuple[Recipe, ...]) -> tuple[DemoSubmission, ...]:
    """What the demo submits, in the order in which it does."""
    full = [
        DemoSubmission(
            f"{NAMESPACE}/{recipe.name}",
            Precision.FLOAT32,
            recipe.model_type,
            recipe.chat,
            recipe.expectation,
        )
        for recipe in recipes
    ]
    half = [
        DemoSubmission(
            f"{NAMESPACE}/{recipe.name}",
            Precision.FLOAT16,
            recipe.model_type,
            recipe.chat,
            "ranked: the same weights in float16",
        )
        for recipe in recipes
        if recipe.name == HALF_PRECISION
    ]
    return (*full, *half)
