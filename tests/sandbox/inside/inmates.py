"""Functions that the tests run inside the sandbox."""

import ctypes
import importlib
import json
import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path

from backend.domain.errors import FailureCode, JobFailure


def echo(file, folder, arguments):
    return {"content": file.read_text() if file else None, "arguments": arguments}


def look_around(file, folder, arguments):
    places = {"cwd": str(Path.cwd()), "folder": str(folder)}
    return {"environment": dict(os.environ), "modules": list(sys.modules), **places}


def refuse(file, folder, arguments):
    raise JobFailure(FailureCode.REJECTED_FILE, "It is broken.", "Mend it.")


def miss_a_library(file, folder, arguments):
    importlib.import_module("no_such_library")


def read_locked_code(file, folder, arguments):
    raise PermissionError(13, "Permission denied", f"{sys.path[-1]}/module.py")


def fail(file, folder, arguments):
    raise KeyError("surprise")


def crash(file, folder, arguments):
    ctypes.string_at(0)


def leave(file, folder, arguments):
    os._exit(arguments["status"])


def end_itself(file, folder, arguments):
    signal.raise_signal(arguments["signal"])


def wait(file, folder, arguments):
    time.sleep(60)


def spin(file, folder, arguments):
    while True:
        pass


def allocate(file, folder, arguments):
    return len(bytearray(arguments["bytes"]))


def write(file, folder, arguments):
    for name, size in arguments["files"].items():
        (folder / name).write_bytes(b"x" * size)


def fill_slowly(file, folder, arguments):
    for number in range(10_000):
        (folder / str(number)).write_bytes(b"x" * arguments["bytes"])


def answer_at_length(file, folder, arguments):
    return "x" * arguments["bytes"]


def answer_raw(file, folder, arguments):
    for number in range(3, 100):
        try:
            os.write(number, arguments["text"].encode())
        except OSError:
            continue
    os._exit(0)


def answer_and_stay(file, folder, arguments):
    os.closerange(3, 100)
    time.sleep(60)


def use_a_thread(file, folder, arguments):
    found = []
    thread = threading.Thread(target=lambda: found.append(_blocked(socket.socket)))
    thread.start()
    thread.join()
    return found[0]


def open_descriptors(file, folder, arguments):
    found = []
    for number in range(100):
        try:
            found.append(str(Path(f"/proc/self/fd/{number}").readlink()))
        except OSError:
            continue
    return found


def _blocked(action):
    try:
        action()
    except OSError:
        return True
    return False


def report_protection(file, folder, arguments):
    status = Path("/proc/self/status").read_text()
    return json.loads(json.dumps({line.split(":")[0]: line.split(":")[1].strip() for line in status.splitlines()}))
