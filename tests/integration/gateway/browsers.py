"""What a browser does at a gateway, without one: keep cookies, and sign in by the Hub's page."""

import re

import httpx

from tests.integration.gateway.gateways import RunningGateway

ADA = {"Authorization": "Bearer hf_ada"}


def browser(gateway: RunningGateway) -> httpx.AsyncClient:
    """Keeps cookies and follows nothing by itself."""
    return httpx.AsyncClient(base_url=gateway.url, timeout=30)


async def hub_confirms(address: str, token: str = "hf_ada") -> str:
    """What the Hub's own page does once its user has answered; the address it sends them to."""
    async with httpx.AsyncClient(timeout=30) as at_hub:
        page = await at_hub.get(address)
        hidden = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page.text))
        answer = await at_hub.post(address.partition("?")[0], data={**hidden, "token": token})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


async def sign_in(http: httpx.AsyncClient, token: str = "hf_ada", then: str = "/") -> str:
    """Where the browser ends up."""
    begun = await http.get("/sign-in", params={"then": then})
    ended = await http.get(await hub_confirms(begun.headers["location"], token))
    assert ended.status_code == 303, ended.text
    return ended.headers["location"]


async def csrf_token(http: httpx.AsyncClient) -> str:
    return str((await http.get("/api/v1/me")).json()["csrf_token"])
