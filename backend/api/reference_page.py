"""The API's reference as one page of plain HTML, drawn from its OpenAPI description: no script, no foreign host."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from itertools import groupby
from typing import Any

_SERVER = "http://127.0.0.1:8000"
"""Stands for the address of this server in the descriptions."""
_CODE = re.compile(r"`([^`]+)`")
_METHODS = ("get", "head", "options", "post", "patch", "put", "delete")
_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1b1e}
code,pre{font:13px/1.5 ui-monospace,monospace;background:#f1f3f5;border-radius:4px}
code{padding:.1em .3em}pre{padding:.8rem;overflow:auto}
details{border:1px solid #dee2e6;border-radius:6px;margin:.4rem 0;padding:.5rem .8rem}
summary{cursor:pointer}.m{display:inline-block;width:4.5rem;font-weight:600}
td,th{text-align:left;padding:.2rem .8rem .2rem 0;vertical-align:top}
@media(prefers-color-scheme:dark){body{background:#1a1b1e;color:#e9ecef}code,pre{background:#2c2e33}a{color:#74c0fc}
details{border-color:#373a40}}
"""


def render_reference(schema: Mapping[str, Any], address: str) -> str:
    """HTML for an OpenAPI document: every route with parameters, an example body for `address`, and its answers."""
    info = schema["info"]
    routes = sorted(_routes(schema), key=lambda route: route[0])
    sections = "".join(
        f"<h2>{escape(tag)}</h2>" + "".join(_route(path, method, item) for _, path, method, item in group)
        for tag, group in groupby(routes, key=lambda route: route[0])
    )
    title = f"{escape(info['title'])} API {escape(info['version'])}"
    page = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{title}</h1>"
        f"{_paragraphs(info.get('description', ''))}"
        '<p>The same for machines: <a href="/openapi.json"><code>/openapi.json</code></a> (OpenAPI 3.1).</p>'
        f"{sections}</body></html>"
    )
    return page.replace(_SERVER, escape(address))


def _routes(schema: Mapping[str, Any]) -> Iterator[tuple[str, str, str, Mapping[str, Any]]]:
    for path, methods in schema["paths"].items():
        for method in _METHODS:
            if method in methods:
                yield (methods[method].get("tags") or ["other"])[0], path, method, methods[method]


def _route(path: str, method: str, item: Mapping[str, Any]) -> str:
    return (
        f'<details><summary><span class="m">{method.upper()}</span><code>{escape(path)}</code> '
        f"{escape(item.get('summary', ''))}</summary>{_paragraphs(item.get('description', ''))}"
        f"{_parameters(item.get('parameters', ()))}{_calls(path, method, item)}{_answers(item['responses'])}</details>"
    )


def _parameters(parameters: Any) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(item['name'])}</code></td><td>{item['in']}"
        f"{', required' if item.get('required') else ''}</td><td>{escape(item.get('description', ''))}</td></tr>"
        for item in parameters
    )
    return f"<table>{rows}</table>" if rows else ""


def _calls(path: str, method: str, item: Mapping[str, Any]) -> str:
    """Commands to try: one for each example body, else one without a body."""
    content = item.get("requestBody", {}).get("content", {}).get("application/json", {})
    named = [(name, example["value"]) for name, example in content.get("examples", {}).items()]
    values = named or [("", value) for value in _body_examples(content.get("schema", {}))]
    address = _fill(path, item.get("parameters", ()))
    if not values:
        return f"<pre>curl -b cookies.txt -X {method.upper()} {address}</pre>"
    return "".join(f"<p>Example {escape(name)}</p><pre>{_curl(address, method, value)}</pre>" for name, value in values)


def _body_examples(schema: Mapping[str, Any]) -> Sequence[object]:
    return schema.get("examples") or ()


def _fill(path: str, parameters: Any) -> str:
    """The address with an example for every parameter of the path."""
    for item in parameters:
        if item["in"] == "path":
            schema = item["schema"]
            example = (schema.get("examples") or schema.get("enum") or [schema.get("minimum", item["name"])])[0]
            path = path.replace(f"{{{item['name']}}}", str(example))
    return escape(f"{_SERVER}{path}")


def _curl(address: str, method: str, value: object) -> str:
    text = escape(json.dumps(value, indent=2), quote=False)
    return f"curl -b cookies.txt -X {method.upper()} {address} \\\n  -H 'Content-Type: application/json' -d '{text}'"


def _answers(responses: Mapping[str, Any]) -> str:
    rows = "".join(
        f"<tr><td>{escape(status)}</td><td>{escape(item.get('description', ''))}</td></tr>"
        for status, item in sorted(responses.items())
    )
    return f"<table>{rows}</table>"


def _paragraphs(text: str) -> str:
    blocks = (_CODE.sub(r"<code>\1</code>", escape(block.strip())) for block in text.split("\n\n"))
    return "".join(f"<p>{block}</p>" for block in blocks if block)
