"""What a model is, beside what its submitter says: by tags, files, architecture and configuration,
never by words in its name or card, which mention many models that it is not."""

import re

from services.validator.facts import Facts, Repository

_MERGE_TAGS = frozenset({"merge", "moerge", "mergekit", "lazymergekit"})
_EXPERT_TAGS = frozenset({"moe", "moerge", "mixture-of-experts"})
_EXPERT_CLASSES = re.compile("Moe|MoE|MOE|Mixtral")


def is_merge(facts: Facts) -> bool:
    """Whether its weights were made from those of several models."""
    repository = facts.submitted
    if repository.is_made_by_mergekit:
        return True
    card = repository.card
    return card is not None and (card.is_declared_merge or bool(card.tags & _MERGE_TAGS))


def is_mixture_of_experts(facts: Facts) -> bool:
    """Whether a router chooses between parts of its layers."""
    return any(_has_experts(each) for each in (facts.submitted, facts.base) if each)


def _has_experts(repository: Repository) -> bool:
    config, card = repository.config, repository.card
    return bool(
        (config and (config.has_experts or _EXPERT_CLASSES.search(config.architecture or "")))
        or (card and card.tags & _EXPERT_TAGS)
    )
