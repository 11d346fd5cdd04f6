"""Write a tiny random llama with its tokenizer to the folder of argument 1, sharded to argument 2.

Prints the logits that it has for the ids 1, 2, 3.
"""

import json
import sys
from pathlib import Path

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM

torch.manual_seed(0)
config = LlamaConfig(
    vocab_size=8,
    hidden_size=16,
    intermediate_size=32,
    num_hidden_layers=2,
    num_attention_heads=2,
    num_key_value_heads=2,
    max_position_embeddings=32,
)
model = LlamaForCausalLM(config)
vocabulary = {word: n for n, word in enumerate(["<unk>", "one", "two", "three"])}
tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
tokenizer_config = {"tokenizer_class": "PreTrainedTokenizerFast", "unk_token": "<unk>"}

for folder, shard_size in ((Path(sys.argv[1]), "1GB"), (Path(sys.argv[2]), "4KB")):
    model.save_pretrained(folder, max_shard_size=shard_size)
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "README.md").write_text("---\nlicense: mit\n---\n# A tiny llama\n")
    (folder / "tokenizer_config.json").write_text(json.dumps(tokenizer_config))
with torch.no_grad():
    logits = model(torch.tensor([[1, 2, 3]])).logits
json.dump(logits.flatten().tolist(), sys.stdout)
