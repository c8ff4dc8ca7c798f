import asyncio
import time

import pytest
from azure.core.credentials import AccessTokenInfo
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError

from stores.identity import LONG_ENOUGH, Identity, SharedCredential
from tests.reliability.faults import OF_THE_IDENTITY, no_token

SCOPE = "https://storage.azure.com/.default"


class Credential:
    """Give tokens that last so long, once it may answer."""

    def __init__(self, lasts: float = 86_400) -> None:
        self.asked = 0
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.error: Exception | None = None
        self._lasts = lasts

    async def get_token_info(self, *scopes: str, options: object = None) -> AccessTokenInfo:
        self.asked += 1
        await self.may_answer.wait()
        if self.error:
            raise self.error
        return AccessTokenInfo(f"token {self.asked}", int(time.time() + self._lasts))

    async def close(self) -> None:
        pass


async def test_all_clients_of_an_app_share_one_credential():
    identity = Identity()

    first, again, other = identity.of("id"), identity.of("id"), identity.of("other")

    assert first is again
    assert first is not other
    await identity.close()


async def test_a_token_is_asked_for_once_and_found_by_who_comes_after_those_who_gave_up():
    credential = Credential()
    shared = SharedCredential(credential)  # type: ignore[arg-type]
    credential.may_answer.clear()
    for _ in range(3):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await shared.get_token_info(SCOPE)

    credential.may_answer.set()

    assert (await shared.get_token_info(SCOPE)).token == "token 1"
    assert credential.asked == 1


async def test_each_scope_has_a_token_of_its_own():
    credential = Credential()
    shared = SharedCredential(credential)  # type: ignore[arg-type]

    tokens = {(await shared.get_token(scope)).token for scope in (SCOPE, "https://cosmos.azure.com/.default")}

    assert tokens == {"token 1", "token 2"}


async def test_a_token_that_lasts_serves_while_a_newer_one_does_not_come():
    credential = Credential()
    shared = SharedCredential(credential)  # type: ignore[arg-type]
    await shared.get_token_info(SCOPE)
    credential.may_answer.clear()

    assert (await shared.get_token_info(SCOPE)).token == "token 1"

    credential.may_answer.set()
    await asyncio.sleep(0)
    await shared.close()


async def test_a_token_that_ends_soon_does_not():
    credential = Credential(lasts=LONG_ENOUGH - 1)
    shared = SharedCredential(credential)  # type: ignore[arg-type]
    await shared.get_token_info(SCOPE)

    assert (await shared.get_token_info(SCOPE)).token == "token 2"


@pytest.mark.parametrize(
    "error", [*map(no_token, OF_THE_IDENTITY), HttpResponseError("no answer"), OSError("no way there")], ids=repr
)
async def test_no_error_of_the_identity_carries_a_status(error: Exception):
    credential = Credential()
    credential.error = error

    with pytest.raises(ClientAuthenticationError) as raised:
        await SharedCredential(credential).get_token_info(SCOPE)  # type: ignore[arg-type]

    assert (raised.value.status_code, raised.value.response) == (None, None)
