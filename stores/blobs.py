"""Blob storage behind the ports: the copy of the catalog that is read while Cosmos DB does not answer."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

import msgspec
from azure.core.exceptions import AzureError

from services.catalog.documents import body_of, body_of_current, current_in, edition_in
from services.catalog.model import Current, Damaged, Edition, Sections
from services.errors import StoreUnavailable
from stores import answers
from stores.answers import Meaning

if TYPE_CHECKING:
    from azure.storage.blob.aio import ContainerClient

CONTAINER = "catalog"
CURRENT = "current/"
ANSWER_WITHIN = 1.0
"""Seconds for one reading of the catalog; what was shipped stands ready."""
ENSURED_WITHIN = 10.0
"""Seconds for making the container, which nobody waits for at a counter."""


class BlobEditions:
    """Keep a copy of published definitions: `current/{service}.json` and `editions/{service}.{version}.json`."""

    def __init__(self, connect: "Callable[[], ContainerClient]", sections: Sections) -> None:
        self._connect = connect
        self._sections = sections
        self._client: ContainerClient | None = None

    async def current(self) -> tuple[Current | Damaged, ...]:
        """Read the current edition of every service, each by itself."""
        names: list[str] = []
        async with _answering():
            container = self._container()
            with _borne("absent"):
                names = [blob.name async for blob in container.list_blobs(name_starts_with=CURRENT)]
            found = {name.removeprefix(CURRENT).removesuffix(".json"): await _read(container, name) for name in names}
        return tuple(current_in(_plain(content), name, self._sections) for name, content in found.items())

    async def edition(self, service: str, version: int) -> Edition | Damaged | None:
        """Read one edition."""
        content: bytes | None = None
        async with _answering():
            with _borne("absent"):
                content = await _read(self._container(), f"editions/{service}.{version}.json")
        return None if content is None else edition_in(_plain(content), service, version, self._sections)

    async def publish(self, current: Current) -> None:
        """Write the edition, then the pointer to it; writing the same again changes nothing."""
        edition = current.edition
        async with _answering():
            container = self._container()
            name = f"editions/{edition.service}.{edition.version}.json"
            await container.upload_blob(name, msgspec.json.encode(body_of(edition)), overwrite=True)
            await _point(container, current)

    async def mark(self, current: Current) -> None:
        """Write what is said of a service beside its edition."""
        async with _answering():
            await _point(self._container(), current)

    async def ensure(self) -> None:
        """Create the blob container where it is missing."""
        async with _answering(ENSURED_WITHIN):
            with _borne("conflict"):
                await self._container().create_container()

    async def close(self) -> None:
        """Close the client; the next call opens a new one."""
        if self._client:
            client, self._client = self._client, None
            await client.close()

    def _container(self) -> "ContainerClient":
        if self._client is None:
            self._client = self._connect()
        return self._client


def _plain(content: bytes) -> object:
    """Read JSON; what is none is nothing that a definition could be."""
    try:
        return msgspec.json.decode(content)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return None


async def _read(container: "ContainerClient", name: str) -> bytes:
    return await (await container.download_blob(name)).readall()


async def _point(container: "ContainerClient", current: Current) -> None:
    pointer = msgspec.json.encode(body_of_current(current))
    await container.upload_blob(f"{CURRENT}{current.service}.json", pointer, overwrite=True)


@asynccontextmanager
async def _answering(within: float = ANSWER_WITHIN) -> AsyncIterator[None]:
    """Bound a call in time and turn every way of not answering into StoreUnavailable."""
    try:
        async with asyncio.timeout(within):
            yield
    except TimeoutError as error:
        raise StoreUnavailable(f"{CONTAINER}: no answer within {within} s") from error
    except AzureError as error:
        raise StoreUnavailable(f"{CONTAINER}: {answers.of_storage(error).name}") from error


@contextmanager
def _borne(meaning: Meaning) -> Iterator[None]:
    """End the block where the answer means this."""
    try:
        yield
    except AzureError as error:
        if answers.of_storage(error).meaning != meaning:
            raise
