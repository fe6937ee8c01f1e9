"""What is documented exists, and what exists is documented."""

import ast
import pkgutil
import re
from pathlib import Path
from typing import Annotated, get_args, get_origin

import click
import pytest

from backend.domain.allocations import Allocation
from backend.domain.costs import Cost
from backend.domain.criteria import Criterion
from backend.domain.granularities import Granularity
from backend.domain.presets import PRESETS
from backend.domain.recipe import Recipe
from backend.domain.regularizers import Regularizer
from backend.domain.retraining import Optimizer
from backend.domain.schedules import Schedule
from backend.domain.spec import Spec
from backend.domain.starts import Start
from backend.domain.targets import Target
from backend.settings import Settings
from tests.architecture.sources import ROOT, parse, python_files, relative
from worker import commands
from worker.cli import secateur
from worker.settings import WorkerSettings
from worker.zoo import ARCHITECTURES

DOCUMENTS = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
README = (ROOT / "README.md").read_text()
CATALOGUES = (Allocation, Cost, Criterion, Granularity, Optimizer, Regularizer, Schedule, Start, Target)


def kinds_of(union: object) -> set[str]:
    """The `kind` of every member of a discriminated union (or of a single spec)."""
    members = get_args(get_args(union)[0]) if get_origin(union) is Annotated else (union,)
    return {spec.model_fields["kind"].default for spec in members if issubclass(spec, Spec)}


@pytest.mark.parametrize("kind", sorted({kind for union in CATALOGUES for kind in kinds_of(union)} | set(PRESETS)))
def test_every_method_has_a_row(kind: str) -> None:
    assert re.search(rf"^\| \[?`{kind}`[\] ]", (ROOT / "docs" / "methods.md").read_text(), re.MULTILINE)


METHOD_PAGES = sorted((ROOT / "docs" / "methods").glob("*.md"))


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_every_preset_stands_in_the_title_of_a_page_that_is_linked(name: str) -> None:
    pages = [page.name for page in METHOD_PAGES if f"`{name}`" in page.read_text().partition("\n")[0]]
    assert len(pages) == 1
    assert f"(methods/{pages[0]})" in (ROOT / "docs" / "methods.md").read_text()


@pytest.mark.parametrize("page", METHOD_PAGES, ids=relative)
def test_the_page_of_a_method_has_all_its_parts(page: Path) -> None:
    headings = re.findall(r"^## (.+)$", page.read_text(), re.MULTILINE)
    parts = ("Idea", "Formula", "When to use", "Knobs", r"The papers?'s? numbers", "Our numbers")
    assert [part for part in parts if not any(re.match(part, heading) for heading in headings)] == []


@pytest.mark.parametrize("name", sorted(ARCHITECTURES))
def test_every_architecture_is_named(name: str) -> None:
    assert f"`{name}`" in (ROOT / "docs" / "methods.md").read_text()


def test_every_setting_is_documented_and_nothing_else() -> None:
    names = {*Settings.model_fields, *WorkerSettings.model_fields, "host", "port"}
    documented = re.findall(r"^\| `SECATEUR_([A-Z_]+)` \|", (ROOT / "docs" / "operations.md").read_text(), re.MULTILINE)
    assert sorted(documented) == sorted(name.upper() for name in names)


def test_the_example_recipes_are_recipes() -> None:
    examples = re.findall(r"```json\n(.*?)```", (ROOT / "docs" / "recipes.md").read_text(), re.DOTALL)
    assert examples
    for example in examples:
        assert Recipe.model_validate_json(example).prune.criterion.kind == "fisher"


def test_every_subcommand_stands_in_the_readme_and_exists() -> None:
    files = {module.name.replace("_", "-") for module in pkgutil.iter_modules(commands.__path__)}
    assert set(re.findall(r"^\| `secateur ([a-z-]+)` \|", README, re.MULTILINE)) == files


@pytest.mark.parametrize("line", re.findall(r"^\.venv/bin/secateur (.+)$", README, re.MULTILINE))
def test_the_options_of_the_readme_exist(line: str) -> None:
    name, *arguments = line.split()
    command = secateur.get_command(click.Context(secateur), name)
    assert command is not None
    known = {option for parameter in command.params for option in parameter.opts}
    assert {argument for argument in arguments if argument.startswith("-")} <= known


@pytest.mark.parametrize("target", ["install", "up", "test", "check", "format"])
def test_the_make_targets_exist(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.parametrize("document", DOCUMENTS, ids=relative)
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)", document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_every_module_says_in_its_first_line_what_lives_there() -> None:
    silent = [
        relative(path)
        for path in python_files()
        if not re.search(r"[.;:)]$", (ast.get_docstring(parse(path)) or "").partition("\n\n")[0])
    ]
    assert silent == []
