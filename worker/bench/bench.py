"""Running a comparison: every cell once, whatever happened before."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, partial

import torch

from backend.domain.comparison import Cell, Comparison, Outcome
from backend.domain.epochs import epoch_length
from backend.domain.errors import InvalidValue, JobFailure
from backend.domain.recipe import DataSplit, Recipe
from backend.domain.reports import OperatingPoint
from backend.domain.thinning import SizeModel
from worker.bench.choosing import PASSING, Choice
from worker.bench.dense import DenseTrainings, Interrupted
from worker.bench.effort import epochs_trained
from worker.bench.plan import Plan
from worker.bench.shelf import Shelf, digest_of, key_of
from worker.engine.checkpoint import Checkpoint
from worker.engine.examples import Dataset
from worker.engine.network import Network, summarize
from worker.engine.opening import is_in_opening, opening_of, taken_up
from worker.engine.results import FinishedPoint
from worker.engine.run import run

_CHECKPOINT_EVERY = 50
"""Steps between checkpoints on disk."""


@dataclass(frozen=True)
class Job:
    """A run that a comparison asks for."""

    cell: Cell
    settings: str
    """What sets it apart from other runs of its cell."""
    recipe: Recipe
    key: str
    opening: str | None
    """Of the opening that it has in common with other runs of the same dense network; None: it has none."""


@dataclass(frozen=True)
class Bench:
    """A plan with the data and the folder it is run in; `say` gets a sentence for everything that is finished."""

    plan: Plan
    dataset: Dataset
    device: torch.device
    shelf: Shelf
    say: Callable[[str], object]
    digests: dict[int, str] = field(default_factory=dict)
    """Of the dense networks, by seed, as far as they are known."""
    should_stop: Callable[[], bool] = lambda: False
    _passed: dict[str, Outcome] = field(default_factory=dict)
    """Failures of the machine, by key."""

    def compare(self) -> Comparison:
        """Run what has not been run yet; a run that fails is an outcome too.

        Raises InvalidValue where runs that are done began with another dense network than the one on the shelf, or
        than the one that this machine trains.
        """
        self.so_far()
        for _ in range(self.plan.passes):
            for job in self.open_jobs():
                self.take(job, self.perform(job))
        return self.so_far()

    def open_jobs(self) -> Iterator[Job]:
        """What has not been run when its turn comes: one experiment may stand there under several names.

        Without what waits for a choice: ask again when these are done.
        """
        for cell in self.plan.cells:
            for settings, recipe in self._choice.wanted(cell).items():
                if self._done(cell, recipe) is None:
                    yield Job(cell, settings, recipe, self._key(cell, recipe), self._opening_key(cell, recipe))

    def is_done(self, job: Job) -> bool:
        """Whether it has been run, under whatever name."""
        return self._done(job.cell, job.recipe) is not None

    def perform(self, job: Job) -> Outcome:
        """Run, and keep what came of it on the shelf, unless the machine failed; Interrupted when asked to stop."""
        done = self._ran(job)
        if done.code not in PASSING:
            self.shelf.keep_outcome(job.key, done)
        return done

    def take(self, job: Job, done: Outcome) -> None:
        """Count and tell what came of a job.

        Of a cell that tries several, test accuracy is told of the one that was chosen, once all were run: whoever goes
        by what is printed is to choose on the validation split too.
        """
        if done.code in PASSING:
            self._passed[job.key] = done
        with_settings = f" ({job.settings})" if job.settings else ""
        name = _name(job.cell)
        if len(self._choice.wanted(job.cell)) == 1:
            self.say(f"{name}{with_settings}: {_result('test', done.test_accuracy, done)}")
            return
        self.say(f"{name}{with_settings}: {_result('validation', done.validation_accuracy, done)}")
        for cell in self._choice.deciding(job.cell):
            _, best = self._tried(cell)
            if best is not None and best.test_accuracy is not None:
                self.say(f"{_name(cell)}, chosen {best.settings}: {_result('test', best.test_accuracy, best)}")

    def so_far(self) -> Comparison:
        """What is done: where all that decides has been run, the one that the validation split chooses.

        Raises InvalidValue as `compare` does.
        """
        outcomes: list[Outcome] = []
        others: list[Outcome] = []
        for cell in self.plan.cells:
            tried, best = self._tried(cell)
            for one in tried:
                self._check_dense(cell.seed, one.dense)
            outcomes += [] if best is None else [best]
            others += [one for one in tried if one is not best]
        return Comparison(
            network=self.plan.network,
            data=self.plan.data_name,
            content_hash=self.dataset.content_hash,
            conditions=self.plan.conditions,
            outcomes=tuple(outcomes),
            others=tuple(others),
        )

    def _tried(self, cell: Cell) -> tuple[list[Outcome], Outcome | None]:
        """What is done of a cell; and, as soon as it is chosen and done, what the validation split chooses."""
        tried = {
            settings: done.model_copy(update={"cell": cell, "settings": settings})
            for settings, recipe in self._choice.candidates(cell).items()
            if (done := self._done(cell, recipe)) is not None
        }
        settings = self._choice.settings(cell)
        return list(tried.values()), None if settings is None else tried.get(settings)

    @property
    def run_keys(self) -> frozenset[str]:
        """Of all runs that this comparison may come to."""
        tried = ((cell, recipe) for cell in self.plan.cells for recipe in self._choice.candidates(cell).values())
        return frozenset(self._key(cell, recipe) for cell, recipe in tried)

    @property
    def dense_keys(self) -> tuple[str, ...]:
        """Of the dense networks on the shelf, by seed."""
        return tuple(map(self._trainings.key, self.plan.seeds))

    @property
    def same_methods(self) -> tuple[tuple[str, ...], ...]:
        """Methods that are one experiment on this dataset, as long as it is trained here."""
        return self.plan.same_methods(self._per_epoch)

    @property
    def _per_epoch(self) -> int:
        """Mini-batches in an epoch of the training part."""
        return epoch_length(len(self.dataset.train), DataSplit())

    @property
    def _trainings(self) -> DenseTrainings:
        return DenseTrainings(self.plan, self.dataset, self.device, self.shelf, self.should_stop)

    def prepare(self, seed: int) -> None:
        """Put on the shelf what runs of a seed begin with, before several processes look for it."""
        self.dense(seed)
        for cell in self.plan.cells:
            for recipe in self._choice.candidates(cell).values() if cell.seed == seed else ():
                self._trainings.early(seed, recipe)

    def dense(self, seed: int) -> Network:
        """The dense network of a seed, from the shelf or trained now; Interrupted when asked to stop."""
        key = self._trainings.key(seed)
        network = self.shelf.network(key)
        if network is not None:
            self._check_dense(seed, digest_of(network))
        else:
            finished = self._trainings.train(seed)
            network = finished.network
            self._check_dense(seed, digest_of(network))
            self.shelf.keep_network(key, network)
            self.say(f"dense {self.plan.network}, seed {seed}: test accuracy {finished.point.test_accuracy:.2%}")
        return network

    def _check_dense(self, seed: int, digest: str) -> None:
        """Refuse to compare runs of different dense networks."""
        if digest and self.digests.setdefault(seed, digest) != digest:
            raise InvalidValue(
                f"Some runs of seed {seed} began with another dense network ({self.digests[seed]}) than others "
                f"({digest}): training ends alike only on processors of one kind.",
                hint="Put the dense networks beside the results, or compare in another folder, with another file.",
            )

    @cached_property
    def _choice(self) -> Choice:
        return Choice(self.plan, self._per_epoch, self._done)

    def _key(self, cell: Cell, recipe: Recipe) -> str:
        begins_with = (self._trainings.key(cell.seed), *(("early weights",) if recipe.dense is not None else ()))
        return key_of(recipe.fingerprint(), *begins_with)

    def _done(self, cell: Cell, recipe: Recipe) -> Outcome | None:
        key = self._key(cell, recipe)
        return self._passed.get(key) or self.shelf.outcome(key)

    def _ran(self, job: Job) -> Outcome:
        cell, key, recipe = job.cell, job.key, job.recipe
        try:
            dense, last = self._points(job)
        except JobFailure as failure:
            return Outcome(cell=cell, key=key, failure=failure.cause, code=failure.code)
        return Outcome(
            cell=cell,
            key=key,
            dense=self.digests[cell.seed],
            dense_accuracy=dense.test_accuracy,
            validation_accuracy=last.retrained_accuracy,
            test_accuracy=last.test_accuracy,
            reached=dense.parameters / max(1, last.parameters),
            widths=last.widths,
            epochs=epochs_trained(recipe, dense, last, self._per_epoch),
        )

    def _points(self, job: Job) -> tuple[OperatingPoint, OperatingPoint]:
        """The dense network's point and the last one."""
        network = self.dense(job.cell.seed)
        opening = self._place_of_opening(job)
        is_common = partial(is_in_opening, recipe=job.recipe, model=SizeModel.of(summarize(network)))
        resume, dense = self._start(job, opening, is_common)
        last, newest = dense, resume
        early = self._trainings.early(job.cell.seed, job.recipe)
        run_on = partial(run, network, self.dataset, job.recipe, self.device, should_stop=self.should_stop)
        for output in run_on(resume=resume, early=early):
            if isinstance(output, Checkpoint):
                if opening is not None and newest is not None and is_common(newest) and not is_common(output):
                    self.shelf.keep_place(opening, newest, dense)
                newest = output
                if output.step % _CHECKPOINT_EVERY == 0:
                    self.shelf.keep_place(job.key, output, dense)
            if isinstance(output, FinishedPoint):
                last = output.point
                dense = dense or last
        if self.should_stop():
            raise Interrupted
        if dense is None or last is None:
            raise RuntimeError("a run begins with the dense network")
        return dense, last

    def _start(
        self, job: Job, opening: str | None, is_common: Callable[[Checkpoint], bool]
    ) -> tuple[Checkpoint | None, OperatingPoint | None]:
        """Where this run stopped, else how far others came in the opening that they have in common, else nowhere."""
        place = self.shelf.place(job.key)
        if place is not None or opening is None:
            return place or (None, None)
        checkpoint, dense = self.shelf.place(opening) or (None, None)
        if checkpoint is None or not is_common(checkpoint):  # the target of another run may lie further on
            return None, None
        return taken_up(checkpoint, job.recipe), dense

    def _opening_key(self, cell: Cell, recipe: Recipe) -> str | None:
        opening = opening_of(recipe)
        return None if opening is None else key_of(opening, self._trainings.key(cell.seed))

    def _place_of_opening(self, job: Job) -> str | None:
        """Where it lies on the shelf: of these weights, on this kind of device."""
        return None if job.opening is None else key_of(job.opening, self.digests[job.cell.seed], self.device.type)


def _name(cell: Cell) -> str:
    return f"{cell.method}, {cell.compression:g}x, seed {cell.seed}"


def _result(split: str, accuracy: float | None, outcome: Outcome) -> str:
    if accuracy is None:
        return f"failed: {outcome.failure}"
    return f"{split} accuracy {accuracy:.2%} at {outcome.reached:.3g}x"
