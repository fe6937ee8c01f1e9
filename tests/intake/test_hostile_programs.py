"""Exported programs that attack: nothing runs, nothing grows, every answer is a sentence, the next upload works."""

import io
import os
import random
import re
import tarfile
from pathlib import Path

import psutil
import pytest

from backend.domain.errors import FailureCode, JobFailure
from tests.intake import hostile_programs as hostile
from tests.intake import program_bombs as bombs
from worker.intake.exported_program import operations, reader
from worker.intake.exported_program.reader import read_program
from worker.intake.models import inspect_model
from worker.intake.outcome import Ready
from worker.intake.refusals import FileRefusal
from worker.sandbox.limits import Limits
from worker.sandbox.parent import locked_down

CODE = FailureCode
CUTS = 200
MAX_GROWTH = 64 * 2**20
UNSAFE = {
    "pickled_weight": "as a pickled Python object",
    "evaluated_size": "gives a size that is no arithmetic",
    "imported_factory": "names a Python module to import",
    "opaque_object": "an opaque object",
    "custom_object": "a custom object",
    "compiled_code": "compiled code (AOTInductor)",
}
"""What the gate names as unsafe, and in which words."""
IGNORED = {"pickled_samples", "guard_code"}
"""What is never looked at: the rest of the file is good."""
UNREAD = {*IGNORED, "imported_factory", "custom_object", "compiled_code", "nested_zip"}
"""What only the gate looks at; without it, it lies in the file unread."""
REFUSED = {
    "expanded_tensor": "declares 4000000000532 bytes of tensors",
    "overlapping_tensor": "declares `fc.weight` with 320 bytes, but stores only 80",
    "beyond_its_storage": "declares `fc.weight` with 80 bytes, but stores only 80",
    "overflowing_sizes": "declares 85070591730234615865843651857942053396 bytes",
    "huge_activation": "would compute 1000000000004 numbers for one example",
    "many_nodes": "at most 67108864 are read",
    "deep_json": "is not valid JSON",
    "wide_json": "should be an object",
    "long_number": "is not valid JSON",
    "nested_graphs": "is not valid JSON",
    "deflated": "is compressed",
    "lying_size": "",
    "overlapping_members": "has members that overlap",
    "doubled_member": "",
    "many_members": "parts; at most",
}


def write(tmp_path, content: bytes):
    path = tmp_path / "net.pt2"
    path.write_bytes(content)
    return path


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """How every attack ended in one locked-down child, its marker, and how much this process grew."""
    folder = tmp_path_factory.mktemp("attacks")
    marker = folder / "marker"
    attacks = {f"{make.__name__} {gate}": make(marker) for make in hostile.MAY_RUN_CODE for gate in ("on", "off")}
    attacks |= {f"{make.__name__} off": make() for make in (*bombs.BOMBS, bombs.nested_zip)}
    bundle = folder / "bundle.tar"
    with tarfile.open(bundle, "w") as archive:
        for name, content in attacks.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    del attacks
    before = psutil.Process().memory_info().rss
    project = Path(__file__).parents[2]
    entry, limits = "tests.intake.hostile_child:open_all", Limits(3 * 2**30, 3 * 2**30)
    with locked_down(entry, bundle, {}, limits, code_folders=[project]) as (answer, _):
        growth = psutil.Process().memory_info().rss - before
    return answer, marker, growth


@pytest.mark.parametrize("gate", ["on", "off"])
@pytest.mark.parametrize("make", hostile.MAY_RUN_CODE, ids=lambda make: make.__name__)
def test_nothing_in_a_file_is_run_with_the_gate_or_without(outcomes, make, gate):
    answers, marker, _ = outcomes
    code, detail = answers[f"{make.__name__} {gate}"]
    assert not marker.exists()
    if make.__name__ in (IGNORED if gate == "on" else UNREAD):
        assert code == "read"
    elif gate == "on" and make.__name__ in UNSAFE:
        assert code == CODE.UNSAFE_FILE
        assert UNSAFE[make.__name__] in detail
    else:
        assert code in {CODE.REJECTED_FILE, CODE.UNSUPPORTED_OPERATION, CODE.UNSAFE_FILE}
        assert detail


@pytest.mark.parametrize("make", bombs.BOMBS, ids=lambda make: make.__name__)
def test_bombs_are_refused_with_a_sentence_even_without_the_gate(outcomes, make):
    code, detail = outcomes[0][f"{make.__name__} off"]
    assert code == CODE.REJECTED_FILE
    assert detail.startswith("`net.pt2`")
    assert REFUSED[make.__name__] in detail


