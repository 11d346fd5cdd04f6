"""Models whose weights are, file by file, those of a model that was here before them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from contracts.submission import SubmissionAccepted
from services.aggregator.facts import of_kind
from services.aggregator.fold import Submission
from services.aggregator.moderation import Moderation


class Copies:
    """Among `submissions`, those with equal weights. What is said of one depends on which was
    accepted first, and not on the order in which they came to be known."""

    def __init__(
        self,
        submissions: Mapping[str, Submission],
        weights: Mapping[str, Iterable[str]] = MappingProxyType({}),
    ) -> None:
        """`weights` is what another has found out about these submissions."""
        self._submissions = submissions
        self._by_digest = {digest: dict.fromkeys(sids) for digest, sids in weights.items()}

    @property
    def weights(self) -> Mapping[str, Iterable[str]]:
        """Submissions by digest of their weights."""
        return self._by_digest

    def take(self, sid: str) -> None:
        """Know its acceptances from now on."""
        for digest in _digests(self._submissions[sid]):
            self._by_digest.setdefault(digest, {})[sid] = None

    def after(self, sid: str) -> Iterator[str]:
        """Those with equal weights that were accepted later: what is said of them depends on it."""
        submission = self._submissions[sid]
        for digest in _digests(submission):
            for other in self._by_digest.get(digest, ()):
                if other != sid and self._submissions[other].accepted_at > submission.accepted_at:
                    yield other

    def originals(self, submission: Submission, moderation: Moderation) -> tuple[str, ...]:
        """The models with equal weights that were accepted before it, the first of them first, by
        their names today; without its own, what descends from it, and what a moderator has settled.
        None for a model that names one of them as its base: it says where its weights are from."""
        accepted = submission.accepted
        if accepted is None or len(self._by_digest.get(accepted.weights_digest, ())) < 2:
            return ()
        copy = _Model.of(submission, moderation)
        if copy is None:
            return ()
        settled_until = moderation.standing(copy.name).settled_until
        names: dict[str, None] = {}
        for original in self._with(copy.accepted.weights_digest, moderation):
            if original.accepted_at >= copy.accepted_at or original.name == copy.name:
                continue
            if copy.descends_from(original):
                return ()
            if original.accepted_at > settled_until and not original.descends_from(copy):
                names[original.name] = None
        return tuple(names)

    def _with(self, digest: str, moderation: Moderation) -> list["_Model"]:
        """In the order of their acceptance."""
        known = (
            _Model.of(self._submissions[sid], moderation) for sid in self._by_digest.get(digest, ())
        )
        models = [model for model in known if model and model.accepted.weights_digest == digest]
        return sorted(models, key=lambda model: model.accepted_at)


@dataclass(frozen=True)
class _Model:
    name: str
    """Today."""
    spellings: frozenset[str]
    """Of its name today and when it was submitted; the Hub's names ignore case."""
    accepted: SubmissionAccepted
    accepted_at: int

    @classmethod
    def of(cls, submission: Submission, moderation: Moderation) -> "_Model | None":
        received, accepted = submission.received, submission.accepted
        if received is None or accepted is None:
            return None
        then = received.event.model.repo_id
        today = moderation.name_today(then, since=received.sequence)
        spellings = frozenset({then.casefold(), today.casefold()})
        return cls(today, spellings, accepted, submission.accepted_at)

    def descends_from(self, other: "_Model") -> bool:
        """Whether its card names the other as its base model."""
        return any(base.casefold() in other.spellings for base in self.accepted.base_models)


def _digests(submission: Submission) -> frozenset[str]:
    """Of its weights, in all its acceptances; without those that know none."""
    accepted = of_kind(SubmissionAccepted, submission.facts.values())
    return frozenset(fact.event.weights_digest for fact in accepted) - {""}
