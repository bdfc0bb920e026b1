"""What `import tfmmrec` gives, and what it must not cost."""

import ast
import configparser
import importlib
import os
import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

import tfmmrec

HEAVY = ("keras", "tensorflow", "jax", "numpy", "pyarrow", "matplotlib", "PIL", "typer", "rich")


def fresh(source: str) -> str:
    """What a new Python process prints."""
    package = str(Path(tfmmrec.__file__).parents[1])
    environment = {**os.environ, "PYTHONPATH": package, "TF_CPP_MIN_LOG_LEVEL": "3"}
    ended = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, env=environment)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()


def test_importing_it_imports_nothing_heavy():
    seen = fresh(
        "import sys, tfmmrec; tfmmrec.__version__; dir(tfmmrec)\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    assert seen == "[]"


def test_the_command_line_says_its_help_without_keras():
    heavy = [name for name in HEAVY if name not in ("typer", "rich")]
    seen = fresh(f"import sys, tfmmrec.cli\nprint([name for name in {heavy!r} if name in sys.modules])")
    assert seen == "[]"


@pytest.mark.parametrize("name", [name for name in tfmmrec.__all__ if name != "__version__"])
def test_every_name_is_that_of_its_package(name):
    home = importlib.import_module(tfmmrec._HOME[name])
    assert name in getattr(home, "__all__", [name])
    if name != "export":  # the package, which may be called
        assert getattr(tfmmrec, name) is getattr(home, name)
    assert name in dir(tfmmrec)


def test_export_is_a_package_that_may_be_called(tmp_path):
    import tfmmrec.export  # puts the package where the function's name is
    from tfmmrec import export
    from tfmmrec.export import CONVENTIONS
    from tfmmrec.export import export as function

    assert tfmmrec.export is export and export.CONVENTIONS is CONVENTIONS and export.export is function
    with pytest.raises(ValueError, match="model must be a Recommender"):
        export(None, None, tmp_path / "films" / "1")


def test_export_may_be_called_before_anything_imported_it():
    said = fresh(
        "from tfmmrec import export\ntry: export(None, None, 'films/1')\nexcept ValueError as e: print(e)"
    )
    assert said.startswith("model must be a Recommender")


def test_editors_see_the_same_names():
    tree = ast.parse(Path(tfmmrec.__file__).read_text("utf-8"))
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    seen = {alias.asname: node.module for node in block.body for alias in node.names}
    assert seen.keys() == tfmmrec._HOME.keys()
    for name, module in seen.items():
        assert f"{module}.".startswith(f"{tfmmrec._HOME[name]}."), name


def test_a_name_there_is_not_is_an_attribute_error():
    assert not hasattr(tfmmrec, "Schemata")
    with pytest.raises(AttributeError, match="module 'tfmmrec' has no attribute 'Shema'") as caught:
        tfmmrec.Shema  # noqa: B018
    assert (caught.value.name, caught.value.obj) == ("Shema", tfmmrec)  # Python guesses from these
    with pytest.raises(ImportError):
        exec("from tfmmrec import Shema")


def test_the_version_stands_in_setup_cfg_alone(pytestconfig):
    setup = configparser.ConfigParser()
    setup.read(pytestconfig.rootpath / "setup.cfg")
    written = setup["metadata"]["version"]
    try:
        assert tfmmrec.__version__ == version("tfmmrec")
    except PackageNotFoundError:
        assert tfmmrec.__version__ == "0+unknown"
    literal = re.compile(rf"[\"']{re.escape(written)}[\"']")
    assert not [
        str(path) for path in Path(tfmmrec.__file__).parent.rglob("*.py") if literal.search(path.read_text())
    ]
