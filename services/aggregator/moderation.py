"""What moderators' decisions amount to. One about a model covers every submission of its
repository."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from contracts.base import View
from contracts.moderation import (
    DeadLetterReplayed,
    ModelBarred,
    ModelFlagged,
    ModelNoted,
    ModelRemoved,
    ModelRenamed,
    ModelRestored,
    ModelUnbarred,
    ModelUnflagged,
    ProviderNamed,
    ProviderWithdrawn,
    SubmitterBanned,
    SubmitterUnbanned,
)
from contracts.operation import EvaluatorsDrained, EvaluatorsPaused, EvaluatorsResumed
from contracts.views import Decision, Flag, Policy, Ruling
from services.aggregator.facts import Fact, Facts, in_stream_order, of_kind, with_fact
from services.aggregator.holds import standing_holds, told

ModelDecision = (
    ModelFlagged
    | ModelUnflagged
    | ModelRenamed
    | ModelRemoved
    | ModelRestored
    | ModelNoted
    | ModelBarred
    | ModelUnbarred
)
OtherDecision = (
    ProviderNamed
    | ProviderWithdrawn
    | SubmitterBanned
    | SubmitterUnbanned
    | DeadLetterReplayed
    | EvaluatorsPaused
    | EvaluatorsDrained
    | EvaluatorsResumed
)
ModerationEvent = ModelDecision | OtherDecision


@dataclass(frozen=True)
class Standing:
    """How moderators see one repository."""

    flag: Flag | None = None
    removed: bool = False
    settled_until: int = 0
    """Place in EVENTS of the last time that its marks were taken away: a likeness to models that
    were accepted before is settled."""
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
        if repo_id not in self._old_names:
            return repo_id
        for fact in self._renames:
            if fact.sequence > since and fact.event.repo_id == repo_id:
                repo_id = fact.event.new_repo_id
        return repo_id

    def standing(self, repo_id: str) -> Standing:
        """Of the repository that has this name today."""
        return self._standings.get(repo_id, Standing())

    def is_official(self, repo_id: str) -> bool:
        """Whether its organisation is an official provider today; the Hub's names ignore case."""
        return repo_id.partition("/")[0].casefold() in self._officials

    @cached_property
    def _officials(self) -> frozenset[str]:
        providers = self.policy.official_providers if self.policy else ()
        return frozenset(ruling.name.casefold() for ruling in providers)

    @cached_property
    def _renames(self) -> list[Fact[ModelRenamed]]:
        return of_kind(ModelRenamed, in_stream_order(self.facts))

    @cached_property
    def _old_names(self) -> frozenset[str]:
        return frozenset(fact.event.repo_id for fact in self._renames)

    @cached_property
    def _standings(self) -> Mapping[str, Standing]:
        """By today's name."""
        standings: dict[str, Standing] = {}
        for fact in in_stream_order(self.facts):
            if isinstance(fact.event, OtherDecision):
                continue
            event: ModelDecision = fact.event
            before = standings.pop(event.repo_id, Standing())
            now = replace(before, facts=(*before.facts, fact))
            match event:
                case ModelFlagged():
                    flag = Flag(reason=event.reason, link=event.link, at=fact.at)
                    standings[event.repo_id] = replace(now, flag=flag)
                case ModelUnflagged():
                    standings[event.repo_id] = replace(now, flag=None, settled_until=fact.sequence)
                case ModelRemoved():
                    standings[event.repo_id] = replace(now, removed=True)
                case ModelRestored():
                    standings[event.repo_id] = replace(now, removed=False)
                case ModelNoted() | ModelBarred() | ModelUnbarred():
                    standings[event.repo_id] = now
                case ModelRenamed():
                    namesake = standings.get(event.new_repo_id, Standing())
                    standings[event.new_repo_id] = Standing(
                        flag=now.flag or namesake.flag,
                        removed=now.removed or namesake.removed,
                        settled_until=max(now.settled_until, namesake.settled_until),
                        facts=(*namesake.facts, *now.facts),
                    )
        return standings

    @property
    def standing_views(self) -> Iterator[View]:
        """What all decisions together mean, for submissions and for evaluators."""
        if self.policy:
            yield self.policy
        if holds := standing_holds(in_stream_order(self.facts)):
            yield holds

    @cached_property
    def policy(self) -> Policy | None:
        """None before the first decision about submissions."""
        rulings: dict[str, dict[str, Ruling]] = {}
        for fact in in_stream_order(self.facts):
            match fact.event:
                case ModelBarred() | ModelUnbarred():
                    standing = rulings.setdefault("barred", {})
                case ProviderNamed() | ProviderWithdrawn():
                    standing = rulings.setdefault("official_providers", {})
                case SubmitterBanned() | SubmitterUnbanned():
                    standing = rulings.setdefault("banned", {})
                case _:
                    continue
            name = about(fact.event)
            standing.pop(name, None)
            if isinstance(fact.event, ModelBarred | ProviderNamed | SubmitterBanned):
                standing[name] = Ruling(name=name, reason=fact.event.reason, at=fact.at)
        if not rulings:
            return None
        return Policy(**{kind: tuple(standing.values()) for kind, standing in rulings.items()})


def about(event: ModerationEvent) -> str:
    """The repository, user, organisation or submission; or which evaluators."""
    match event:
        case EvaluatorsPaused() | EvaluatorsDrained() | EvaluatorsResumed():
            return told(event)
        case ProviderNamed() | ProviderWithdrawn():
            return event.organisation
        case SubmitterBanned() | SubmitterUnbanned():
            return event.user
        case DeadLetterReplayed():
            return event.sid
        case _:
            return event.repo_id


def decision(fact: Fact[ModerationEvent]) -> Decision:
    event = fact.event
    return Decision(
        sequence=fact.sequence,
        at=fact.at,
        what=event.type_name().removeprefix("podium.v1.moderation."),
        about=about(event),
        reason="" if isinstance(event, ModelRenamed) else event.reason,
        by=event.by,
        link=event.link if isinstance(event, ModelFlagged) else None,
        new_repo_id=event.new_repo_id if isinstance(event, ModelRenamed) else None,
        dead_letter=event.sequence if isinstance(event, DeadLetterReplayed) else None,
    )
