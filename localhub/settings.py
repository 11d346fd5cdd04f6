"""The files an operator writes: `_hub.json` beside a repository, `_tokens.json` and `_apps.json` at
the root."""

from pathlib import Path
from typing import Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

T = TypeVar("T")


class MalformedSettings(Exception):
    """A settings file does not hold what it should; the message names the file and each fault."""


class _Settings(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, validate_by_name=True
    )


class ScannedFile(_Settings):
    """One file in which a security scan has found something."""

    path: str
    level: Literal["unsafe", "suspicious", "caution"]


class RepoSettings(_Settings):
    """`_hub.json`: how a repository is shown and to whom. Every field may be left out."""

    private: bool = False
    """Only its namespace's user or members see it."""
    gated: Literal[False, "auto", "manual"] = False
    """Anyone sees it; files go to `accepted` users and to its namespace."""
    disabled: bool = False
    accepted: frozenset[str] = frozenset()
    """Names of the users who may download a gated repository."""
    created_at: AwareDatetime | None = None
    """The oldest file's time when left out."""
    last_modified: AwareDatetime | None = None
    """The newest file's time when left out."""
    files_with_issues: tuple[ScannedFile, ...] = ()
    """What a security scan is said to have found; none is run here."""
    downloads: int = Field(default=0, ge=0)
    likes: int = Field(default=0, ge=0)


class User(_Settings):
    """One entry of `_tokens.json`, which maps a token to whom it belongs."""

    name: str = Field(min_length=1)
    fullname: str = ""
    orgs: frozenset[str] = frozenset()

    def belongs_to(self, namespace: str) -> bool:
        return namespace == self.name or namespace in self.orgs


class App(_Settings):
    """One entry of `_apps.json`, which maps a client id to a site that users may sign in to."""

    redirect_uris: frozenset[str] = Field(min_length=1)
    """Where a browser may be sent back to, exactly."""
    client_secret: str | None = Field(default=None, min_length=1)
    """What the site proves itself with, by HTTP Basic; a public client has none."""


_APPS = TypeAdapter(dict[str, App])
_REPO_SETTINGS = TypeAdapter(RepoSettings)
_USERS = TypeAdapter(dict[str, User])


def read_repo_settings(path: Path) -> RepoSettings:
    return _read(path, _REPO_SETTINGS)


def read_users(path: Path) -> dict[str, User]:
    """Users by token."""
    return _read(path, _USERS)


def read_apps(path: Path) -> dict[str, App]:
    """Sites by client id."""
    return _read(path, _APPS)


def _read(path: Path, adapter: TypeAdapter[T]) -> T:
    try:
        return adapter.validate_json(path.read_bytes())
    except ValidationError as invalid:
        faults = "; ".join(
            ".".join(["$", *(str(step) for step in fault["loc"])]) + f": {fault['msg']}"
            for fault in invalid.errors(include_url=False, include_input=False)
        )
        raise MalformedSettings(f"{'/'.join(path.parts[-3:])} is malformed: {faults}") from invalid
