"""Write a tiny random llama with its tokenizer to the folder of argument 1, sharded to argument 2.

Prints the logits that it has for the ids of TEXT.
"""

import json
import sys
from pathlib import Path

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

TEXT = "one two three"

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
model = LlamaForCausalLM(config).eval()
vocabulary = {word: n for n, word in enumerate(["<unk>", "one", "two", "three"])}
backend = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
backend.pre_tokenizer = pre_tokenizers.Whitespace()
tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, unk_token="<unk>")

for folder, shard_size in ((Path(sys.argv[1]), "1GB"), (Path(sys.argv[2]), "4KB")):
    model.save_pretrained(folder, max_shard_size=shard_size)
    tokenizer.save_pretrained(folder)
with torch.no_grad():
    logits = model(**tokenizer(TEXT, return_tensors="pt")).logits
json.dump(logits.flatten().tolist(), sys.stdout)
