"""What every message shares: how it is read, where it is published, what its docs say."""

import re
from typing import Any, ClassVar
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict

_PLACEHOLDER = re.compile(r"\{(\w+)\}")


def subject_token(value: object) -> str:
    """A value as one NATS subject token: percent-encoded, so that `acme/Qwen2.5` has no dot or
    slash and any client can decode it with its standard library."""
    return quote(str(value), safe="").replace(".", "%2E").replace("~", "%7E")


class Contract(BaseModel):
    """Frozen data. Readers ignore fields they don't know, so a new optional field breaks nobody."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)


class Message(Contract):
    """Data with a place on the bus. `SUBJECT` is a template over the message's own fields."""

    SUBJECT: ClassVar[str]
    WRITER: ClassVar[str]
    READERS: ClassVar[str]

    @classmethod
    def type_name(cls) -> str:
        """The subject without its placeholders, `podium.v1.submission.received`: the `ce-type`."""
        return cls.SUBJECT.split(".{", 1)[0]

    @classmethod
    def subject_filter(cls, **known: Any) -> str:
        """The subject to subscribe to: `*` for every field that `known` does not pin down."""
        return _PLACEHOLDER.sub(
            lambda name: subject_token(known[name[1]]) if name[1] in known else "*", cls.SUBJECT
        )

    def subject(self) -> str:
        return _PLACEHOLDER.sub(lambda name: subject_token(getattr(self, name[1])), self.SUBJECT)


class Event(Message):
    """Something that has happened. Its id, time and source travel as CloudEvents headers."""


class View(Message):
    """How something stands. The stream keeps the newest per subject; an empty body means gone."""
