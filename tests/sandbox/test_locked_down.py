import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from backend.domain.errors import FailureCode, JobFailure
from worker.sandbox import parent
from worker.sandbox.limits import Limits
from worker.sandbox.lockdown import PROJECT_FOLDER
from worker.sandbox.parent import locked_down
from worker.sandbox.probes import self_test

INSIDE = Path(__file__).parent / "inside"
MEBIBYTE = 2**20
SMALL = Limits(memory_bytes=256 * MEBIBYTE, disk_bytes=MEBIBYTE, cpu_s=20, wall_s=20)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Landlock and seccomp belong to Linux")


@pytest.fixture(autouse=True)
def scratch(tmp_path, monkeypatch):
    """A temporary folder of its own, which must be empty again in the end."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


@contextmanager
def run(function, file=None, limits=SMALL, **arguments):
    with locked_down(f"inmates:{function}", file, arguments, limits, code_folders=[INSIDE]) as (value, workplace):
        yield value, workplace


def fails(function, limits=SMALL, **arguments) -> JobFailure:
    with pytest.raises(JobFailure) as caught, run(function, limits=limits, **arguments):
        pass
    return caught.value


def test_every_known_escape_is_blocked():
    result = self_test()
    assert result.is_sound, result
    assert len(result.blocked) == 20
    assert "20 escapes blocked" in result.describe()


def test_the_function_reads_the_file_and_answers(tmp_path):
    file = tmp_path / "file"
    file.write_text("content")
    with run("echo", file, number=3) as (value, _):
        assert value == {"content": "content", "arguments": {"number": 3}}


def test_a_file_beside_the_given_one_cannot_be_read(tmp_path):
    (tmp_path / "beside").write_text("secret")
    (tmp_path / "link").symlink_to(tmp_path / "beside")
    with run("echo", tmp_path / "link") as (value, _):
        assert value["content"] == "secret"  # the link names it, so it is the given file
    (tmp_path / "given").write_text("given")
    with pytest.raises(JobFailure), locked_down("inmates:echo", tmp_path / "gone", {}, SMALL, code_folders=[INSIDE]):
        pass


def test_nothing_of_our_environment_reaches_the_child(monkeypatch):
    monkeypatch.setenv("SECATEUR_SECRET", "do not tell")
    with run("look_around") as (value, _):
        assert "SECATEUR_SECRET" not in value["environment"]
        assert value["environment"]["CUDA_VISIBLE_DEVICES"] == ""
        assert value["cwd"] == value["folder"]
        assert "torch" not in value["modules"]


def test_our_open_files_are_not_inherited(tmp_path):
    with (tmp_path / "open-in-parent").open("w") as stream:
        os.set_inheritable(stream.fileno(), True)
        with run("open_descriptors") as (value, _):
            assert value
            assert not any("open-in-parent" in target for target in value)


def test_the_kernel_confirms_the_lock():
    with run("report_protection") as (value, _):
        assert value["NoNewPrivs"] == "1"
        assert value["Seccomp"] == "2"


def test_threads_may_be_used_and_are_locked_too(monkeypatch):
    with run("use_a_thread") as (value, _):
        assert value is True


def test_files_can_be_handed_over():
    with run("write", files={"result": 10}) as (_, workplace):
        assert workplace.read("result") == b"x" * 10


@pytest.mark.parametrize("name", ["missing", "../result", "/etc/passwd"])
def test_a_promised_file_that_is_not_there_is_a_failure(name):
    with run("write", files={"other": 1}) as (_, workplace), pytest.raises(JobFailure) as caught:
        workplace.read(name)
    assert caught.value.code is FailureCode.PARSER_CRASH


def test_a_result_larger_than_agreed_is_not_read():
    with run("write", files={"result": 10}) as (_, workplace), pytest.raises(JobFailure):
        workplace.read("result", limit=9)


def test_a_link_in_place_of_a_result_is_not_followed(tmp_path):
    with run("write", files={"other": 1}) as (_, workplace):
        (tmp_path / "secret").write_text("secret")
        (workplace.folder / "result").symlink_to(tmp_path / "secret")
        with pytest.raises(JobFailure):
            workplace.read("result")


def test_a_refusal_travels_with_code_sentence_and_hint():
    failure = fails("refuse")
    assert (failure.code, failure.detail, failure.hint) == (FailureCode.REJECTED_FILE, "It is broken.", "Mend it.")


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ("fail", {}),
        ("crash", {}),
        ("leave", {"status": 0}),
        ("leave", {"status": 7}),
        ("end_itself", {"signal": int(signal.SIGABRT)}),
        ("no_such_function", {}),
        ("answer_raw", {"text": "no JSON"}),
        ("answer_raw", {"text": '{"kind": "done"'}),
        ("answer_raw", {"text": '{"kind": "failed", "code": "made_up", "detail": "x"}'}),
        ("answer_at_length", {"bytes": 2 * MEBIBYTE}),
    ],
)
def test_a_child_that_breaks_down_leaves_the_parent_well(function, arguments):
    failure = fails(function, **arguments)
    assert failure.code is FailureCode.PARSER_CRASH
    assert "Traceback" not in failure.detail


@pytest.mark.parametrize("function", ["miss_a_library", "read_locked_code"])
def test_a_child_that_cannot_load_its_own_code_blames_the_installation(function):
    failure = fails(function)
    assert failure.code is FailureCode.INTERNAL_ERROR
    assert "The installation is at fault, not the file" in failure.detail
    assert "Traceback" not in failure.detail


def test_a_child_that_cannot_even_start_blames_the_installation(monkeypatch):
    monkeypatch.setattr(parent, "BOOTSTRAP", "raise PermissionError(13, 'Permission denied', 'child.py')")
    assert "PermissionError: [Errno 13] Permission denied: 'child.py'" in fails("echo").detail
    described = self_test().describe()
    assert "The installation is at fault" in described
    assert "No upload can be opened on this machine" in described


def test_an_endless_answer_is_cut_off():
    limits = Limits(memory_bytes=256 * MEBIBYTE, disk_bytes=MEBIBYTE, wall_s=20, reply_bytes=1000)
    assert fails("answer_raw", limits, text="x" * 5000).code is FailureCode.PARSER_CRASH


def test_a_child_that_stays_after_its_answer_is_ended(monkeypatch):
    monkeypatch.setattr(parent, "EXIT_GRACE_S", 0.5)
    assert fails("answer_and_stay").code is FailureCode.PARSER_CRASH


def test_a_child_killed_from_outside_is_told_apart():
    failure = fails("end_itself", signal=int(signal.SIGKILL))
    assert failure.code is FailureCode.KILLED


def test_a_child_that_waits_is_stopped_by_the_clock():
    failure = fails("wait", Limits(memory_bytes=256 * MEBIBYTE, disk_bytes=MEBIBYTE, wall_s=1))
    assert failure.code is FailureCode.TIME_LIMIT
    assert "1 seconds" in failure.detail


def test_a_child_dies_with_its_parent():
    program = (
        "from pathlib import Path; from worker.sandbox.parent import locked_down; "
        "from worker.sandbox.limits import Limits; "
        f"folders = [Path({str(INSIDE)!r})]; "
        "locked_down('inmates:wait', None, {}, Limits(2**28, 2**20), code_folders=folders).__enter__()"
    )
    with tempfile.TemporaryDirectory(dir="/tmp") as leftovers:
        environment = {"PYTHONPATH": str(PROJECT_FOLDER), "TMPDIR": leftovers}
        middle = subprocess.Popen([sys.executable, "-c", program], env=environment)
        try:
            wait_until(lambda: psutil.Process(middle.pid).children())
            (child,) = psutil.Process(middle.pid).children()
            wait_until(lambda: "inmates:wait" in " ".join(child.cmdline()))
        finally:
            middle.kill()
            middle.wait()
        assert psutil.wait_procs([child], timeout=5)[1] == []


def wait_until(holds):
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        select.select([], [], [], 0.01)


def test_a_child_that_computes_too_long_is_stopped():
    failure = fails("spin", Limits(memory_bytes=256 * MEBIBYTE, disk_bytes=MEBIBYTE, cpu_s=1, wall_s=20))
    assert failure.code is FailureCode.TIME_LIMIT


def test_memory_is_bounded():
    failure = fails("allocate", bytes=2**30)
    assert failure.code is FailureCode.OUT_OF_MEMORY
    with run("allocate", bytes=MEBIBYTE) as (value, _):
        assert value == MEBIBYTE


def test_a_single_file_is_bounded():
    assert fails("write", files={"big": 2 * MEBIBYTE}).code is FailureCode.DISK_FULL


def test_all_files_together_are_bounded():
    assert fails("fill_slowly", bytes=MEBIBYTE // 2).code is FailureCode.DISK_FULL


LOCKLESS = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); from worker.sandbox import kernel, landlock\n"
    "def interface_version(): raise kernel.Unsupported('Landlock is not available (test)')\n"
    "landlock.interface_version = interface_version\n"
    "from worker.sandbox.child import main; main()"
)


def test_without_landlock_nothing_is_run(monkeypatch):
    monkeypatch.setattr(parent, "BOOTSTRAP", LOCKLESS)
    failure = fails("echo")
    assert failure.code is FailureCode.SANDBOX_UNAVAILABLE
    assert "Landlock is not available (test)" in failure.detail
    assert ".safetensors" in failure.hint
    result = self_test()
    assert not result.is_sound
    assert result.describe().startswith("ERROR sandbox: This machine cannot lock down")


def test_without_landlock_the_rest_still_holds_when_it_is_not_required(monkeypatch):
    monkeypatch.setattr(parent, "BOOTSTRAP", LOCKLESS)
    entry = "inmates:report_protection"
    with locked_down(entry, None, {}, SMALL, code_folders=[INSIDE], is_lockdown_required=False) as (value, _):
        assert (value["NoNewPrivs"], value["Seccomp"]) == ("1", "2")
