"""Claims on the real stores: one document an id, and nothing in a queue that a claim does not get past."""

import asyncio

import pytest

from services.errors import DocumentDamaged, WriteConflict
from services.tasks.claims import KEPT, Claim
from stores.claims import CLAIMS, CosmosClaims
from tests.counter import DEFINITION, HANAKO, submission
from tests.fakes import Noted
from wiring.app import App

QUEUE = "tasks-supplies"
CLAIM = Claim(claim_id="claim-0001", team="supplies", holder="u-hanako", tasks=("K7M2-QX9P-D4TB.prepare.1",))


@pytest.fixture
def claims(app: App) -> CosmosClaims:
    return CosmosClaims(app.cosmos, Noted())


async def make_tasks(app: App, number: int) -> None:
    await app.catalog.publish(DEFINITION)
    for n in range(number):
        receipt, _ = await app.requests.submit(submission(), f"key-of-the-tests-{n:06}", None)
        await app.advance.advance(receipt.reference)


async def test_a_claim_is_read_as_it_was_stored(claims: CosmosClaims):
    await claims.create(CLAIM)

    assert await claims.read("claim-0001") == CLAIM
    assert await claims.read("claim-0002") is None


async def test_an_id_has_one_claim(claims: CosmosClaims):
    await claims.create(CLAIM)

    with pytest.raises(WriteConflict):
        await claims.create(CLAIM)


async def test_a_claim_expires_after_a_day(app: App, claims: CosmosClaims):
    await claims.create(CLAIM)

    stored = await app.cosmos.ask(CLAIMS, lambda c: c.read_item("claim-0001", "claim-0001"))

    assert (stored["ttl"], CLAIMS.expires) == (KEPT, True)
    assert KEPT == 24 * 3600


async def test_twenty_claims_at_once_under_one_id_lease_what_one_of_them_asked_for(app: App):
    await make_tasks(app, 22)

    answers = await asyncio.gather(
        *(app.tasks.claim_next("supplies", HANAKO, claim_id="claim-0001", limit=1, seconds=900) for _ in range(20))
    )

    tasks = await app.tasks.of_team("supplies", HANAKO, "open")
    leased = {task.id for task in tasks if task.lease}
    assert len(leased) == 1
    assert {one.task.id for answer in answers for one in answer} == leased


@pytest.mark.parametrize(
    "rubbish",
    [
        f'{{"task":"{"K" * 3_000}.prepare.1","team":"supplies","priority":"normal"}}',
        f'{{"task":"K7M2-QX9P-D4TB.{"x" * 3_000}.1","team":"supplies","priority":"normal"}}',
        '{"task":"/../?#\\\\%00.prepare.1","team":"supplies","priority":"normal"}',
        "目" * 20_000,
        "[" * 60_000,
        " ",
    ],
    ids=["a long reference", "a long route", "signs of addresses", "large", "nested", "empty"],
)
async def test_a_claim_gets_past_what_is_no_message_of_ours(app: App, rubbish: str):
    await app.queues.ensure([QUEUE])
    await app.queues.send_text(QUEUE, rubbish)
    await make_tasks(app, 1)

    [claimed] = await app.tasks.claim_next("supplies", HANAKO, claim_id="claim-0001", limit=1, seconds=900)

    assert claimed.task.team == "supplies"
    assert await app.failures.open_in([QUEUE]) == {QUEUE: 1}


async def test_a_claim_that_cannot_be_read_opens_nothing_and_the_next_goes_on(app: App):
    await make_tasks(app, 2)
    first = await app.tasks.claim_next("supplies", HANAKO, claim_id="claim-0001", limit=1, seconds=60)
    assert len(first) == 1
    item = await app.cosmos.ask(CLAIMS, lambda c: c.read_item("claim-0001", "claim-0001"))
    await app.cosmos.ask(CLAIMS, lambda c: c.upsert_item({**item, "tasks": "x"}))

    with pytest.raises(DocumentDamaged):
        await app.tasks.claim_next("supplies", HANAKO, claim_id="claim-0001", limit=1, seconds=60)
    second = await app.tasks.claim_next("supplies", HANAKO, claim_id="claim-0002", limit=1, seconds=60)

    assert len(second) == 1
    assert second[0].task.id != first[0].task.id
