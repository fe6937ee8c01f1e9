"""One-time codes and sessions, without HTTP."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy.orm import Session, sessionmaker

from backend.db import UnitOfWork, create_engine, create_sessions
from backend.domain.errors import Unauthenticated
from backend.services import accounts
from tests.databases import sqlite_template, sqlite_url  # noqa: F401 - fixtures


@pytest.fixture
def sessions(sqlite_url: str) -> Iterator[sessionmaker[Session]]:  # noqa: F811
    engine = create_engine(sqlite_url)
    yield create_sessions(engine)
    engine.dispose()


def test_of_many_who_use_a_code_at_once_one_gets_in(sessions: sessionmaker[Session]) -> None:
    with UnitOfWork(sessions) as work:
        code = accounts.make_login_code(work)

    def attempt(_number: int) -> bool:
        try:
            with UnitOfWork(sessions) as work:
                accounts.log_in(work, code)
        except Unauthenticated:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(16))) == 1


def test_codes_and_tokens_carry_256_random_bits(sessions: sessionmaker[Session]) -> None:
    with UnitOfWork(sessions) as work:
        codes = {accounts.make_login_code(work) for _ in range(20)}
        token = accounts.log_in(work, codes.pop())
    assert len(codes) == 19
    assert {len(secret) for secret in (*codes, token)} == {43}


def test_a_session_ends_when_it_is_logged_out(sessions: sessionmaker[Session]) -> None:
    with UnitOfWork(sessions) as work:
        token = accounts.log_in(work, accounts.make_login_code(work))
        assert accounts.find_session(work, token) is not None
        accounts.log_out(work, token)
        assert accounts.find_session(work, token) is None
        assert accounts.find_session(work, "\ud800") is None
