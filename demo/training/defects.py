"""What spoils a good repository, so that the demo has something to refuse and something to fail."""

import json
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from demo.recipes import Defect

WEIGHTS = "model.safetensors"


def spoil(repository: Path, defect: Defect) -> None:
    """Puts the defect into the repository's files. A missing license is the card's matter."""
    match defect:
        case Defect.NAN_WEIGHTS:
            weights = load_file(repository / WEIGHTS)
            weights["model.norm.weight"].fill_(torch.nan)
            save_file(weights, repository / WEIGHTS, metadata={"format": "pt"})
        case Defect.PICKLE_ONLY:
            torch.save(load_file(repository / WEIGHTS), repository / "pytorch_model.bin")
            (repository / WEIGHTS).unlink()
        case Defect.REMOTE_CODE:
            require_remote_code(repository)
        case Defect.NO_LICENSE:
            pass


def require_remote_code(repository: Path) -> None:
    """The model then loads only for those who run the repository's own Python."""
    config = json.loads((repository / "config.json").read_text(encoding="utf-8"))
    config["model_type"] = "demo_llama"
    config["architectures"] = ["DemoLlamaForCausalLM"]
    config["auto_map"] = {
        "AutoConfig": "modeling_demo_llama.DemoLlamaConfig",
        "AutoModelForCausalLM": "modeling_demo_llama.DemoLlamaForCausalLM",
    }
    (repository / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    (repository / "modeling_demo_llama.py").write_text(MODELING, encoding="utf-8")


MODELING = '''"""A Llama under another name, to show that Podium runs no repository's code."""

from transformers import LlamaConfig, LlamaForCausalLM


class DemoLlamaConfig(LlamaConfig):
    model_type = "demo_llama"


class DemoLlamaForCausalLM(LlamaForCausalLM):
    config_class = DemoLlamaConfig
'''
