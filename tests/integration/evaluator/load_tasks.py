"""Loads lm-eval's own tasks with their data, in a process that read HF_ENDPOINT at its start, and
prints what each leaf task holds: `python load_tasks.py TASK_OR_GROUP …`."""

import json
import sys

from lm_eval.tasks import TaskManager


def main() -> None:
    leaves = TaskManager().load(sys.argv[1:])["tasks"]
    found = {
        name: {
            "documents": len(list(task.eval_docs)),
            "metrics": [
                f"{metric},{pipeline.name}"
                for pipeline in task._filters
                for metric in task.aggregation()
            ],
        }
        for name, task in leaves.items()
    }
    sys.stdout.write(f"\n{json.dumps(found)}\n")


if __name__ == "__main__":
    main()
