"""Train a reference network, so that there is something to prune."""

from pathlib import Path
from typing import Any, get_args

import click
from rich.console import Console

from backend.domain.sampling import SampleArchitecture, SampleOrder
from worker.console import follow
from worker.engine.device import make_deterministic, resolve_device
from worker.engine.network import dump
from worker.engine.sampling import train_sample
from worker.files import require_writable, write_whole
from worker.local import read_dataset
from worker.options import device_option, threads_option
from worker.zoo.fresh import initialize


@click.command("sample")
@click.argument("architecture", type=click.Choice(get_args(SampleArchitecture)))
@click.option(
    "--data", default="fashion-mnist", show_default=True, help="digits, fashion-mnist, mnist, or a .npz file."
)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="The safetensors file to write.")
@click.option("--epochs", type=click.IntRange(1, 1000), help="Passes over the training data.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True)
@device_option
@threads_option
def command(architecture: SampleArchitecture, data: str, output: Path | None, threads: int, **options: Any) -> None:
    """Train a reference network, so that there is something to prune."""
    file = output or Path(f"{architecture}.safetensors")
    require_writable(file)
    make_deterministic(threads)
    device = resolve_device(options["device"])
    order = SampleOrder(architecture=architecture, epochs=options["epochs"], seed=options["seed"])
    dataset = read_dataset(data)
    network = initialize(architecture, dataset.only_shape, dataset.class_count, order.seed)
    outputs = train_sample(network, dataset, order, device, should_stop=lambda: False)
    followed = follow(outputs, Console(stderr=True))
    if followed.failure is not None:
        raise followed.failure
    finished = followed.points[-1]
    write_whole(file, dump(finished.network).weights)
    click.echo(f"{file}: test accuracy {finished.point.test_accuracy:.2%}, {finished.point.parameters:,} parameters")
