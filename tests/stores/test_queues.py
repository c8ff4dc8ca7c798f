import pytest

from services.errors import StoreUnavailable
from tests.apps import settings_for
from wiring import build
from wiring.app import App

AWAY = (
    "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=YQ==;"
    "BlobEndpoint=http://127.0.0.1:9/devstoreaccount1;QueueEndpoint=http://127.0.0.1:9/devstoreaccount1;"
)


async def test_a_message_is_delivered_as_it_was_sent(app: App):
    await app.queues.ensure(["q"])
    await app.queues.send("q", {"note": "髙橋﨑𠮷野家 🏠 <&>\n二行目"})

    [message] = await app.queues.receive("q", 32, hidden_for=30)

    assert message.body == '{"note":"髙橋﨑𠮷野家 🏠 <&>\\n二行目"}'
    assert message.deliveries == 1
    assert await app.queues.receive("q", 32, hidden_for=30) == []


@pytest.mark.parametrize("body", ["no JSON <&>\n髙橋 🏠", '{"a": 1.0}', " "])
async def test_a_text_is_delivered_as_it_was_sent(app: App, body: str):
    await app.queues.ensure(["q"])
    await app.queues.send_text("q", body)

    [message] = await app.queues.receive("q", 32, hidden_for=30)

    assert message.body == body


async def test_a_delayed_message_is_not_visible_yet(app: App):
    await app.queues.ensure(["q"])
    await app.queues.send("q", {}, delay=60)

    assert await app.queues.receive("q", 1, hidden_for=30) == []
    numbers = await app.queues.numbers("q")
    assert numbers is not None
    assert numbers.depth == 1


async def test_a_missing_queue_is_empty_and_has_no_numbers(app: App):
    assert await app.queues.receive("nothing", 1, hidden_for=30) == []
    assert await app.queues.numbers("nothing") is None


async def test_sending_to_a_missing_queue_makes_it(app: App):
    await app.queues.send("made-by-sending", {})

    assert len(await app.queues.receive("made-by-sending", 32, hidden_for=30)) == 1


async def test_a_hidden_message_can_be_shown_again_with_its_new_receipt(app: App):
    await app.queues.ensure(["q"])
    await app.queues.send("q", {"task": "t"})
    [first] = await app.queues.receive("q", 1, hidden_for=60)

    hidden = await app.queues.hide(first, 600)
    assert hidden is not None
    assert await app.queues.hide(first, 0) is None
    assert await app.queues.hide(hidden, 0) is not None

    [again] = await app.queues.receive("q", 1, hidden_for=60)
    assert (again.body, again.deliveries) == (first.body, 2)


async def test_deleting_what_another_took_over_changes_nothing(app: App):
    await app.queues.ensure(["q"])
    await app.queues.send("q", {})
    [first] = await app.queues.receive("q", 1, hidden_for=60)
    await app.queues.hide(first, 0)
    [second] = await app.queues.receive("q", 1, hidden_for=60)

    await app.queues.delete(first)
    assert (await app.queues.numbers("q")).depth == 1
    await app.queues.delete(second)
    await app.queues.delete(second)
    assert (await app.queues.numbers("q")).depth == 0


async def test_queues_are_made_once_and_listed(app: App):
    await app.queues.ensure(["q-a", "q-b"])
    await app.queues.ensure(["q-a", "q-b"])

    assert {"q-a", "q-b", "requests-intake", "requests-intake-poison"} <= set(await app.queues.names())


async def test_the_oldest_message_tells_its_age(app: App):
    await app.queues.ensure(["q"])
    assert (await app.queues.numbers("q")).oldest_inserted_at is None

    await app.queues.send("q", {})

    assert (await app.queues.numbers("q")).oldest_inserted_at is not None


async def test_storage_that_is_not_there_does_not_answer(emulators):
    app = build(settings_for(emulators.cosmos, AWAY))

    with pytest.raises(StoreUnavailable):
        await app.queues.send("q", {})
    with pytest.raises(StoreUnavailable):
        await app.blobs.current()
    await app.close()


async def test_a_peek_shows_what_is_visible_and_leaves_it(app: App):
    await app.queues.ensure(["q"])
    await app.queues.send("q", {"task": "t"})
    await app.queues.send("q", {"task": "hidden"}, delay=60)

    assert await app.queues.peek("q", 32) == ['{"task":"t"}']
    assert await app.queues.peek("nothing", 32) == []

    [message] = await app.queues.receive("q", 1, hidden_for=30)
    assert message.deliveries == 1