def test_an_archive_inside_is_not_opened(outcomes, tmp_path):
    with pytest.raises(FileRefusal, match=r"holds `inner\.zip`, which no exported program has"):
        read_program(write(tmp_path, bombs.nested_zip()))
    assert outcomes[0]["nested_zip off"][0] == "read"


def test_the_process_that_asks_stays_small(outcomes):
    assert outcomes[2] < MAX_GROWTH


@pytest.mark.parametrize("make", hostile.RUN_CODE, ids=lambda make: make.__name__)
def test_even_without_sandbox_and_gate_the_reader_runs_nothing(tmp_path, make):
    marker = tmp_path / "marker"
    try:
        read_program(write(tmp_path, make(marker)), is_gated=False)
    except (FileRefusal, JobFailure):
        assert make.__name__ not in UNREAD
    assert not marker.exists()


def test_an_unsafe_upload_is_refused_and_the_next_one_works(tmp_path):
    marker = tmp_path / "marker"
    with pytest.raises(JobFailure, match=r"^`my\.pt2` gives a size that is no arithmetic") as caught:
        inspect_model(write(tmp_path, hostile.evaluated_size(marker)), None, name="my.pt2")
    assert caught.value.code is CODE.UNSAFE_FILE
    assert not marker.exists()
    intake = inspect_model(write(tmp_path, hostile.good()), None, name="my.pt2")
    assert isinstance(intake, Ready)
    assert (intake.summary.architecture, intake.summary.class_count) == ("Small", 5)


def test_a_file_cut_anywhere_is_refused(tmp_path):
    content = hostile.good()
    draws = random.Random(0)
    for _ in range(CUTS):
        with pytest.raises(FileRefusal):
            read_program(write(tmp_path, content[: draws.randrange(len(content))]))


@pytest.mark.parametrize("name", ["a/data/weights/model.pt", "a/serialized_exported_program.json"])
def test_layouts_of_older_versions_keep_pickles_and_are_not_opened(tmp_path, name):
    with pytest.raises(FileRefusal, match="was written by an older PyTorch") as caught:
        read_program(write(tmp_path, hostile.rewritten({}, added=[(name, b"{}")])))
    assert "torch 2.13" in caught.value.hint


def test_too_many_operations_are_refused_before_they_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr(operations, "MAX_STEPS", 500)
    with pytest.raises(FileRefusal, match="more than 500 operations"):
        read_program(write(tmp_path, bombs.many_nodes(501)))


def test_too_many_operations_are_counted_before_anything_is_looked_through(tmp_path, monkeypatch):
    """Looking for code walks through every field; of millions that takes a minute."""
    monkeypatch.setattr(operations, "MAX_STEPS", 500)
    monkeypatch.setattr(reader, "check_program", lambda program: pytest.fail("was looked through"))
    with pytest.raises(FileRefusal, match="more than 500 operations"):
        read_program(write(tmp_path, bombs.many_nodes(501)))


@pytest.mark.parametrize("name", ["../../evil.txt", "/etc/evil", "b/data/weights/weight_0"])
def test_a_member_beside_the_programs_folder_is_the_one_that_is_named(tmp_path, name):
    with pytest.raises(FileRefusal, match=re.escape(f"holds `{name}`, which no exported program has")):
        read_program(write(tmp_path, hostile.rewritten({}, added=[(name, b"x")])))


def test_graphs_inside_graphs_end_at_a_depth(tmp_path):
    with pytest.raises(FileRefusal, match="nests graphs more than 8 deep"):
        read_program(write(tmp_path, bombs.nested_graphs(20)))


def test_an_operation_that_does_not_fit_its_arguments_is_named_with_its_place(tmp_path):
    def edit(document):
        mean = next(node for node in hostile.graph_of(document)["nodes"] if node["target"].endswith("mean.dim"))
        mean["inputs"][1]["arg"] = {"as_ints": [7]}

    with pytest.raises(JobFailure, match=r"`aten\.mean\.dim` \(at hostile_programs\.py:\d+\) refuses what it is given"):
        read_program(write(tmp_path, hostile.edited(hostile.MODEL, edit)))


def test_operations_on_files_are_named_and_not_run(tmp_path):
    """Nor do places of nodes tell a path of the author's machine."""
    with pytest.raises(JobFailure, match=r"`aten\.from_file\.default`") as caught:
        read_program(write(tmp_path, hostile.file_operation(tmp_path / "secret")))
    assert os.sep not in caught.value.detail
    assert not (tmp_path / "secret").exists()
