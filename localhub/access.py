"""Who asks, and what they may see: private, gated and disabled repositories as on the Hub."""

from starlette.requests import Request

from localhub.errors import DisabledRepo, GatedRepo, InvalidCredentials, RepoNotFound
from localhub.repos import Repo, RepoKind, Repositories
from localhub.settings import User


def identify(request: Request, repositories: Repositories) -> User | None:
    """The user whose token came along; None for the anonymous.

    Raises InvalidCredentials for an unknown token. A root without a tokens file knows no users,
    so there a token says nothing: clients send whatever they have stored.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    users = repositories.users()
    if not token or scheme.lower() != "bearer" or users is None:
        return None
    if token not in users:
        raise InvalidCredentials
    return users[token]


def whoami(request: Request, repositories: Repositories) -> User:
    """Raises InvalidCredentials for the anonymous too."""
    if user := identify(request, repositories):
        return user
    raise InvalidCredentials


def is_visible(repo: Repo, user: User | None) -> bool:
    return not repo.settings.private or _owns(repo, user)


def requested_repo(request: Request, repositories: Repositories) -> Repo:
    """The repository that the address names, if the caller may know of it.

    Raises RepoNotFound, DisabledRepo, InvalidCredentials.
    """
    user = identify(request, repositories)
    kind = RepoKind(request.path_params.get("kind", RepoKind.MODEL))
    repo = repositories.find(kind, request.path_params["namespace"], request.path_params["name"])
    if repo is None or not is_visible(repo, user):
        raise RepoNotFound(user)
    if repo.settings.disabled:
        raise DisabledRepo
    return repo


def downloadable_repo(request: Request, repositories: Repositories) -> Repo:
    """As `requested_repo`, and raises GatedRepo: that gate stands before files only."""
    repo = requested_repo(request, repositories)
    user = identify(request, repositories)
    accepted = user is not None and user.name in repo.settings.accepted
    if repo.settings.gated and not accepted and not _owns(repo, user):
        raise GatedRepo(repo.id, user)
    return repo


def _owns(repo: Repo, user: User | None) -> bool:
    return user is not None and user.belongs_to(repo.namespace)
