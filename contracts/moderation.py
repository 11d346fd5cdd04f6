"""What moderators decide: about a model, then it covers every submission of the repository, about a
user, about an organisation, or about what was lost."""

from typing import ClassVar

from pydantic import Field

from contracts.base import Event
from contracts.models import HubName, RepoId, SubmissionId


class ModelFlagged(Event):
    """A moderator marked a model, for instance as trained on test data. It stays on the board."""

    SUBJECT: ClassVar[str] = "podium.v1.moderation.flagged.{repo_id}"
    WRITER: ClassVar[str] = "gateway"
    READERS: ClassVar[str] = "aggregator"

    repo_id: RepoId
    """The flagged repository."""
    reason: str
    """What is wrong with it, fit to show on the board."""
    link: str | None = None
    """Public discussion of the flag; null when there is none."""
    by: str | None
    """Hub user name of the moderator; null on an open gateway."""


class ModelUnflagged(Event):
    """A moderator took the flag of a model back, and with it the mark of having the weights of
    models that were here before."""

    SUBJECT: ClassVar[str] = "podium.v1.moderation.unflagged.{repo_id}"
    WRITER: ClassVar[str] = "gateway"
    READERS: ClassVar[str] = "aggregator"

    repo_id: RepoId
    """The repository."""
    reason: str
    """Why the mark was wrong or is over."""
    by: str | None
    """Hub user name of the moderator; null on an open gateway."""


class ModelRenamed(Event):
    """The repository has a new name on the Hub; its entries move with it."""

    SUBJECT: ClassVar[str] = "podium.v1.moderation.renamed.{repo_id}"
    WRITER: ClassVar[str] = "gateway"
    READERS: ClassVar[str] = "aggregator"

    repo_id: RepoId
    """The name so far."""
    new_repo_id: RepoId
    """The name from now on."""
    by: str | None
    """Hub user name of the moderator; null on an open gateway."""


class ModelRemoved(Event):
    """A moderator took a model off the board. Its events, and the reason, stay."""

    SUBJECT: ClassVar[str] = "podium.v1.moderation.removed.{repo_id}"
    WRITER: ClassVar[str] = "gateway"
    READERS: ClassVar[str] = "aggregator"

    repo_id: RepoId
    """The removed repository."""
    reason: str
    """Why, fit to show on the request's page."""
    by: str | None
    """Hub user name of the moderator; null on an open gateway."""


class ModelRestored(Event):
    """A moderator put a removed model back on the board."""

    SUBJECT: ClassVar[str] = "podium.v1.moderation.restored.{repo_id}"
    WRITER: ClassVar[str] = "gateway"
    READERS: ClassVar[str] = "aggregator"

    repo_id: RepoId
    """The repository."""
    reason: str
    """Why it is back."""
    by: str | None
    """Hub user name of the moderator; null on an open gateway."""


class ModelNoted(Event):
    """A moderator wrote something down about a model. Nothing follows from it."""

    SUBJECT: ClassVar[str] = "podium.v1.moderation.noted.{repo_id}"
    WRITER: ClassVar[str] = "gateway"
    READERS: ClassVar[str] = "aggregator"

    repo_id: RepoId
    """The repository."""
    reason: str
    """The note, for everybody to read."""
    by: str | None
    """Hub user name of the moderator; null on an open gateway."""


class ModelBarred(Event):
    """A model may not be submitted, for instance because its authors asked for that."""

    SUBJECT: ClassVar[str] = "podium.v1.moderation.barred.{repo_id}"
    WRITER: ClassVar[str] = "gateway"
    READERS: ClassVar[str] = "aggregator"

    repo_id: RepoId
    """The repository."""
    reason: str
    """Why, fit to show to whoever submits it."""
    by: str | None
    """Hub user name of the moderator; null on an open gateway."""


class ModelUnbarred(Event):
    """A model may be submitted again."""

    SUBJECT: ClassVar[str] = "podium.v1.moderation.unbarred.{repo_id}"
    WRITER: ClassVar[str] = "gateway"
    READERS: ClassVar[str] = "aggregator"

    repo_id: RepoId
    """The repository."""
    reason: str
    """Why it may."""
    by: str | None
    """Hub user name of the moderator; null on an open gateway."""


class ProviderNamed(Event):
    """An organisation is the official provider of its models: no quota holds for its submissions,
    and only moderators have them evaluated again."""

    SUBJECT: ClassVar[str] = "podium.v1.moderation.provider_named.{organisation}"
    WRITER: ClassVar[str] = "gateway"
    READERS: ClassVar[str] = "aggregator"

    organisation: HubName
    """Organisation or user on the Hub."""
    reason: str
    """Why it is one."""
    by: str | None
    """Hub user name of the moderator; null on an open gateway."""


class ProviderWithdrawn(Event):
    """An organisation is no official provider any more."""

    SUBJECT: ClassVar[str] = "podium.v1.moderation.provider_withdrawn.{organisation}"
    WRITER: ClassVar[str] = "gateway"
    READERS: ClassVar[str] = "aggregator"

    organisation: HubName
    """Organisation or user on the Hub."""
    reason: str
    """Why not."""
    by: str | None
    """Hub user name of the moderator; null on an open gateway."""


class SubmitterBanned(Event):
    """A user may change nothing on this leaderboard."""

    SUBJECT: ClassVar[str] = "podium.v1.moderation.banned.{user}"
    WRITER: ClassVar[str] = "gateway"
    READERS: ClassVar[str] = "aggregator"

    user: HubName
    """User on the Hub."""
    reason: str
    """Why, fit to show to the user."""
    by: str | None
    """Hub user name of the moderator; null on an open gateway."""


class SubmitterUnbanned(Event):
    """A user may submit again."""

    SUBJECT: ClassVar[str] = "podium.v1.moderation.unbanned.{user}"
    WRITER: ClassVar[str] = "gateway"
    READERS: ClassVar[str] = "aggregator"

    user: HubName
    """User on the Hub."""
    reason: str
    """Why."""
    by: str | None
    """Hub user name of the moderator; null on an open gateway."""


class DeadLetterReplayed(Event):
    """A moderator has what was lost done again: the submission that a dead letter is about gets
    another run. `submission.rerun_requested` follows."""

    SUBJECT: ClassVar[str] = "podium.v1.moderation.dead_letter_replayed.{sequence}"
    WRITER: ClassVar[str] = "gateway"
    READERS: ClassVar[str] = "aggregator"

    sequence: int = Field(ge=1)
    """The letter's place in DEAD_LETTERS."""
    sid: SubmissionId
    """The submission."""
    run: int = Field(ge=2)
    """The number of the run that it gets."""
    reason: str
    """Why."""
    by: str | None
    """Hub user name of the moderator; null on an open gateway."""
