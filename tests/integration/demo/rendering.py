"""python rendering.py TASKS NAME...: what lm-eval makes of the tasks, as JSON on the last line.

A program of its own because huggingface_hub and datasets read HF_ENDPOINT when imported.
"""

import json
import sys

from lm_eval.tasks import TaskManager


def main() -> None:
    folder, *names = sys.argv[1:]
    manager = TaskManager(include_path=folder, include_defaults=False)
    rendered = {}
    for name, task in manager.load(names)["tasks"].items():
        task.build_all_requests(rank=0, world_size=1)
        rendered[name] = {
            "documents": len(task.test_docs()),
            "requests": [[str(part) for part in made.args] for made in task.instances],
            "targets": [str(task.doc_to_target(document)) for document in task.test_docs()],
        }
    sys.stdout.write("\n" + json.dumps(rendered))


if __name__ == "__main__":
    main()
