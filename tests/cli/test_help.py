"""What every command says of itself, and the version."""

import subprocess
import sys

import pytest

import tfmmrec as package
from tfmmrec.cli import app

COMMANDS = [command.name or command.callback.__name__ for command in app.registered_commands]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_help_has_an_example(tfmmrec, command):
    result = tfmmrec(command, "--help")
    assert result.exit_code == 0
    assert "xample" in result.stdout and f"tfmmrec {command} " in result.stdout


def test_the_help_of_train_shows_a_schema_that_can_be_read(tfmmrec, tmp_path):
    from tfmmrec.cli.train import train
    from tfmmrec.schema import Schema

    shown = train.__doc__.split("```toml\n")[1].split("```")[0]
    (tmp_path / "schema.toml").write_text(shown)
    schema = Schema.from_toml(tmp_path / "schema.toml")
    assert [type(feature).__name__ for feature in schema.item] == ["Text", "Image"]
    assert [task.name for task in schema.tasks] == ["next_item", "like"]
    assert 'modality = "Text"' in tfmmrec("train", "--help").stdout


def test_the_version(tfmmrec):
    result = tfmmrec("--version")
    assert result.exit_code == 0 and result.stdout.strip() == package.__version__


def test_the_module_is_the_command():
    ended = subprocess.run([sys.executable, "-m", "tfmmrec", "--help"], capture_output=True, text=True)
    assert ended.returncode == 0 and all(command in ended.stdout for command in COMMANDS)


def test_without_a_command_it_helps(tfmmrec):
    assert "Usage: tfmmrec" in tfmmrec().output
