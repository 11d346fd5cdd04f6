"""Makes the models of the recipes.

Runs on one thread, so that a machine makes the same weights however many cores are free.
"""

import math
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from transformers import (
    AutoModelForCausalLM,
    GenerationConfig,
    GPTNeoXConfig,
    GPTNeoXForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedModel,
    Qwen2Config,
    Qwen2ForCausalLM,
)

from demo.cards import model_card
from demo.recipes import Architecture, Merged, Recipe, Spoilt, Trained
from demo.text import Document
from demo.training.batches import batches
from demo.training.defects import spoil
from demo.training.tokenizer import (
    CONTEXT,
    END_OF_TEXT,
    PADDING,
    SPECIAL_TOKENS,
    VOCABULARY,
    end_token,
    save_tokenizer,
    train_tokenizer,
)

TOKENIZER_DOCUMENTS = 4000
WIDTH = 96
LAYERS = 3
HEADS = 3
OWN_SHAPE = {
    Architecture.LLAMA: {"intermediate_size": WIDTH * 8 // 3},
    Architecture.GPT_NEOX: {"intermediate_size": WIDTH * 4},
    Architecture.QWEN2: {"intermediate_size": WIDTH * 8 // 3, "num_key_value_heads": 1},
}
"""A gated feed-forward layer has three matrices instead of two, so it is narrower."""

INITIAL_STD = 0.06
"""Three times the usual: at this width the usual one leaves attention flat for most of the run."""

WARMUP_STEPS = 20
WEIGHT_DECAY = 0.1


def make_models(
    recipes: Sequence[Recipe],
    documents: Sequence[Document],
    folder: Path,
    progress: Callable[[str], None],
) -> None:
    """Writes a repository folder for each recipe; bases must come before what is made of them."""
    torch.set_num_threads(1)
    tokenizer = train_tokenizer(documents[:TOKENIZER_DOCUMENTS])
    for recipe in recipes:
        progress(f"making {recipe.name}")
        repository = folder / recipe.name
        match recipe.how:
            case Trained():
                model = start(recipe, recipe.how, folder)
                train(model, tokenizer, documents, recipe.how)
                save(model, tokenizer, repository, chat=recipe.how.chat)
            case Merged(bases=bases):
                save(
                    average([load(folder / base) for base in bases]),
                    tokenizer,
                    repository,
                    chat=False,
                )
            case Spoilt(base=base, defect=defect):
                shutil.copytree(folder / base, repository)
                spoil(repository, defect)
        (repository / "README.md").write_text(model_card(recipe), encoding="utf-8")


def build(architecture: Architecture) -> PreTrainedModel:
    """A model of random weights, drawn from torch's global generator."""
    shape: dict[str, Any] = {
        "vocab_size": VOCABULARY,
        "hidden_size": WIDTH,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "max_position_embeddings": CONTEXT,
        "initializer_range": INITIAL_STD,
        "tie_word_embeddings": True,
        "bos_token_id": SPECIAL_TOKENS.index(END_OF_TEXT),
        "eos_token_id": SPECIAL_TOKENS.index(END_OF_TEXT),
        "pad_token_id": SPECIAL_TOKENS.index(PADDING),
    }
    shape |= OWN_SHAPE[architecture]
    match architecture:
        case Architecture.LLAMA:
            return LlamaForCausalLM(LlamaConfig(**shape))
        case Architecture.GPT_NEOX:
            return GPTNeoXForCausalLM(GPTNeoXConfig(**shape))
        case Architecture.QWEN2:
            return Qwen2ForCausalLM(Qwen2Config(**shape))


def start(recipe: Recipe, how: Trained, folder: Path) -> PreTrainedModel:
    """The model before its training: its base, or random weights from the recipe's seed."""
    torch.manual_seed(how.seed)
    return load(folder / how.base) if how.base else build(recipe.architecture)


def load(repository: Path) -> PreTrainedModel:
    return AutoModelForCausalLM.from_pretrained(repository, dtype=torch.float32)


def train(
    model: PreTrainedModel, tokenizer: Tokenizer, documents: Sequence[Document], how: Trained
) -> None:
    """AdamW with a short warm-up and a straight way down to zero."""
    if not how.steps:
        return
    chosen = [
        document for document in documents if how.subject is None or document.subject == how.subject
    ]
    optimizer = torch.optim.AdamW(
        model.parameters(),
        lr=how.learning_rate,
        betas=(0.9, 0.95),
        weight_decay=WEIGHT_DECAY,
        fused=True,
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / WARMUP_STEPS, 1 - step / how.steps)
    )
    model.train()
    for _, batch in zip(range(how.steps), batches(tokenizer, chosen, how), strict=False):
        loss = model(input_ids=batch.ids, labels=batch.labels, use_cache=False).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        schedule.step()
    if not math.isfinite(loss.item()):
        raise FloatingPointError(f"The training ended with a loss of {loss.item()}.")


def average(bases: Sequence[PreTrainedModel]) -> PreTrainedModel:
    """The first model, with the mean of all the models' weights in it."""
    merged, *others = bases
    with torch.no_grad():
        for name, weight in merged.named_parameters():
            weights = (weight, *(other.get_parameter(name) for other in others))
            weight.copy_(torch.stack(weights).mean(dim=0))
    return merged


def save(model: PreTrainedModel, tokenizer: Tokenizer, repository: Path, *, chat: bool) -> None:
    """Weights, configs and tokenizer, as the Auto classes load them."""
    model.config.eos_token_id = SPECIAL_TOKENS.index(end_token(chat=chat))
    model.generation_config = GenerationConfig.from_model_config(model.config)
    model.save_pretrained(repository)
    save_tokenizer(tokenizer, repository, chat=chat)
