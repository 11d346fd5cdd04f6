"""Which models a model descends from, by the `base_model` of the cards on the Hub."""

from collections.abc import Callable, Iterable

Parents = Callable[[str], tuple[str, ...]]
"""The models that a model's card names as its base; none for one that nobody can see."""

MOST_GENERATIONS = 12
"""The deepest of the Open LLM Leaderboard's rows had ten."""
_MOST_LOOK_UPS = 40


def generation(repo_id: str, base_models: Iterable[str], parents: Parents) -> int:
    """Hops to the farthest ancestor, 0 for a model without a base. Counting stops at
    MOST_GENERATIONS, and at an ancestor that was met before."""
    met = {repo_id}
    generation, ancestors, look_ups = 0, set(base_models) - met, 0
    while ancestors and generation < MOST_GENERATIONS:
        generation += 1
        met |= ancestors
        asked = sorted(ancestors)[: _MOST_LOOK_UPS - look_ups]
        look_ups += len(asked)
        ancestors = {parent for ancestor in asked for parent in parents(ancestor)} - met
    return generation
