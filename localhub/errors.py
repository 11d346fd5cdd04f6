"""The refusals of a Hub. Clients read the status and two headers, never the body.

HubError
├── BadRequest          400
├── InvalidCredentials  401
├── RepoNotFound        401 to the anonymous, 404 to a user: private and missing look the same
├── GatedRepo           401 to the anonymous, 403 to a user
├── DisabledRepo        403
├── RevisionNotFound    404
└── EntryNotFound       404
"""

from localhub.settings import User


class HubError(Exception):
    status = 500
    code: str | None = None

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.status = status or type(self).status

    def headers(self) -> dict[str, str]:
        # Messages quote what was asked for: a header takes no control characters, and Latin-1 only.
        printable = "".join(letter if letter.isprintable() else "?" for letter in self.message)
        message = printable.encode("latin-1", "replace").decode("latin-1")
        code = {"X-Error-Code": self.code} if self.code else {}
        return {"X-Error-Message": message, **code}


class BadRequest(HubError):
    status = 400


class InvalidCredentials(HubError):
    status = 401

    def __init__(self) -> None:
        # The exact words: clients compare them.
        super().__init__("Invalid credentials in Authorization header")


class RepoNotFound(HubError):
    code = "RepoNotFound"

    def __init__(self, user: User | None) -> None:
        super().__init__(
            "Repository not found" if user else "Repository not found, or it needs a token",
            status=404 if user else 401,
        )


class GatedRepo(HubError):
    code = "GatedRepo"

    def __init__(self, repo_id: str, user: User | None) -> None:
        reason = (
            f"{user.name} is not in the authorized list"
            if user
            else "you must be authenticated to access it"
        )
        super().__init__(
            f"Access to {repo_id} is restricted: {reason}.", status=403 if user else 401
        )


class DisabledRepo(HubError):
    status = 403

    def __init__(self) -> None:
        # The exact words: clients compare them.
        super().__init__("Access to this resource is disabled.")


class RevisionNotFound(HubError):
    status = 404
    code = "RevisionNotFound"

    def __init__(self, revision: str) -> None:
        super().__init__(f"Invalid rev id: {revision}")


class EntryNotFound(HubError):
    status = 404
    code = "EntryNotFound"

    def __init__(self, path: str, *, commit: str) -> None:
        super().__init__(f"Entry not found: {path}")
        self.commit = commit

    def headers(self) -> dict[str, str]:
        """With the commit, clients remember that it has no such file and do not ask again."""
        return {**super().headers(), "X-Repo-Commit": self.commit}
