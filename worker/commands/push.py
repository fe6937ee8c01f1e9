"""Upload a network to a running Secateur and print what can be pruned."""

import json
import time
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from backend.domain.errors import InvalidValue
from backend.domain.import_report import ImportReport
from backend.domain.network import NetworkSummary
from worker.pushing import Push, UploadNotes
from worker.report_text import report_lines
from worker.server import Server, ServerRefusal

_POLL_S = 1.0


@click.command("push")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--url", envvar="SECATEUR_URL", default="http://127.0.0.1:8000", show_default=True, help="The server.")
@click.option("--token", envvar="SECATEUR_TOKEN", required=True, help="An API token; better kept in SECATEUR_TOKEN.")
@click.option("--name", help="What to call the model; default: the file's name.")
@click.option("--architecture", help="Which one it is, where several fit; with an input shape as NAME:1x28x28.")
@click.option("--json", "as_json", is_flag=True, help="Print the whole answer as JSON instead of a table.")
def command(file: Path, url: str, token: str, name: str | None, architecture: str | None, *, as_json: bool) -> None:
    """Upload a network to a running Secateur and print what can be pruned.

    FILE is a state dict (.safetensors, .pt, .pth), an exported program (.pt2) or an ONNX model (.onnx).
    """
    console = Console(stderr=True)
    with Server(url, token) as server:
        if not server.is_private:
            click.echo("Warning: the token travels over http, where others may read it; https is better.", err=True)
        upload_id = _send(Push(server, file, UploadNotes.of_user()), console)
        model = server.post("/api/models", {"upload_id": upload_id, "name": name})
        model = _wait(server, model, console)
        if model["state"] == "choosing":
            choice = pick_match(model["matches"], architecture)
            model = _wait(server, server.post(f"/api/models/{model['id']}/architecture", choice), console)
    if model["state"] in {"rejected", "failed"}:
        error = model["error"]
        raise ServerRefusal(error["detail"], hint=error["hint"])
    click.echo(json.dumps(model, indent=1) if as_json else "\n".join(_lines(model, server.url)))


def pick_match(matches: list[dict[str, Any]], wanted: str | None) -> dict[str, Any]:
    """The one match that `wanted` (`NAME` or `NAME:1x28x28`) names; raises `InvalidValue` when it is not one."""
    offered = {f"{match['architecture']}:{'x'.join(map(str, match['input_shape']))}": match for match in matches}
    fitting = [match for key, match in offered.items() if wanted in {key, match["architecture"]}]
    if len(fitting) == 1:
        return fitting[0]
    raise InvalidValue(
        f"Several architectures fit the file: {', '.join(offered)}.",
        hint="Push it again with --architecture and one of these, or pick one in the browser.",
    )


def _send(push: Push, console: Console) -> str:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(push.name, total=push.size)
        return push.send(lambda offset: progress.update(task, completed=offset))


def _wait(server: Server, model: dict[str, Any], console: Console) -> dict[str, Any]:
    """The model once it was inspected."""
    with console.status("The server reads the file"):
        while model["state"] == "inspecting":
            time.sleep(_POLL_S)
            model = server.get(f"/api/models/{model['id']}")
    return model


def _lines(model: dict[str, Any], url: str) -> list[str]:
    try:
        summary, report = NetworkSummary.model_validate(model["summary"]), ImportReport.model_validate(model["report"])
    except ValidationError as error:
        raise ServerRefusal(
            f"The file is in, as {url}/models/{model['id']}, but this server's report has another form.",
            hint="Use the same version of Secateur here and there; --json prints the report as it is.",
        ) from error
    return [*report_lines(summary, report), "", f"{url}/models/{model['id']}"]
