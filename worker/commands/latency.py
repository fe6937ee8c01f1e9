"""Time every layer of a network, for recipes that count latency."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from worker.engine.device import make_deterministic, resolve_device
from worker.engine.layer_times import LayerTimes, time_layers
from worker.local import read_network
from worker.options import device_option, threads_option
from worker.report_text import columns


@click.command("latency")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--batch", type=click.IntRange(1, 65_536), default=1, show_default=True, help="Examples in the batch.")
@click.option("--architecture", help="Which one it is, where several fit; with an input shape as NAME:1x28x28.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON instead of a table.")
@device_option
@threads_option
def command(file: Path, batch: int, threads: int, *, as_json: bool, **options: Any) -> None:
    """Time every layer of a network, and print the section of a recipe that counts latency by these times.

    FILE is a state dict (.safetensors, .pt, .pth), an exported program (.pt2) or an ONNX model (.onnx).
    """
    make_deterministic(threads)
    device = resolve_device(options["device"])
    network = read_network(file, None, options["architecture"]).network
    times = time_layers(network, batch, device)
    told = {
        "architecture": network.graph.architecture,
        "device": str(device),
        "threads": threads,
        "rounds": times.rounds,
        "milliseconds": times.total,
        "layers": [_entry(name, times) for name in times.layers],
        "rest": {"milliseconds": times.rest, "share": times.rest / times.total},
        "latency": times.told(batch).model_dump(mode="json"),
    }
    click.echo(json.dumps(told, indent=1) if as_json else "\n".join(_lines(told)))


def _entry(name: str, times: LayerTimes) -> dict[str, Any]:
    own, behind = times.layers[name], times.behind[name]
    return {"name": name, "milliseconds": own, "behind": behind, "share": (own + behind) / times.total}


def _lines(told: dict[str, Any]) -> Iterator[str]:
    """What was timed and how, a table, and the recipe's section."""
    threads = f"{told['threads']} thread{'s' if told['threads'] > 1 else ''}"
    yield (
        f"{told['architecture']}, batch {told['latency']['batch_size']}, {told['device']}, {threads}: "
        f"{told['milliseconds']:.3g} ms, medians of {told['rounds']} rounds"
    )
    yield ""
    rows = [
        (entry["name"], f"{entry['milliseconds']:.4g}", f"{entry['behind']:.4g}", f"{entry['share']:.1%}")
        for entry in told["layers"]
    ]
    rest = told["rest"]
    if rest["milliseconds"] > 0:
        rows.append(("before all layers", f"{rest['milliseconds']:.4g}", "", f"{rest['share']:.1%}"))
    yield from columns([("layer", "ms", "behind it, ms", "share"), *rows])
    yield ""
    yield f'"latency": {json.dumps(told["latency"], indent=2)}'
