"""What a comparison found, kept beside the documents that quote it, so that other machines can go on with it."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from backend.domain.comparison import Cell, Comparison, Outcome
from backend.domain.errors import InvalidValue
from worker.bench.bench import Bench
from worker.bench.choosing import PASSING
from worker.bench.plan import Plan
from worker.bench.shelf import Shelf, digest_of
from worker.files import require_writable, write_whole


def read_results(file: Path) -> Comparison:
    """Read what `write_results` wrote; InvalidValue where it is something else."""
    try:
        return Comparison.model_validate_json(file.read_bytes())
    except ValidationError as error:
        problem = error.errors()[0]
        place = ".".join(map(str, problem["loc"]))
        message = problem["msg"].removeprefix("Value error, ")
        raise InvalidValue(
            f"{file} holds no results of a comparison: {f'{place}: ' if place else ''}{message}.",
            hint="Give a JSON file that `secateur bench` wrote, or one that is not there yet.",
        ) from error


def check_same_data(file: Path, content_hash: str) -> None:
    """Raise InvalidValue where `file` has the results of a dataset with another `content_hash`, which would be lost.

    Results from before it was written down pass.
    """
    if file.exists() and read_results(file).content_hash not in ("", content_hash):
        raise InvalidValue(
            f"{file} has results of another dataset of that name; writing it again would lose them.",
            hint="Rename one of the data files, or write into another place.",
        )


def write_results(comparison: Comparison, file: Path) -> None:
    """Write as JSON, a line for each run."""
    head = comparison.model_dump_json(exclude={"outcomes", "others"})
    lists = {"outcomes": comparison.outcomes} | ({"others": comparison.others} if comparison.others else {})
    runs = "".join(f',\n "{name}": [{_lines(outcomes)}]' for name, outcomes in lists.items())
    write_whole(file, f"{head[:-1]}{runs}}}\n".encode())


def _lines(outcomes: Iterable[Outcome]) -> str:
    lines = [f"\n  {outcome.model_dump_json(exclude_defaults=True)}" for outcome in outcomes]
    return ",".join(lines) + "\n "


@dataclass(frozen=True)
class Kept:
    """A results file, and beside it, in a folder of its name, the dense networks that its runs began with."""

    file: Path

    def check(self) -> None:
        """Say before a long comparison that the file could not be written: raises InvalidValue."""
        if self.file.suffix != ".json":
            raise InvalidValue(f"Results are a JSON file, such as `{self.file.name}.json`, not `{self.file.name}`.")
        require_writable(self.file)

    def take_up(self, bench: Bench) -> None:
        """Put what is there on the comparison's shelf, as done; failures of the machine are tried again.

        Raises InvalidValue for results of another network or dataset, and for runs that the comparison has not, which
        would be lost when the file is written again.
        """
        if not self.file.exists():
            return
        results, plan = read_results(self.file), bench.plan
        for name, ours, wanted in (
            ("network", results.network, plan.network),
            ("dataset", results.data, plan.data_name),
        ):
            if ours != wanted:
                raise InvalidValue(f"{self.file} has results of the {name} `{ours}`, not of `{wanted}`.")
        done = (*results.outcomes, *results.others)
        check_same_data(self.file, bench.dataset.content_hash)
        self._check_cells(done, plan)
        self._check_settings(done, bench.run_keys)
        self._check_networks(bench)
        for outcome in done:
            if outcome.key and outcome.code not in PASSING:
                bench.shelf.keep_outcome(outcome.key, outcome)
        self._copy_networks(self._beside, bench.shelf, bench.dense_keys)

    def put_down(self, bench: Bench) -> None:
        """Write all that is done into the file, and the dense networks beside it."""
        write_results(bench.so_far(), self.file)
        self._copy_networks(bench.shelf, self._beside, bench.dense_keys)

    def _check_networks(self, bench: Bench) -> None:
        """Runs that were stopped in the folder would go on from checkpoints of the networks that lie there."""
        for key in bench.dense_keys:
            ours, there = self._beside.network(key), bench.shelf.network(key)
            if ours is not None and there is not None and digest_of(ours) != digest_of(there):
                raise InvalidValue(
                    f"{bench.shelf.folder} has another dense network ({key}) than {self._beside.folder}.",
                    hint="Give another output folder, or leave the results file out.",
                )

    def _check_cells(self, done: Iterable[Outcome], plan: Plan) -> None:
        missing = {outcome.cell for outcome in done} - set(plan.cells)
        if missing:
            lost = min(missing, key=str)
            raise InvalidValue(
                f"{self.file} has {len(missing)} runs that this comparison has not, such as {_told(lost)}; writing it "
                "again would lose them.",
                hint="Ask for these methods, compressions and seeds too, or give another file.",
            )

    def _check_settings(self, done: Iterable[Outcome], keys: Collection[str]) -> None:
        others = [outcome for outcome in done if outcome.key not in keys]
        if others:
            raise InvalidValue(
                f"{self.file} has {len(others)} runs that were made with other settings or other data than this "
                f"comparison's, such as {_told(others[0].cell)}; writing it again would lose them.",
                hint="Give the epochs, learning rates and tries that they were made with, or another file.",
            )

    @property
    def _beside(self) -> Shelf:
        return Shelf(self.file.with_suffix(""))

    def _copy_networks(self, source: Shelf, target: Shelf, keys: Iterable[str]) -> None:
        for key in keys:
            network = source.network(key)
            if network is not None:
                target.keep_network(key, network)


def _told(cell: Cell) -> str:
    return f"`{cell.method}` at {cell.compression:g}x with seed {cell.seed}"
