"""The doorbell and the live events, over a real broker."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from backend.domain.jobs import JobKind
from backend.queue import INTAKE_QUEUE, RUNS_QUEUE, Doorbell, EventPublisher, EventStream, LiveEvent, celery_config
from backend.queue.celery_config import KEY_PREFIX
from backend.queue.events import STREAM_KEY
from backend.queue.stream import LISTENER_BACKLOG, StreamEvent
from backend.queue.urls import redis_url
from worker.broker import EmbeddedBroker

NOBODY = "redis+socket:///nowhere/broker.sock?virtual_host=0"
PATIENCE_S = 20.0


@pytest.fixture(scope="module")
def broker_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with EmbeddedBroker(tmp_path_factory.mktemp("broker")) as broker:
        yield broker.url


def _client(broker_url: str) -> redis.Redis:
    return redis.Redis.from_url(redis_url(broker_url))


def _event(number: int) -> LiveEvent:
    return LiveEvent(type="step", kind="run", id="a" * 32, data={"step": number})


def _publish(broker_url: str, *numbers: int) -> None:
    publisher = EventPublisher(broker_url)
    assert all(publisher.publish(_event(number)) for number in numbers)
    publisher.close()


async def _take(stream: EventStream, count: int, after: str | None = None) -> list[StreamEvent]:
    taken = []
    async for item in stream.listen(after):
        taken.append(item)
        if len(taken) == count:
            break
    return taken


def _steps(items: list[StreamEvent]) -> list[object]:
    return [item.event.data["step"] for item in items]


@pytest.mark.parametrize(
    ("broker", "expected"),
    [
        ("redis+socket:///run/s.sock?virtual_host=2", "unix:///run/s.sock?db=2"),
        ("redis+socket:///run/s.sock", "unix:///run/s.sock?db=0"),
        ("redis+socket://:secret@/run/s.sock", "unix://:secret@/run/s.sock?db=0"),
        ("redis://:secret@redis:6379/0", "redis://:secret@redis:6379/0"),
    ],
)
def test_celerys_addresses_become_the_redis_clients(broker: str, expected: str) -> None:
    assert redis_url(broker) == expected


def test_runs_and_intakes_ring_at_different_queues(broker_url: str) -> None:
    bell = Doorbell(broker_url)
    before = bell.waiting(RUNS_QUEUE), bell.waiting(INTAKE_QUEUE)
    for kind in JobKind:
        assert bell.ring("a" * 32, kind)
    assert (bell.waiting(RUNS_QUEUE) - before[0], bell.waiting(INTAKE_QUEUE) - before[1]) == (2, 3)
    assert bell.is_reachable()
    bell.close()


def test_every_key_has_our_prefix_and_a_bell_is_plain_json(broker_url: str) -> None:
    bell = Doorbell(broker_url)
    bell.ring("b" * 32, JobKind.PRUNE)
    bell.close()
    with _client(broker_url) as client:
        assert all(key.startswith(KEY_PREFIX.encode()) for key in client.scan_iter())
        newest = client.lindex(f"{KEY_PREFIX}{RUNS_QUEUE}", 0)
    assert newest is not None
    assert b'"content-type": "application/json"' in newest
    assert b"b" * 32 in newest


def test_an_absent_broker_costs_a_warning_and_no_error() -> None:
    bell, publisher = Doorbell(NOBODY), EventPublisher(NOBODY)
    assert bell.ring("a" * 32, JobKind.PRUNE) is False
    assert bell.waiting(RUNS_QUEUE) == 0
    assert bell.is_reachable() is False
    assert publisher.publish(_event(1)) is False
    bell.close()
    publisher.close()


def test_celery_speaks_nothing_but_json_and_takes_no_orders() -> None:
    config = celery_config(NOBODY)
    assert config["accept_content"] == config["result_accept_content"] == ["json"]
    assert config["task_acks_late"] is False
    assert config["task_ignore_result"] is True
    assert config["worker_enable_remote_control"] is False
    assert config["worker_prefetch_multiplier"] == 1
    assert config["worker_disable_prefetch"] is True


def test_every_listener_hears_every_event_in_order(broker_url: str) -> None:
    async def scenario() -> list[list[StreamEvent]]:
        stream = EventStream(broker_url)
        await stream.start()
        listeners = [asyncio.create_task(_take(stream, 3)) for _ in range(20)]
        await asyncio.sleep(0)
        await asyncio.to_thread(_publish, broker_url, 1, 2, 3)
        heard = await asyncio.wait_for(asyncio.gather(*listeners), PATIENCE_S)
        await stream.stop()
        return heard

    heard = asyncio.run(scenario())
    assert [_steps(items) for items in heard] == [[1, 2, 3]] * 20


def test_a_listener_that_comes_back_gets_what_it_missed_once(broker_url: str) -> None:
    async def scenario() -> tuple[list[StreamEvent], list[StreamEvent]]:
        stream = EventStream(broker_url)
        await stream.start()
        listener = asyncio.create_task(_take(stream, 1))
        await asyncio.sleep(0)
        await asyncio.to_thread(_publish, broker_url, 11)
        first = await asyncio.wait_for(listener, PATIENCE_S)
        await asyncio.to_thread(_publish, broker_url, 12, 13)
        back = asyncio.create_task(_take(stream, 3, first[0].stream_id))
        await asyncio.sleep(0)
        await asyncio.to_thread(_publish, broker_url, 14)
        rest = await asyncio.wait_for(back, PATIENCE_S)
        await stream.stop()
        return first, rest

    first, rest = asyncio.run(scenario())
    assert _steps(first) == [11]
    assert _steps(rest) == [12, 13, 14]


def test_a_last_event_id_that_is_none_is_ignored(broker_url: str) -> None:
    async def scenario() -> list[StreamEvent]:
        stream = EventStream(broker_url)
        await stream.start()
        listener = asyncio.create_task(_take(stream, 1, "+ 1; DROP"))
        await asyncio.sleep(0)
        await asyncio.to_thread(_publish, broker_url, 21)
        heard = await asyncio.wait_for(listener, PATIENCE_S)
        await stream.stop()
        return heard

    assert _steps(asyncio.run(scenario())) == [21]


def test_a_listener_that_is_too_slow_is_let_go_and_the_others_are_not(broker_url: str) -> None:
    count = LISTENER_BACKLOG + 1

    async def scenario() -> tuple[list[StreamEvent], list[StreamEvent]]:
        stream = EventStream(broker_url)
        await stream.start()
        slow = stream.listen()
        waiting = asyncio.ensure_future(anext(slow))
        fast = asyncio.create_task(_take(stream, count + 1))
        await asyncio.sleep(0)
        await asyncio.to_thread(_publish, broker_url, 0)
        first = await asyncio.wait_for(waiting, PATIENCE_S)
        await asyncio.to_thread(_publish, broker_url, *range(1, count + 1))
        heard = await asyncio.wait_for(fast, PATIENCE_S)
        rest = [item async for item in slow]
        await stream.stop()
        return [first, *rest], heard

    slow, fast = asyncio.run(scenario())
    assert _steps(slow) == [0]
    assert len(fast) == count + 1


def test_stopping_ends_all_listeners(broker_url: str) -> None:
    async def scenario() -> list[list[StreamEvent]]:
        stream = EventStream(broker_url)
        await stream.start()
        listeners = [asyncio.create_task(_take(stream, 1)) for _ in range(5)]
        await asyncio.sleep(0)
        await stream.stop()
        return await asyncio.wait_for(asyncio.gather(*listeners), PATIENCE_S)

    assert asyncio.run(scenario()) == [[]] * 5


def test_an_entry_that_is_no_event_is_skipped(broker_url: str) -> None:
    async def scenario() -> list[StreamEvent]:
        stream = EventStream(broker_url)
        await stream.start()
        listener = asyncio.create_task(_take(stream, 1))
        await asyncio.sleep(0)
        with _client(broker_url) as client:
            client.xadd(STREAM_KEY, {"event": "{}"})
            client.xadd(STREAM_KEY, {"other": "x"})
        await asyncio.to_thread(_publish, broker_url, 31)
        heard = await asyncio.wait_for(listener, PATIENCE_S)
        await stream.stop()
        return heard

    assert _steps(asyncio.run(scenario())) == [31]


def test_reading_goes_on_after_the_broker_was_away(tmp_path: Path) -> None:
    broker = EmbeddedBroker(tmp_path)

    async def scenario() -> list[StreamEvent]:
        await asyncio.to_thread(broker.start)
        stream = EventStream(broker.url)
        await stream.start()
        listener = asyncio.create_task(_take(stream, 1))
        await asyncio.to_thread(broker.kill)
        await asyncio.to_thread(broker.start)
        await asyncio.to_thread(_publish, broker.url, 41)
        heard = await asyncio.wait_for(listener, PATIENCE_S)
        await stream.stop()
        return heard

    try:
        assert _steps(asyncio.run(scenario())) == [41]
    finally:
        broker.stop()
