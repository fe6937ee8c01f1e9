"""The folder that `secateur prune` fills: one zip for each operating point, the history, and pictures."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backend.domain.delivery import FILE_NAMES, MADE_ON_DEMAND, MANIFEST, Format, LatencyReport
from backend.domain.errors import InvalidValue, JobFailure
from backend.domain.recipe import Recipe
from worker.console import Followed
from worker.delivery import Origin, bundle, manifest, write_zip
from worker.delivery.formats import Subject, make_file, make_onnx
from worker.delivery.latency import Contestant, measure_latency
from worker.delivery.manifest import to_json, with_file, with_latency
from worker.delivery.onnx_check import test_split
from worker.engine.examples import Dataset
from worker.engine.feeding import feed
from worker.engine.results import FinishedPoint
from worker.files import require_writable_folder, write_whole
from worker.pictures import first_layers_page

_HISTORY, _PICTURES, _CHECKPOINT = "history.json", "first-layers.html", "last-good-checkpoint.safetensors"
_FILES = ("point-*.zip", "pruned.zip", _HISTORY, _PICTURES, _CHECKPOINT)
"""All that a run leaves."""
_RUNTIMES = {"torch": "torch", "onnxruntime": "ONNX Runtime"}


@dataclass(frozen=True)
class Wishes:
    """What is written beside weights and source."""

    formats: tuple[Format, ...]
    """Made on demand; safetensors and source are always there."""
    is_timed: bool
    """Whether the latency of every thinner network is measured."""
    threads: int


@dataclass(frozen=True)
class Results:
    """A finished run on its way into a folder; `say` gets a line for each file, `complain` one for each failure."""

    folder: Path
    recipe: Recipe
    origin: Origin
    dataset: Dataset
    wishes: Wishes
    say: Callable[[str], object]
    complain: Callable[[str], object]

    def write(self, followed: Followed) -> bool:
        """Write everything; false when something that was wished for could not be made (all else is there)."""
        is_complete = True
        dense: Contestant | None = None
        is_timed = self.wishes.is_timed and not all(finished.point.keeps_shapes for finished in followed.points)
        for finished in followed.points:
            files = self._files(finished)
            is_complete &= self._add_formats(finished, files)
            report = None
            if is_timed and (dense is None or not finished.point.keeps_shapes):
                dense, report = self._measure(dense, _contestant(finished, files))
            if report is not None:
                _change(files, with_latency(_told(files), report))
            file = self.folder / _name(finished)
            write_whole(file, write_zip(files))
            self.say(f"{file}: {finished.point.size_in_words}, test accuracy {finished.point.test_accuracy:.2%}")
            for sentence in finished.point.notices:
                self.say(f"  {sentence}")
            for line in () if report is None else _lines(report):
                self.say(f"  {line}")
        self._write_history(followed)
        self._write_pictures(followed)
        self._write_checkpoint(followed)
        return is_complete

    def _write_checkpoint(self, followed: Followed) -> None:
        if followed.checkpoint is not None:
            file = self.folder / _CHECKPOINT
            write_whole(file, followed.checkpoint.to_bytes())
            self.say(f"{file}: weights, optimizer and masks after step {followed.checkpoint.step} of the history")

    def _write_pictures(self, followed: Followed) -> None:
        page = first_layers_page(followed.points)
        if page is not None:
            file = self.folder / _PICTURES
            write_whole(file, page.encode())
            self.say(f"{file}: what the layers that read the input look for, at every operating point")

    def _write_history(self, followed: Followed) -> None:
        file = self.folder / _HISTORY
        write_whole(file, followed.report.model_dump_json(indent=1).encode())
        if followed.report.layout.latency not in (None, self.recipe.latency):
            self.say(
                f"{file}: the layers were timed when the run began; layout.latency is the section `latency` of a "
                "recipe that repeats this run"
            )

    def _files(self, finished: FinishedPoint) -> dict[str, bytes]:
        told = manifest(self.origin, finished.point, finished.scaling, self.recipe)
        return bundle(finished.network, self.recipe, told)

    def _add_formats(self, finished: FinishedPoint, files: dict[str, bytes]) -> bool:
        subject = _subject(finished)
        inputs = test_split(feed(finished.network, self.dataset), finished.scaling)
        is_complete = True
        for wanted in self.wishes.formats:
            try:
                made = make_file(wanted, subject, inputs, self.wishes.threads)
            except JobFailure as failure:
                self.complain(f"Operating point {finished.point.index}: {failure.detail} {failure.hint}")
                is_complete = False
                continue
            told = with_file(_told(files), made.name, made.data, made.facts)
            files[made.name] = made.data
            _change(files, told)
        return is_complete

    def _measure(self, dense: Contestant | None, thin: Contestant) -> tuple[Contestant, LatencyReport | None]:
        """The dense network, which comes first, and the measurement beside it of every other one."""
        return (thin, None) if dense is None else (dense, measure_latency(dense, thin, self.wishes.threads))


def require_unused(folder: Path) -> None:
    """Raise InvalidValue where `folder` cannot be written, or holds files of another run that ours would mix with."""
    require_writable_folder(folder)
    found = sorted(file.name for pattern in _FILES for file in folder.glob(pattern))
    if found:
        raise InvalidValue(
            f"{folder} holds files of an earlier run, such as {found[0]}.",
            hint="Give another folder, or move them away.",
        )


def parse_formats(text: str) -> tuple[Format, ...]:
    """The formats to make from a list such as `safetensors,onnx`, each once; InvalidValue names an unknown one."""
    names = dict.fromkeys(part.strip() for part in text.split(","))
    unknown = [name for name in names if name not in list(Format)]
    if unknown:
        raise InvalidValue(
            f"There is no format `{unknown[0]}`.", field="formats", hint=f"Choose among {', '.join(Format)}."
        )
    return tuple(wanted for wanted in MADE_ON_DEMAND if wanted in names)


def _subject(finished: FinishedPoint) -> Subject:
    return Subject(finished.network, finished.scaling)


def _contestant(finished: FinishedPoint, files: Mapping[str, bytes]) -> Contestant:
    subject = _subject(finished)
    try:
        return Contestant(subject.network, files.get(FILE_NAMES[Format.ONNX]) or make_onnx(subject))
    except JobFailure as failure:
        return Contestant(subject.network, failure.detail)


def _told(files: Mapping[str, bytes]) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(files[MANIFEST])
    return told


def _change(files: dict[str, bytes], told: Mapping[str, Any]) -> None:
    """Replace the manifest; it stays the last file."""
    del files[MANIFEST]
    files[MANIFEST] = to_json(told)


def _lines(report: LatencyReport) -> list[str]:
    """Latency in words, one line for each row and gap."""
    threads = f"{report.host.threads} thread{'s' if report.host.threads > 1 else ''}"
    lines = [
        f"{_RUNTIMES[row.runtime]}, batch {row.batch}, {threads}: {row.dense.median_ms:.3g} ms dense, "
        f"{row.thin.median_ms:.3g} ms thin, {row.latency_speedup:.2f} times as fast "
        f"({row.lower_speedup:.2f} to {row.upper_speedup:.2f})"
        for row in report.rows
    ]
    return lines + [f"{_RUNTIMES[gap.runtime]}, batch {gap.batch}: {gap.reason}" for gap in report.gaps]


def _name(finished: FinishedPoint) -> str:
    return "pruned.zip" if finished.point.is_target else f"point-{finished.point.index}.zip"
