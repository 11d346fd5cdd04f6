"""Which marks of models hold now, out of the log of decisions."""

from collections.abc import Iterable
from dataclasses import dataclass

from contracts.views import Decision

_TAKES_BACK = {"unflagged": "flagged", "restored": "removed"}


@dataclass(frozen=True)
class Marks:
    """Each is the decision that set it, about the model's name of today; the newest first."""

    flagged: tuple[Decision, ...]
    removed: tuple[Decision, ...]


def standing_marks(decisions: Iterable[Decision]) -> Marks:
    """What nothing has taken back. A rename moves marks along, as it does for the rows."""
    marks: dict[str, dict[str, Decision]] = {"flagged": {}, "removed": {}}
    for each in sorted(decisions, key=lambda one: one.sequence):
        if each.what in marks:
            marks[each.what][each.about] = each
        elif each.what in _TAKES_BACK:
            marks[_TAKES_BACK[each.what]].pop(each.about, None)
        elif each.new_repo_id is not None:
            for by_name in marks.values():
                if mark := by_name.pop(each.about, None):
                    renamed = mark.model_copy(update={"about": each.new_repo_id})
                    by_name[each.new_repo_id] = renamed
    return Marks(**{kind: _newest_first(by_name.values()) for kind, by_name in marks.items()})


def _newest_first(decisions: Iterable[Decision]) -> tuple[Decision, ...]:
    return tuple(sorted(decisions, key=lambda one: -one.sequence))
