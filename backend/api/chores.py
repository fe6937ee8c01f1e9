"""Work that the server does by itself, again and again, beside its requests."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Chore:
    """Something to do at the start and then every `every_s` seconds; it blocks, so it runs in a thread."""

    name: str
    every_s: float
    call: Callable[[], object]


@asynccontextmanager
async def running(chores: Sequence[Chore]) -> AsyncIterator[None]:
    """Do the chores as long as the block lasts; one that fails is logged and tried again at its next time."""
    tasks = [asyncio.create_task(_repeat(chore), name=chore.name) for chore in chores]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _repeat(chore: Chore) -> None:
    while True:
        try:
            await run_in_threadpool(chore.call)
        except Exception:  # noqa: BLE001 - the loop must outlive whatever goes wrong once
            _LOG.exception("The chore `%s` failed", chore.name)
        await asyncio.sleep(chore.every_s)
