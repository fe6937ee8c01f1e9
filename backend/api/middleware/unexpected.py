"""The last net: what no handler knows becomes an answer without a trace."""

from starlette.types import ASGIApp, Message, Receive, Send
from starlette.types import Scope as AsgiScope

from backend.api.errors import answer_unexpected


class UnexpectedErrors:
    """Answers 500 with the number under which the log has the rest."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        """Pass the request on; an answer that has begun can only be broken off."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        has_started = False

        async def send_noted(message: Message) -> None:
            nonlocal has_started
            has_started = True
            await send(message)

        try:
            await self._app(scope, receive, send_noted)
        except Exception as error:
            if has_started:
                raise
            await answer_unexpected(error, f"{scope['method']} {scope['path']}")(scope, receive, send)
