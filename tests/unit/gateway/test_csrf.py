"""An open gateway believes whoever reaches it, and any page can have its reader's browser ask."""

import pytest
from litestar.testing import AsyncTestClient

from tests.unit.gateway.test_error_shape import an_app

HERE = "http://testserver.local"


@pytest.mark.parametrize(
    ("headers", "taken"),
    [
        ({}, True),
        ({"Origin": HERE}, True),
        ({"Origin": "https://podium.example", "Host": "podium.example"}, True),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "https://behind.a.proxy"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Origin": "http://evil.example"}, False),
        ({"Origin": f"{HERE}.evil.example"}, False),
        ({"Origin": "http://testserver.local:81"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": ""}, False),
        ({"Sec-Fetch-Site": "cross-site", "Origin": HERE}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Authorization": "Basic eDp5", "Sec-Fetch-Site": "cross-site"}, False),
    ],
    ids=str,
)
async def test_only_its_own_pages_and_no_browsers_change_something(
    headers: dict[str, str], taken: bool
) -> None:
    async with AsyncTestClient(an_app("demo"), base_url=HERE) as http:
        answer = await http.post("/sign-out", headers=headers, follow_redirects=False)

    assert (answer.status_code == 303) is taken, answer.text


async def test_the_public_address_is_its_own_behind_a_proxy_that_renames_the_host() -> None:
    app = an_app("demo", address="https://podium.example")
    async with AsyncTestClient(app, base_url="http://10.0.0.7:8000") as http:
        answer = await http.post(
            "/sign-out", headers={"Origin": "https://podium.example"}, follow_redirects=False
        )

    assert answer.status_code == 303
