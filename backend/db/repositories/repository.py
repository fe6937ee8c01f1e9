"""What every repository shares: a session."""

from sqlalchemy.orm import Session


class Repository:
    """Queries of one noun, within the transaction of a unit of work."""

    def __init__(self, session: Session) -> None:
        self._session = session
