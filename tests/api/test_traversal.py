"""No parameter of any route leads to a file, a host or a crash."""

from pathlib import Path
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from tests.api.application import Application
from tests.api.routes import fill, walk

CANARY = "canary-7f3a9"
PAYLOADS = (
    "..",
    "../canary.txt",
    "../../../../etc/passwd",
    "..\\..\\canary.txt",
    "%2e%2e%2fcanary.txt",
    "%252e%252e%252fcanary.txt",
    "..%00/canary.txt",
    "..;/canary.txt",
    "....//canary.txt",
    "/etc/passwd",
    "//host/share",
    "\\\\host\\share",
    "file:///etc/passwd",
    "http://127.0.0.1:9/",
    "http://169.254.169.254/latest",
    "http://[::ffff:127.0.0.1]/",
    "http://2130706433/",
    "canary.txt#",
    "canary.txt?x",
    "\x00",
    "a\x00b",
    "\r\nX-Evil: 1",
    "%",
    "%zz",
    "*",
    "~",
    "~root",
    "$HOME",
    "`id`",
    "{0.__class__}",
    "%s%n",
    "' OR 1=1 --",
    '"; DROP TABLE job; --',
    "<script>",
    "\u202e",
    "ＡＢ",
    "0" * 31,
    "0" * 33,
    "A" * 32,
    "0" * 5000,
    "-1",
    "1e9",
    str(2**63),
    "nan",
    " ",
    ".",
    "con",
    "a" * 300,
    "..%c0%af",
    "%u002e",
)


@pytest.fixture
def canary(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "uploads", tmp_path / "artifacts"):
        folder.mkdir(exist_ok=True)
        (folder / "canary.txt").write_text(CANARY)


@pytest.mark.usefixtures("canary")
def test_no_payload_in_any_path_parameter_gets_anything(application: Application) -> None:
    client = application.client()
    model, dataset = application.add_model(), application.add_dataset()
    bad = []
    for method, template in walk(application.app):
        for name in _parameters(template):
            for payload in PAYLOADS:
                path = fill(template, **{"model_id": model, "dataset_id": dataset, name: encode(payload)})
                answer = client.request(method, path)
                if CANARY in answer.text or "root:" in answer.text or not 400 <= answer.status_code < 500:
                    bad.append((method, path, answer.status_code))
    assert bad == []


@pytest.mark.usefixtures("canary")
def test_no_payload_in_a_query_gets_a_server_error(client: TestClient) -> None:
    absent = "/api/runs/" + "0" * 32
    names = ("limit", "offset", "state", "after", "max", "x", "step", "path", "next")
    bad = []
    for payload in PAYLOADS:
        for path in ("/api/runs", "/api/models", f"{absent}/steps", f"{absent}/figures/accuracy"):
            answer = client.get(path, params=dict.fromkeys(names, payload))
            if CANARY in answer.text or answer.status_code >= 500:
                bad.append((path, payload, answer.status_code))
    assert bad == []


def encode(payload: str) -> str:
    """Percent-encoded, dots too: the client must not tidy the path up before it leaves."""
    return quote(payload, safe="").replace(".", "%2E")


def _parameters(template: str) -> list[str]:
    parts = template.split("{")[1:]
    names = [part.partition("}")[0] for part in parts]
    return [name for name in names if name not in {"page:path", "file"}]
