"""What moderators' decisions amount to. A decision covers every submission of the repository."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from contracts.moderation import ModelFlagged, ModelRemoved, ModelRenamed, ModelUnflagged
from contracts.views import Flag
from services.aggregator.facts import Fact, Facts, in_stream_order, of_kind, with_fact

ModerationEvent = ModelFlagged | ModelUnflagged | ModelRenamed | ModelRemoved


@dataclass(frozen=True)
class Standing:
    """How moderators see one repository."""

    flag: Flag | None = None
    removed: bool = False
    facts: tuple[Fact[Any], ...] = ()
    """Every decision about it, under whichever name."""


@dataclass(frozen=True)
class Moderation:
    facts: Facts = field(default_factory=dict)

    def after(self, fact: Fact[Any]) -> "Moderation":
        facts = with_fact(self.facts, fact)
        return self if facts is self.facts else Moderation(facts)

    def name_today(self, repo_id: str, since: int) -> str:
        """What the repository that was `repo_id` at this place in the stream is called now. A later
        repository of the same name is another one."""
        for fact in self._renames:
            if fact.sequence > since and fact.event.repo_id == repo_id:
                repo_id = fact.event.new_repo_id
        return repo_id

    def standing(self, repo_id: str) -> Standing:
        """Of the repository that has this name today."""
        return self._standings.get(repo_id, Standing())

    @cached_property
    def _renames(self) -> list[Fact[ModelRenamed]]:
        return of_kind(ModelRenamed, in_stream_order(self.facts))

    @cached_property
    def _standings(self) -> Mapping[str, Standing]:
        """By today's name."""
        standings: dict[str, Standing] = {}
        for fact in in_stream_order(self.facts):
            event: ModerationEvent = fact.event
            before = standings.pop(event.repo_id, Standing())
            now = replace(before, facts=(*before.facts, fact))
            match event:
                case ModelFlagged():
                    flag = Flag(reason=event.reason, link=event.link, at=fact.at)
                    standings[event.repo_id] = replace(now, flag=flag)
                case ModelUnflagged():
                    standings[event.repo_id] = replace(now, flag=None)
                case ModelRemoved():
                    standings[event.repo_id] = replace(now, removed=True)
                case ModelRenamed():
                    namesake = standings.get(event.new_repo_id, Standing())
                    standings[event.new_repo_id] = Standing(
                        flag=now.flag or namesake.flag,
                        removed=now.removed or namesake.removed,
                        facts=(*namesake.facts, *now.facts),
                    )
        return standings
