"""What every service needs to be told. Each service extends it under a prefix of its own."""

import os
from pathlib import Path
from typing import Any, Literal, Self, get_args

from pydantic import Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

REPOSITORY = Path(__file__).parent.parent


class _Environment(EnvSettingsSource):
    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        try:
            return super().decode_complex_value(field_name, field, value)
        except ValueError:  # no JSON, and so nothing that the field takes: it says what it does
            return value


class ServiceSettings(BaseSettings):
    model_config = SettingsConfigDict(frozen=True, use_attribute_docstrings=True, extra="ignore")

    nats_url: str = Field(default="nats://127.0.0.1:4222", validation_alias="NATS_URL")
    """Where nats-server listens; user and password may stand in it."""
    log_format: Literal["console", "json"] = Field(
        default="console", validation_alias="PODIUM_LOG_FORMAT"
    )
    """`console` for people, `json` for log collectors."""
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", validation_alias="PODIUM_LOG_LEVEL"
    )
    """The least important level that is printed."""
    boards: Path = Field(default=REPOSITORY / "boards", validation_alias="PODIUM_BOARDS")
    """Folder with one YAML file per leaderboard."""
    health_host: str = Field(default="127.0.0.1", validation_alias="PODIUM_HEALTH_HOST")
    """Address the health endpoints listen on; `0.0.0.0` in a container."""
    health_port: int | None = None
    """Port of `/livez` and `/readyz`; none is opened when unset."""

    @classmethod
    def of_environment(cls) -> Self:
        """Ends the process with a sentence for each variable that cannot be used. What a secret
        holds is not repeated."""
        try:
            return cls()
        except ValidationError as fault:
            wrong: dict[str, list[str]] = {}
            for error in fault.errors():
                what = str(error["msg"]).removeprefix("Value error, ")
                wrong.setdefault(cls.variable(str(error["loc"][0])), []).append(what)
        lines = []
        for variable, faults in wrong.items():
            found = "what it is" if variable in cls._secrets() else repr(os.environ.get(variable))
            lines.append(f"{variable} cannot be {found}: {'; '.join(faults)}.")
        raise SystemExit(
            "\n".join([*lines, "docs/operations.md has every setting. Lists are JSON."])
        )

    @classmethod
    def variable(cls, field: str) -> str:
        """The environment variable of a field; one that is a variable already is itself."""
        declared = cls.model_fields.get(field)
        if declared is None:
            return field
        return str(declared.validation_alias or f"{cls.model_config['env_prefix']}{field.upper()}")

    @classmethod
    def _secrets(cls) -> set[str]:
        return {
            cls.variable(name)
            for name, field in cls.model_fields.items()
            if SecretStr in (field.annotation, *get_args(field.annotation))
        }

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, _Environment(settings_cls)
