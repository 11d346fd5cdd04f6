"""Who asks, and what that allows. A name is proved by the Hub, never claimed."""

from dataclasses import dataclass

from services.gateway.http.errors import ErrorCode, Refusal


@dataclass(frozen=True)
class User:
    """Somebody of whom the Hub says who it is."""

    name: str
    organisations: frozenset[str] = frozenset()

    def is_among(self, names: frozenset[str]) -> bool:
        """Whether the user or one of the organisations is; the Hub's names ignore case."""
        known = {name.casefold() for name in names}
        return any(name.casefold() in known for name in (self.name, *self.organisations))


@dataclass(frozen=True)
class Access:
    """How a gateway is set up."""

    open: bool
    """Whoever reaches it may submit, without a name."""
    moderators: frozenset[str] = frozenset()
    """Hub users and organisations. On an open gateway that names none, everybody moderates."""
    can_sign_in: bool = False
    """Whether browsers can sign in here."""


@dataclass(frozen=True)
class Caller:
    """Who sent a request."""

    access: Access
    user: User | None = None
    """None for somebody who has proved nothing."""
    csrf_token: str | None = None
    """What changes have to carry; None for whoever came without a session."""

    @property
    def name(self) -> str | None:
        return self.user.name if self.user else None

    @property
    def is_moderator(self) -> bool:
        if not self.access.moderators:
            return self.access.open
        return self.user is not None and self.user.is_among(self.access.moderators)

    def must_be_known(self) -> None:
        """Raises Refusal for a nameless caller, except on an open gateway."""
        if not self.access.open:
            self.proved_user()

    def proved_user(self) -> User:
        """Raises Refusal for a nameless caller, on an open gateway too."""
        if self.user is None:
            raise Refusal(
                ErrorCode.SIGN_IN_REQUIRED,
                "This needs a name that the Hub has proved, and the request came with none.",
                "Send a Hub token as `Authorization: Bearer …`"
                + (", or sign in at /sign-in." if self.access.can_sign_in else "."),
            )
        return self.user

    def must_be_moderator(self) -> None:
        """Raises Refusal for everybody else."""
        if self.is_moderator:
            return
        name = self.proved_user().name
        raise Refusal(
            ErrorCode.FORBIDDEN,
            f"{name} is no moderator of this leaderboard.",
            "Ask one of its moderators.",
        )

    def must_be_submitter_or_moderator(self, submitter: str | None) -> None:
        """Raises Refusal for everybody else. What an open gateway took in belongs to everybody who
        reaches one."""
        if self.is_moderator or (submitter is None and self.access.open):
            return
        name = self.proved_user().name
        if name != submitter:
            raise Refusal(
                ErrorCode.FORBIDDEN,
                f"The request is {submitter or 'nobody'}'s, and {name} is no moderator.",
                "Ask its submitter or a moderator.",
            )
