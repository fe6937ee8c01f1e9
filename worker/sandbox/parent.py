"""The parent's side of the sandbox: start the child, watch clock and disk, believe nothing it answers."""

import logging
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import JsonValue, TypeAdapter, ValidationError

from backend.domain.errors import FailureCode, JobFailure
from worker.sandbox.installation import installation_failure
from worker.sandbox.limits import Limits
from worker.sandbox.lockdown import PROJECT_FOLDER
from worker.sandbox.messages import Crashed, Done, Failed, Reply, Request
from worker.sandbox.workplace import Workplace

BOOTSTRAP = "import sys; sys.path.insert(0, sys.argv.pop(1)); from worker.sandbox.child import main; main()"
FOLDER_VARIABLES = ("HOME", "TMPDIR", "TORCHINDUCTOR_CACHE_DIR")
THREADLESS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
STDERR_NAME = ".stderr"
STDERR_TAIL = 4000
WATCH_INTERVAL_S = 0.25
READ_SIZE = 2**16
FAILED_START = 1
"""How Python ends when an error comes out of the very first lines; later ones are all answered."""
EXIT_GRACE_S = 10.0
"""A child ends right after its answer; one that stays is killed."""
REPLIES: TypeAdapter[Reply] = TypeAdapter(Reply)
log = logging.getLogger(__name__)


@contextmanager
def locked_down(
    entry: str,
    file: Path | None,
    arguments: Mapping[str, JsonValue],
    limits: Limits,
    *,
    code_folders: Sequence[Path] = (),
    is_lockdown_required: bool = True,
) -> Iterator[tuple[JsonValue, Workplace]]:
    """Run `entry` (`module:function`) on `file` in a locked-down child; gives its answer and the files it wrote.

    `code_folders` hold trusted code beside the project's that `entry` needs. The files live as long as the `with`
    block. Without a whole lock-down nothing is run, unless it is not required. Raises JobFailure: what the function
    refused, or OUT_OF_MEMORY, DISK_FULL, TIME_LIMIT, PARSER_CRASH, KILLED, SANDBOX_UNAVAILABLE,
    and INTERNAL_ERROR where the child cannot load its own code.
    """
    with TemporaryDirectory(prefix="secateur-sandbox-") as folder:
        workplace = Workplace(Path(folder).resolve(), limits.disk_bytes)
        reader, writer = os.pipe()
        request = Request(
            entry=entry,
            file=str(file.resolve()) if file else None,
            code_folders=[str(path.resolve()) for path in code_folders],
            folder=str(workplace.folder),
            arguments=dict(arguments),
            limits=limits.to_json(),
            reply_to=writer,
            is_lockdown_required=is_lockdown_required,
            parent=os.getpid(),
        )
        with os.fdopen(reader, "rb", buffering=0) as pipe:
            try:
                child = _start(request, workplace)
            finally:
                os.close(writer)
            message = _attend(child, pipe.fileno(), workplace, limits)
        yield _judge(child.returncode, message, workplace), workplace


def _start(request: Request, workplace: Workplace) -> subprocess.Popen[bytes]:
    with (workplace.folder / STDERR_NAME).open("wb") as stderr:
        return subprocess.Popen(  # noqa: S603 - our own interpreter and our own code; the request is data
            [sys.executable, "-I", "-B", "-c", BOOTSTRAP, str(PROJECT_FOLDER), request.model_dump_json()],
            env=_environment(workplace.folder),
            cwd=workplace.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            pass_fds=[request.reply_to],
            start_new_session=True,
            umask=0o077,
        )


def _environment(folder: Path) -> dict[str, str]:
    """Nothing of ours: no secrets, no GPU, no threads before the lock."""
    private = dict.fromkeys(FOLDER_VARIABLES, str(folder))
    plain = {"CUDA_VISIBLE_DEVICES": "", "USER": "nobody", "LC_ALL": "C.UTF-8"}
    return private | plain | dict.fromkeys(THREADLESS, "1")


def _attend(child: subprocess.Popen[bytes], pipe: int, workplace: Workplace, limits: Limits) -> bytes:
    """The child's message, at most one byte longer than allowed; the child has ended when this returns or raises."""
    message = bytearray()
    deadline = time.monotonic() + limits.wall_s
    try:
        with selectors.DefaultSelector() as selector:
            selector.register(pipe, selectors.EVENT_READ)
            while len(message) <= limits.reply_bytes:
                if time.monotonic() > deadline:
                    raise _too_slow(limits)
                if workplace.used_bytes() > limits.disk_bytes:
                    raise JobFailure(FailureCode.DISK_FULL, "Opening the file writes more than there is room for.")
                if selector.select(WATCH_INTERVAL_S):
                    part = os.read(pipe, READ_SIZE)
                    if not part:
                        break
                    message += part
        child.wait(EXIT_GRACE_S)
    except subprocess.TimeoutExpired as error:
        raise _broke_down() from error
    finally:
        child.kill()
        child.wait()
    return bytes(message)


def _judge(status: int, message: bytes, workplace: Workplace) -> JsonValue:
    """The value the child promised, or the JobFailure that its answer or its death stands for."""
    if status == -signal.SIGXCPU:
        raise JobFailure(FailureCode.TIME_LIMIT, "Opening the file took more processor time than it may.")
    if status == -signal.SIGKILL:
        raise JobFailure(
            FailureCode.KILLED,
            "The process that opened the file was killed from outside.",
            "The machine may have run out of memory; try again when it is less busy.",
        )
    if status == FAILED_START and not message:
        stderr = _read_stderr(workplace)
        log.warning("sandbox child could not start; stderr: %r", stderr)
        raise installation_failure(stderr)
    reply = _parse(message) if status == 0 else Crashed(error=f"it ended with status {status}")
    if isinstance(reply, Done):
        return reply.value
    if isinstance(reply, Failed):
        raise JobFailure(reply.code, reply.detail, reply.hint)
    log.warning("sandbox child: %s; stderr: %r", reply.error, _read_stderr(workplace))
    raise _broke_down()


def _parse(message: bytes) -> Reply:
    try:
        return REPLIES.validate_json(message)
    except ValidationError:
        return Crashed(error="it gave no valid answer")


def _read_stderr(workplace: Workplace) -> str:
    return workplace.read(STDERR_NAME)[-STDERR_TAIL:].decode(errors="replace")


def _broke_down() -> JobFailure:
    return JobFailure(
        FailureCode.PARSER_CRASH,
        "The process that opened the file broke down over its content.",
        "The file is damaged or not what its name says; write it again and upload it again.",
    )


def _too_slow(limits: Limits) -> JobFailure:
    return JobFailure(
        FailureCode.TIME_LIMIT, f"Opening the file took longer than {limits.wall_s} seconds, so it was stopped."
    )
