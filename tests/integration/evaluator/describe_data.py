"""Prints what lm-eval tasks are scored on, in a process that read HF_ENDPOINT at its start:
`python describe_data.py FOLDER TASK_OR_GROUP …`."""

import json
import sys

from lm_eval.tasks import TaskManager

from services.evaluator.provenance import data_sets


def main() -> None:
    folder, *names = sys.argv[1:]
    tasks = TaskManager(include_path=folder, include_defaults=False).load(names)["tasks"]
    found = {name: data.model_dump() for name, data in data_sets(tasks.values()).items()}
    sys.stdout.write(f"\n{json.dumps(found)}\n")


if __name__ == "__main__":
    main()
