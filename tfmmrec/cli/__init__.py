"""The command line: `tfmmrec train`, `evaluate`, `export`, `recommend`, `rank`, `search`, and what helps."""

from __future__ import annotations

import os

import typer

from tfmmrec.cli.ablate import ablate
from tfmmrec.cli.convert import convert
from tfmmrec.cli.demo import demo
from tfmmrec.cli.deploy import deploy
from tfmmrec.cli.doctor import doctor
from tfmmrec.cli.evaluate import evaluate
from tfmmrec.cli.export import export
from tfmmrec.cli.index import index
from tfmmrec.cli.inspect import inspect
from tfmmrec.cli.label_next import label_next
from tfmmrec.cli.list import list_members
from tfmmrec.cli.rank import rank
from tfmmrec.cli.recommend import recommend
from tfmmrec.cli.schema import schema
from tfmmrec.cli.search import search
from tfmmrec.cli.sentences import EXIT_CODES, Sentences
from tfmmrec.cli.serve import serve
from tfmmrec.cli.train import train
from tfmmrec.cli.tune import tune

# Before anything imports TensorFlow, which reads it once: no word below an error.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

app = typer.Typer(
    cls=Sentences,
    name="tfmmrec",
    help=(
        "Raw tables and media in, one trained multi-modal multi-task recommender, one SavedModel out.\n\n"
        "First time? `tfmmrec demo` shows everything on a small catalogue. Then: schema guess, train, "
        "evaluate, export, recommend, rank or search; each of them has an example in its --help."
    ),
    epilog="\n\n".join(["Exit codes:", *(f"- **{code}**: {what}" for code, what in EXIT_CODES.items())]),
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)
for command in (
    train,
    evaluate,
    export,
    recommend,
    rank,
    search,
    ablate,
    tune,
    serve,
    deploy,
    inspect,
    doctor,
    convert,
    demo,
):
    app.command()(command)
app.command("list")(list_members)
app.command("label-next")(label_next)
app.add_typer(schema, name="schema")
app.add_typer(index, name="index")


def _print_version(asked: bool) -> None:
    if asked:
        import tfmmrec

        typer.echo(tfmmrec.__version__)
        raise typer.Exit()


@app.callback()
def options(
    debug: bool = typer.Option(
        False, "--debug", help="Show the traceback of an error; works with every command."
    ),
    version: bool = typer.Option(
        False, "--version", help="Print the version and exit.", callback=_print_version, is_eager=True
    ),
) -> None:
    """What every command shares; `Sentences` reads ``--debug`` itself."""


def main() -> None:
    """What the command `tfmmrec` runs."""
    app(prog_name="tfmmrec")
