"""The OpenAPI document, with the errors that this gateway answers instead of Litestar's, and with
what each field means."""

from dataclasses import dataclass, fields
from typing import Any

from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import OpenAPI

from services.gateway.http.errors import ErrorCode, refuses
from services.gateway.http.field_meanings import add_meanings

_ERROR = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorBody"}}}
_EVERYWHERE = refuses(ErrorCode.TOKEN_INVALID, ErrorCode.TOO_MANY_REQUESTS)
_OF_BODIES = refuses(ErrorCode.INVALID_REQUEST, ErrorCode.FORBIDDEN, ErrorCode.TOO_LARGE)
_OF_PARAMETERS = refuses(ErrorCode.INVALID_REQUEST)


class _Document(OpenAPI):
    def to_schema(self) -> dict[str, Any]:
        schema = super().to_schema()
        add_meanings(schema["components"]["schemas"])
        for path, item in schema["paths"].items():
            for operation in item.values():
                if path.startswith("/api/"):
                    _tell_of_errors(operation)
        return schema


@dataclass
class DocumentedApi(OpenAPIConfig):
    def to_openapi_schema(self) -> OpenAPI:
        plain = super().to_openapi_schema()
        return _Document(**{field.name: getattr(plain, field.name) for field in fields(plain)})


def _tell_of_errors(operation: dict[str, Any]) -> None:
    answers = operation["responses"]
    told = dict(_EVERYWHERE)
    # Litestar announces a 400 in a shape of its own for whatever it validates.
    if answers.get("400", {}).get("content") not in (None, _ERROR):
        del answers["400"]
        told |= _OF_PARAMETERS
    if "requestBody" in operation:
        told |= _OF_BODIES
    for status, answer in told.items():
        answers.setdefault(str(status), {"description": answer.description, "content": _ERROR})
