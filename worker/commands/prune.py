"""Prune a network without a server."""

from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, get_args

import click
from rich.console import Console

from backend.domain.presets import PRESETS
from backend.domain.pruning import WidthMultiple
from backend.domain.without_effect import without_effect
from worker.console import follow
from worker.delivery import Origin
from worker.engine.device import keep_freed_memory, make_deterministic, resolve_device
from worker.engine.network import summarize
from worker.engine.run import run
from worker.local import read_dataset, read_network
from worker.options import Fraction, device_option, threads_option
from worker.recipes import RecipeChoice, choose_recipe
from worker.results import Results, Wishes, parse_formats, require_unused

_DENSITY = Fraction()
_MULTIPLE = click.Choice([str(multiple) for multiple in get_args(WidthMultiple)])


@click.command("prune")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--data", required=True, help="digits, fashion-mnist, mnist, or a .npz file.")
@click.option("-o", "--output", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder to fill.")
@click.option("--preset", type=click.Choice(list(PRESETS)), help="Where to start from; default: theis2018-fisher.")
@click.option("--recipe", "recipe_file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--macs", type=_DENSITY, help="MACs to keep, as a fraction of the dense network's.")
@click.option("--parameters", type=_DENSITY, help="Parameters to keep, as a fraction of the dense network's.")
@click.option("--sparsity", type=_DENSITY, help="Fraction of the channels (or weights) to remove.")
@click.option(
    "--pin", "pins", multiple=True, metavar="LAYER", help="A layer to keep whole; may be given several times."
)
@click.option("--width-multiple", type=_MULTIPLE, help="End at widths that are multiples of this, for speed.")
@click.option(
    "--measure-removals", is_flag=True, help="Validation accuracy before and after every removal; two passes each."
)
@click.option("--seed", type=click.IntRange(0, 2**31 - 1))
@click.option("--precision", type=click.Choice(["float32", "bfloat16"]))
@click.option("--architecture", help="Which one it is, where several fit the file.")
@click.option(
    "--formats",
    default="safetensors",
    show_default=True,
    help="What the zips hold beside source and weights: a list of safetensors, pt2, onnx.",
)
@click.option("--latency", is_flag=True, help="Measure every thinner network beside the dense one, about 20 s each.")
@device_option
@threads_option
def command(file: Path, data: str, output: Path, threads: int, **options: Any) -> None:
    """Prune a network without a server: one zip per operating point, the history, and pictures of the first layers."""
    architecture, device = options.pop("architecture"), options.pop("device")
    wishes = Wishes(parse_formats(options.pop("formats")), options.pop("latency"), threads)
    require_unused(output)
    recipe = choose_recipe(RecipeChoice.model_validate(options))
    make_deterministic(threads)
    keep_freed_memory()
    target = resolve_device(device)
    dataset = read_dataset(data)
    source = read_network(file, dataset, architecture)
    for sentence in without_effect(summarize(source.network), recipe):
        click.echo(sentence, err=True)
    outputs = run(source.network, dataset, recipe, target, should_stop=lambda: False)
    started = next(outputs)  # a run that is refused leaves no folder behind
    output.mkdir(parents=True, exist_ok=True)
    followed = follow(chain([started], outputs), Console(stderr=True))
    results = Results(
        folder=output,
        recipe=recipe,
        origin=Origin(source.file_hash, dataset.content_hash, recipe.seed, str(target)),
        dataset=dataset,
        wishes=wishes,
        say=click.echo,
        complain=partial(click.echo, err=True),
    )
    is_complete = results.write(followed)
    if followed.failure is not None:
        raise followed.failure
    if not is_complete:
        raise click.exceptions.Exit(1)
