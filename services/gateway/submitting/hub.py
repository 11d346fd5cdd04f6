"""What the gateway asks the Hub: which commit a revision points to, and whose a token is."""

from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from json import JSONDecodeError

import httpx2
import structlog
from huggingface_hub import HfApi
from huggingface_hub.errors import (
    DisabledRepoError,
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from services.gateway.http.errors import ErrorCode, Refusal
from services.gateway.identity.access import User
from services.gateway.submitting.hub_threads import HubThreads

log = structlog.get_logger(__name__)

# A page that says "back soon", or a proxy's, comes with a 200 as well.
_NO_ANSWER = (
    HfHubHTTPError,
    httpx2.HTTPError,
    OfflineModeIsEnabled,
    TimeoutError,
    JSONDecodeError,
)
_REFUSED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


@dataclass(frozen=True)
class ResolvedModel:
    repo_id: str
    """Spelled as the Hub spells it, whatever the submitter's capitals."""
    commit: str


class Hub:
    def __init__(self, url: str, *, token: str | None = None, timeout_s: float = 10) -> None:
        # `False` keeps a token that lies about on this machine from being sent for strangers.
        self._api = HfApi(endpoint=url, token=token or False)
        self._url = url
        self._timeout_s = timeout_s
        self._threads = HubThreads(timeout_s)

    async def resolve(self, model: str, revision: str) -> ResolvedModel:
        """Raises Refusal when the Hub has no such model or revision, or does not answer."""
        try:
            info = await self._threads.ask(
                partial(
                    self._api.model_info,
                    model,
                    revision=revision,
                    timeout=self._timeout_s,
                    # A card may hold what the client stops at; that is for the validator to say.
                    expand=["sha"],
                )
            )
        except RevisionNotFoundError as fault:
            raise Refusal(
                ErrorCode.REVISION_NOT_FOUND,
                f"{model} has no revision {revision!r} on {self._url}.",
                "Give a branch, a tag or a commit that its repository has, such as `main`.",
            ) from fault
        except (GatedRepoError, DisabledRepoError) as fault:
            raise Refusal(
                ErrorCode.MODEL_NOT_FOUND,
                f"{model} is on {self._url}, but this server may not read it.",
                "Open the model to the public, or ask the operator for access.",
            ) from fault
        except RepositoryNotFoundError as fault:
            raise Refusal(
                ErrorCode.MODEL_NOT_FOUND,
                f"There is no public model {model} on {self._url}.",
                "Check the spelling, `namespace/name`, and that the repository is public.",
            ) from fault
        except HFValidationError as fault:
            raise Refusal(
                ErrorCode.INVALID_REQUEST,
                f"{model!r} cannot be the name of a model.",
                "Give `namespace/name` as it stands in the model's address on the Hub.",
                {"path": "$.model"},
            ) from fault
        except _NO_ANSWER as fault:
            raise self._unreachable(fault) from fault
        if not info.sha:
            raise self._unreachable(ValueError("the answer names no commit"))
        return ResolvedModel(repo_id=info.id, commit=info.sha)

    async def whoami(self, token: str) -> User:
        """Raises Refusal for a token that is nobody's, and when the Hub does not answer."""
        try:
            answer = await self._threads.ask(partial(self._api.whoami, token))
        except _NO_ANSWER as fault:
            if isinstance(fault, HfHubHTTPError) and fault.response.status_code in _REFUSED:
                raise self._token_invalid() from None
            raise self._unreachable(fault) from fault
        except ValueError:  # what no header can carry, such as a line break
            raise self._token_invalid() from None
        if answer.get("type") != "user":
            raise self._token_invalid()
        return User(answer["name"], frozenset(each["name"] for each in answer.get("orgs", ())))

    def _token_invalid(self) -> Refusal:
        return Refusal(
            ErrorCode.TOKEN_INVALID,
            f"The token is no user's on {self._url}.",
            "Send a valid access token; one without any permission will do.",
        )

    def _unreachable(self, fault: Exception) -> Refusal:
        log.warning("the Hub gave no answer", hub=self._url, error=str(fault) or repr(fault))
        return Refusal(
            ErrorCode.HUB_UNREACHABLE,
            f"The Hub at {self._url} did not answer as it should, so nothing was done.",
            "Send the same request again in a moment.",
        )
