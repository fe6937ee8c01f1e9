"""A web page of what the first layers of a run's networks look for."""

from collections.abc import Iterator, Sequence
from html import escape

from backend.figures.first_layer_caption import caption_of
from backend.figures.first_layers import draw_first_layer
from worker.engine.results import FinishedPoint

_HEAD = (
    '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>What the first layers look for</title>\n'
    "<style>body { font: 16px/1.5 system-ui, sans-serif; max-width: 48rem; margin: 2rem auto; padding: 0 1rem; }"
    "</style>\n</head>\n<body>\n<h1>What the first layers look for</h1>"
)


def first_layers_page(points: Sequence[FinishedPoint]) -> str | None:
    """The surviving filters, or the inputs that are still read, at every operating point, as HTML that needs nothing.

    None where no layer that reads an input has a picture.
    """
    if not any(finished.first_layers for finished in points):
        return None
    return "\n".join([_HEAD, *_parts(points), "</body>\n</html>\n"])


def _parts(points: Sequence[FinishedPoint]) -> Iterator[str]:
    is_first = True
    for finished in points:
        yield f"<h2>{_title(finished)}</h2>\n<p>{escape(finished.point.size_in_words)}.</p>"
        for number, picture in enumerate(finished.first_layers):
            place = f"point-{finished.point.index}-{number}"
            drawn = draw_first_layer(picture).to_html(full_html=False, include_plotlyjs=is_first, div_id=place)
            yield f"<h3><code>{escape(picture.layer)}</code></h3>\n<p>{escape(caption_of(picture))}</p>\n{drawn}"
            is_first = False


def _title(finished: FinishedPoint) -> str:
    return f"Operating point {finished.point.index}" if finished.point.index else "Dense network"
