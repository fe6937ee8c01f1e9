"""What a comparison found, kept beside the documents that quote it, so that other machines can go on with it."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from backend.domain.comparison import Comparison
from backend.domain.errors import InvalidValue
from worker.bench.plan import Plan
from worker.bench.shelf import Shelf


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


def write_results(comparison: Comparison, file: Path) -> None:
    """Write as JSON, a line for each run."""
    runs = ",\n  ".join(outcome.model_dump_json(exclude_defaults=True) for outcome in comparison.outcomes)
    head = comparison.model_dump_json(exclude={"outcomes"})
    scratch = file.with_name(file.name + ".new")
    scratch.write_text(f'{head[:-1]},\n "outcomes": [\n  {runs}\n ]}}\n', encoding="utf-8")
    scratch.replace(file)


@dataclass(frozen=True)
class Kept:
    """A results file, and beside it, in a folder of its name, the dense networks that its runs began with."""

    file: Path

    def take_up(self, plan: Plan, shelf: Shelf, dense_keys: Iterable[str]) -> None:
        """Put what is there on the shelf, as done.

        Raises InvalidValue for results of another network or dataset, and for runs that the plan has not, which would
        be lost when the file is written again.
        """
        if not self.file.exists():
            return
        results = read_results(self.file)
        for name, ours, wanted in (
            ("network", results.network, plan.network),
            ("dataset", results.data, plan.data_name),
        ):
            if ours != wanted:
                raise InvalidValue(f"{self.file} has results of the {name} `{ours}`, not of `{wanted}`.")
        missing = {outcome.cell for outcome in results.outcomes} - set(plan.cells)
        if missing:
            lost = min(missing, key=str)
            raise InvalidValue(
                f"{self.file} has {len(missing)} runs that this comparison has not, such as `{lost.method}` at "
                f"{lost.compression:g}x with seed {lost.seed}; writing it again would lose them.",
                hint="Ask for these methods, compressions and seeds too, or give another file.",
            )
        for outcome in results.outcomes:
            if outcome.key:
                shelf.keep_outcome(outcome.key, outcome)
        self._copy_networks(self._beside, shelf, dense_keys)

    def put_down(self, comparison: Comparison, shelf: Shelf, dense_keys: Iterable[str]) -> None:
        """Write the file, and the dense networks beside it."""
        write_results(comparison, self.file)
        self._copy_networks(shelf, self._beside, dense_keys)

    @property
    def _beside(self) -> Shelf:
        return Shelf(self.file.with_suffix(""))

    def _copy_networks(self, source: Shelf, target: Shelf, keys: Iterable[str]) -> None:
        for key in keys:
            network = source.network(key)
            if network is not None:
                target.keep_network(key, network)
