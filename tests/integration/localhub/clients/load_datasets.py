"""Load each dataset that the arguments name as id[:config][@streaming]; prints its rows by name."""

import json
import sys

from datasets import load_dataset

rows = {}
for argument in sys.argv[1:]:
    name, _, mode = argument.partition("@")
    repo_id, _, config = name.partition(":")
    split = load_dataset(repo_id, config or None, split="train", streaming=bool(mode))
    rows[argument] = list(split)
json.dump(rows, sys.stdout)
