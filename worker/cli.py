"""The `secateur` command: each file of `worker/commands` is a subcommand, imported when it is used."""

import ast
import importlib
import os
import pkgutil
import sys
from pathlib import Path

import click
from typing_extensions import override

from backend.domain.errors import JobFailure, Refusal
from worker import commands


class CommandFolder(click.Group):
    """Subcommands by file name, so that `secateur --help` and `secateur up` import neither torch nor the engine."""

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all subcommands, sorted."""
        return sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(commands.__path__))

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of `cmd_name` and return its `command`, or None where there is no such file."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"{commands.__name__}.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    @override
    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List every subcommand with the first sentence of its module, read without importing it."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, _summary(name)) for name in self.list_commands(ctx)])

    @override
    def invoke(self, ctx: click.Context) -> object:
        """Run the subcommand; a refusal, ours or the system's, becomes one sentence on stderr and exit status 1."""
        try:
            return super().invoke(ctx)
        except (Refusal, JobFailure) as refusal:
            raise click.ClickException(" ".join(filter(None, (refusal.detail, refusal.hint)))) from refusal
        except BrokenPipeError:
            raise  # click ends quietly where nobody reads on
        except OSError as error:
            place = "" if error.filename is None else f"{error.filename}: "
            raise click.ClickException(f"The system refused: {place}{error.strerror or error}.") from error


def _summary(name: str) -> str:
    """The docstring's first sentence of a subcommand's module."""
    source = Path(commands.__path__[0]) / f"{name.replace('-', '_')}.py"
    text = ast.get_docstring(ast.parse(source.read_text(encoding="utf-8"))) or ""
    return text.partition("\n")[0]


@click.group(cls=CommandFolder, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="secateur", prog_name="secateur")
def secateur() -> None:
    """Make trained neural networks smaller, and see what it costs in accuracy."""


def main() -> None:
    """Entry point of the installed `secateur` command."""
    # Before torch is loaded: threads that wait for each other sleep instead of spinning. On a machine that also does
    # other work, spinning made small networks 15 times slower (two threads on two busy cores).
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    sys.exit(secateur())
