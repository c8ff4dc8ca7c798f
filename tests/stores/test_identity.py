from stores.identity import Identity


async def test_all_clients_of_an_app_share_one_credential():
    identity = Identity()

    first, again, other = identity.of("id"), identity.of("id"), identity.of("other")

    assert first is again
    assert first is not other
    await identity.close()
