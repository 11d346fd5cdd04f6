"""Load the model of argument 1 from the hub, at the commit of argument 2; prints what it gives."""

import json
import sys

import torch
from huggingface_hub import ModelCard
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

repo_id, revision = sys.argv[1:]
config = AutoConfig.from_pretrained(repo_id, revision=revision)
tokenizer = AutoTokenizer.from_pretrained(repo_id, revision=revision)
model = AutoModelForCausalLM.from_pretrained(repo_id, revision=revision)
inputs = tokenizer("one two three", return_tensors="pt")
with torch.no_grad():
    logits = model(**inputs).logits
json.dump(
    {
        "license": ModelCard.load(repo_id).data.license,
        "model_type": config.model_type,
        "ids": inputs["input_ids"].flatten().tolist(),
        "logits": logits.flatten().tolist(),
    },
    sys.stdout,
)
