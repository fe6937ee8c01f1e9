"""Compare pruning methods on the same dense networks with the same retraining."""

import os
from functools import partial
from pathlib import Path
from typing import Any, get_args

import click
from pydantic import ValidationError

from backend.domain.comparison import Comparison
from backend.domain.errors import InvalidValue
from backend.domain.presets import PRESETS
from backend.domain.sampling import SampleArchitecture
from worker.bench.bench import Bench
from worker.bench.plan import Plan
from worker.bench.processes import Crew, compare_in_processes
from worker.bench.report import (
    check_figure,
    check_section,
    data_mark,
    link_to,
    replace_section,
    to_markdown,
    write_figure,
)
from worker.bench.results import Kept, check_same_data, write_results
from worker.bench.shelf import Shelf
from worker.bench.trials import Trial
from worker.bench.webpage import write_page
from worker.engine.device import keep_freed_memory, make_deterministic, resolve_device
from worker.files import require_writable_folder, write_whole
from worker.local import read_dataset
from worker.options import device_option

_BASELINES = tuple(preset.name for preset in PRESETS.values() if preset.is_baseline)
"""In every comparison."""


@click.command("bench")
@click.option("--network", type=click.Choice(get_args(SampleArchitecture)), default="lenet300", show_default=True)
@click.option("--data", default="digits", show_default=True, help="digits, fashion-mnist, mnist, or a .npz file.")
@click.option("-o", "--output", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder to fill.")
@click.option(
    "--method",
    "methods",
    multiple=True,
    metavar="PRESET",
    help="May be given several times, baselines are run beside them; default: all.",
)
@click.option("--compression", "compressions", multiple=True, type=float, help="May be given several times.")
@click.option("--seed", "seeds", multiple=True, type=click.IntRange(0, 2**31 - 1), help="May be given several times.")
@click.option("--dense-epochs", type=click.IntRange(1, 1000), help="Training of the dense network.")
@click.option("--retrain-epochs", type=click.IntRange(1, 1000), default=10, show_default=True, help="Of a whole run.")
@click.option(
    "--learning-rate",
    "learning_rates",
    multiple=True,
    type=float,
    help="Of retraining; of several, the one that ends best on the validation split is taken. [default: 0.05]",
)
@click.option(
    "--sparsify-epochs",
    type=click.IntRange(1, 1000),
    default=20,
    show_default=True,
    help="At most, of methods that make the network sparse while it trains; on top of retraining.",
)
@click.option(
    "--try",
    "trials",
    multiple=True,
    metavar="[PRESET:]SETTING=VALUE,VALUE",
    help="Several values of a setting, as in sparsify.regularizer.strength=0.01,0.1, for all methods that have it or "
    "for one; what ends best on the validation split is taken.",
)
@click.option(
    "--tune-at",
    type=float,
    metavar="COMPRESSION",
    help="Choose among several values at this compression alone, by the mean over these seeds, and take them in all "
    "runs of the method (each for itself where none of them ends there); default: each run for itself.",
)
@click.option(
    "--results",
    type=click.Path(dir_okay=False, path_type=Path),
    help="JSON file of runs that are done, wherever that was: they are not run again. Written with all runs when "
    "the command ends or is stopped, and the dense networks into a folder of its name beside it.",
)
@click.option(
    "--document",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Markdown file whose section `bench NETWORK DATA` the table goes into, with a link to the figure.",
)
@click.option(
    "--figure",
    type=click.Path(dir_okay=False, path_type=Path),
    help="SVG or PNG file for documents: accuracy against compression; needs the extra `bench`.",
)
@click.option(
    "--processes",
    type=click.IntRange(1, 256),
    default=1,
    show_default=True,
    help="Runs at a time, on one device; each reads the data for itself.",
)
@device_option
@click.option(
    "--threads",
    envvar="SECATEUR_THREADS",
    type=click.IntRange(min=1),
    help="Threads of one tensor operation, in each process; default: all processors, shared out.",
)
def command(output: Path, device: str, **options: Any) -> None:
    """Compare pruning methods on the same dense networks with the same retraining.

    Every method prunes the same dense network of each seed to the same compression and is retrained alike. What is
    finished stays in the folder, so that the same command goes on where it was stopped.
    """
    document, figure, results = (options.pop(name) for name in ("document", "figure", "results"))
    processes = options.pop("processes")
    threads = options.pop("threads") or max(1, (os.cpu_count() or 1) // processes)
    plan = _plan(options)
    section = f"bench {plan.network} {plan.data_name}"
    name = f"{plan.network}-{plan.data_name}"
    require_writable_folder(output)
    if figure is not None:
        check_figure(figure)
    kept = None if results is None else Kept(results)
    if kept is not None:
        kept.check()
    make_deterministic(threads)
    keep_freed_memory()
    dataset = read_dataset(plan.data)
    check_same_data(output / f"{name}.json", dataset.content_hash)
    if document is not None:
        check_section(document, section, dataset.content_hash)
    bench = Bench(plan, dataset, resolve_device(device), Shelf(output / "runs"), click.echo)
    crew = None if processes == 1 else Crew(processes, threads, partial(read_dataset, plan.data))
    comparison = _compared(bench, kept, crew)
    table = f"{plan.conditions}\n\n{to_markdown(comparison, bench.same_methods)}"
    write_whole(output / f"{name}.md", f"{table}\n".encode())
    write_results(comparison, output / f"{name}.json")
    write_page(comparison, _BASELINES, output / f"{name}.html")
    if figure is not None:
        write_figure(comparison, figure)
    if document is not None:
        link = [] if figure is None else [link_to(figure, document, comparison)]
        replace_section(document, section, "\n\n".join([data_mark(dataset.content_hash), *link, table]))
    click.echo(f"\n{table}\n\n{output / name}.html")


def _compared(bench: Bench, kept: Kept | None, crew: Crew | None) -> Comparison:
    """All runs; those that are done are kept even when one is stopped."""
    if kept is not None:
        kept.take_up(bench)
    try:
        return bench.compare() if crew is None else compare_in_processes(bench, crew)
    finally:
        if kept is not None:
            kept.put_down(bench)


def _plan(options: dict[str, Any]) -> Plan:
    """The plan that the options ask for; InvalidValue names what is wrong."""
    methods = dict.fromkeys((*options["methods"], *_BASELINES) if options["methods"] else PRESETS)
    defaults = {"compressions": (2.0, 4.0, 8.0, 16.0, 32.0), "seeds": (0, 1, 2), "learning_rates": (0.05,)}
    chosen = {name: options[name] or value for name, value in defaults.items()}
    try:
        trials = tuple(Trial.parse(text) for text in options["trials"])
        return Plan.model_validate(options | chosen | {"methods": tuple(methods), "trials": trials})
    except ValidationError as error:
        problem = error.errors()[0]
        field = f"{problem['loc'][0]}: " if problem["loc"] else ""
        raise InvalidValue(field + str(problem["msg"]).removeprefix("Value error, ")) from error
