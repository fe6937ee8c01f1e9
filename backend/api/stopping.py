"""What has to happen as soon as the server is told to stop, before it waits for its connections."""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_NUMBERS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def on_stop_signal(act: Callable[[], None]) -> Iterator[None]:
    """Within it, a signal to stop runs `act` in the event loop, and then what the server made of that signal.

    The server ends the lifespan only after its last connection, and a live stream never ends by itself. Where no
    signals arrive (another thread) or nobody handles them, nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    handlers = {number: handler for number in _NUMBERS if callable(handler := signal.getsignal(number))}

    def handle(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(act)
        handlers[signal.Signals(number)](number, frame)

    for number in handlers:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
