"""What moderators decide about a model. A decision covers every submission of the repository."""

from typing import ClassVar

from contracts.base import Event
from contracts.models import RepoId


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
    by: str
    """Hub user name of the moderator."""


class ModelUnflagged(Event):
    """A moderator took the flag of a model back."""

    SUBJECT: ClassVar[str] = "podium.v1.moderation.unflagged.{repo_id}"
    WRITER: ClassVar[str] = "gateway"
    READERS: ClassVar[str] = "aggregator"

    repo_id: RepoId
    """The repository."""
    reason: str
    """Why the flag was wrong or is over."""
    by: str
    """Hub user name of the moderator."""


class ModelRenamed(Event):
    """The repository has a new name on the Hub; its entries move with it."""

    SUBJECT: ClassVar[str] = "podium.v1.moderation.renamed.{repo_id}"
    WRITER: ClassVar[str] = "gateway"
    READERS: ClassVar[str] = "aggregator"

    repo_id: RepoId
    """The name so far."""
    new_repo_id: RepoId
    """The name from now on."""
    by: str
    """Hub user name of the moderator."""


class ModelRemoved(Event):
    """A moderator took a model off the board. Its events, and the reason, stay."""

    SUBJECT: ClassVar[str] = "podium.v1.moderation.removed.{repo_id}"
    WRITER: ClassVar[str] = "gateway"
    READERS: ClassVar[str] = "aggregator"

    repo_id: RepoId
    """The removed repository."""
    reason: str
    """Why, fit to show on the request's page."""
    by: str
    """Hub user name of the moderator."""
