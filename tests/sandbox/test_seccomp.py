"""The filter is run by a small interpreter of classic BPF, so that both architectures are tested everywhere."""

import errno
import struct

import pytest

from worker.sandbox import seccomp
from worker.sandbox.seccomp import ALLOW, CLONE_THREAD, FAIL, KILL_PROCESS, build_filter
from worker.sandbox.syscalls import ARCHITECTURES, DENIED_BY_NUMBER

OWN_PID = 4711
DENIED = FAIL | errno.EPERM


def decide(architecture, number, argument=0, audit_code=None) -> int:
    code = architecture.audit_code if audit_code is None else audit_code
    data = struct.pack("<iIQ6Q", number, code, 0, argument, 0, 0, 0, 0, 0)
    program = build_filter(architecture, OWN_PID)
    position, loaded = 0, 0
    while True:
        code, if_true, if_false, constant = program[position]
        position += 1
        if code == seccomp.LOAD_WORD:
            (loaded,) = struct.unpack_from("<I", data, constant)
            continue
        if code == seccomp.RETURN:
            return constant
        holds = {
            seccomp.JUMP_IF_EQUAL: loaded == constant,
            seccomp.JUMP_IF_AT_LEAST: loaded >= constant,
            seccomp.JUMP_IF_ANY_BIT: bool(loaded & constant),
        }[code]
        position += if_true if holds else if_false


@pytest.fixture(params=sorted(ARCHITECTURES))
def architecture(request):
    return ARCHITECTURES[request.param]


def test_every_call_on_the_list_is_refused(architecture):
    for number in architecture.denied():
        assert decide(architecture, number) == DENIED


def test_ordinary_calls_are_allowed(architecture):
    read, write, close, exit_group = {"x86_64": (0, 1, 3, 231), "aarch64": (63, 64, 57, 94)}[architecture.name]
    for number in (read, write, close, exit_group):
        assert decide(architecture, number) == ALLOW


def test_threads_are_allowed_but_no_process_and_no_namespace(architecture):
    assert decide(architecture, architecture.clone, CLONE_THREAD) == ALLOW
    assert decide(architecture, architecture.clone, 0) == DENIED
    assert decide(architecture, architecture.clone, CLONE_THREAD | 0x10000000) == DENIED


def test_clone3_seems_not_to_exist_so_that_libc_falls_back(architecture):
    assert decide(architecture, architecture.clone3) == FAIL | errno.ENOSYS


def test_signals_reach_only_the_own_process(architecture):
    assert decide(architecture, architecture.tgkill, OWN_PID) == ALLOW
    assert decide(architecture, architecture.tgkill, 1) == DENIED


def test_limits_of_other_processes_are_out_of_reach(architecture):
    assert decide(architecture, architecture.prlimit64, 0) == ALLOW
    assert decide(architecture, architecture.prlimit64, 1) == DENIED


def test_a_foreign_calling_convention_ends_the_process(architecture):
    (foreign,) = (other for other in ARCHITECTURES.values() if other is not architecture)
    assert decide(architecture, 0, audit_code=foreign.audit_code) == KILL_PROCESS


def test_the_second_table_of_x86_64_is_refused():
    assert decide(ARCHITECTURES["x86_64"], 0x40000000) == DENIED


def test_no_number_is_listed_twice():
    for column in (0, 1):
        numbers = [row[column] for row in DENIED_BY_NUMBER.values() if row[column] is not None]
        assert len(set(numbers)) == len(numbers)
