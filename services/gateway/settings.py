"""What a gateway can be told through the environment."""

from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from runtime.settings import ServiceSettings
from services.gateway.requests.situations import Bounds


class GatewaySettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="GATEWAY_")

    host: str = "127.0.0.1"
    """Address the gateway listens on; `0.0.0.0` in a container."""
    port: int = Field(default=8000, ge=1, le=65535)
    """Port of the page, the API and the health endpoints."""
    hub_url: str = Field(default="https://huggingface.co", validation_alias="HF_ENDPOINT")
    """The Hub that models are looked up on and linked to."""
    hub_token: SecretStr | None = None
    """Hub token for models that the public cannot see; none is sent when unset."""
    hub_timeout_s: float = Field(default=10, gt=0)
    """Longest time the Hub may take to answer."""
    shutdown_grace_s: float = Field(default=5, gt=0)
    """How long requests in flight may take to end after SIGTERM."""
    open: bool = False
    """Whether whoever reaches the gateway may submit without a name."""
    moderators: frozenset[str] = frozenset()
    """Hub users and organisations that moderate. On an open gateway without any, everybody does."""
    public_url: str | None = None
    """Where browsers find the gateway; `http://` with host and port when unset."""
    oauth_client_id: str | None = None
    """The gateway as an OAuth application of the Hub; browsers cannot sign in when unset."""
    oauth_client_secret: SecretStr | None = None
    """Its secret; unset for a public application."""
    session_secret: SecretStr | None = Field(default=None, min_length=32)
    """Encrypts the cookies of signed-in browsers. The same on every gateway; when unset each makes
    one up, and its sessions end with it."""
    requests_per_minute: int = Field(default=1200, ge=1)
    """Most requests from one address, probes and static files apart."""
    changes_per_minute: int = Field(default=60, ge=1)
    """Most requests that change something, from one proved user."""
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    """Addresses or networks of reverse proxies whose `X-Forwarded-For` is believed."""

    unjudged_after_s: float = Field(default=120, gt=0)
    """How long a submission may be unjudged before its page says that no validator looks at it."""
    silent_after_s: float = Field(default=600, gt=0)
    """How long an evaluation may tell of no progress before its page says so."""

    @property
    def bounds(self) -> Bounds:
        return Bounds(
            unjudged=timedelta(seconds=self.unjudged_after_s),
            silent=timedelta(seconds=self.silent_after_s),
        )

    @property
    def address(self) -> str:
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")
