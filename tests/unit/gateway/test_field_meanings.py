"""The OpenAPI document tells more than Litestar knows by itself."""

from tests.unit.gateway.test_error_shape import an_app


def test_the_document_says_what_lists_hold_and_what_fields_mean() -> None:
    shapes = an_app("demo").openapi_schema.to_schema()["components"]["schemas"]

    lists = {
        name: shape["properties"]["items"]["items"]
        for name, shape in shapes.items()
        if "items" in shape.get("properties", {})
    }
    assert lists["BoardEntries"] == {"$ref": "#/components/schemas/BoardEntry"}
    assert {name for name, of in lists.items() if "$ref" not in of} == set()
    assert shapes["BoardEntry"]["properties"]["model"]["description"]
    # One inherits its fields, the other shares its name with another struct.
    assert shapes["BoardEntryDetails"]["properties"]["model"]["description"]
    assert shapes["moderation_routes_Flag"]["description"] == (
        "Mark a model, which stays on the board."
    )
