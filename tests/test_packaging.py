"""What a user gets from `pip install`: every module, the typing marker, the command, and nothing else."""

import configparser
import shutil
import subprocess
import sys
import zipfile

import pytest


@pytest.mark.slow
def test_the_wheel_holds_the_package_and_nothing_else(pytestconfig, tmp_path):
    source = tmp_path / "source"
    shutil.copytree(
        pytestconfig.rootpath / "tfmmrec", source / "tfmmrec", ignore=shutil.ignore_patterns("__pycache__")
    )
    for name in ("setup.cfg", "setup.py", "LICENSE", "README.md"):
        shutil.copy(pytestconfig.rootpath / name, source)
    built = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--wheel-dir", str(tmp_path), str(source)]
        + ["--no-deps", "--no-index", "--no-build-isolation", "--use-pep517"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stderr
    (path,) = tmp_path.glob("tfmmrec-*.whl")
    with zipfile.ZipFile(path) as wheel:
        names = set(wheel.namelist())
        (entry_points,) = (name for name in names if name.endswith("/entry_points.txt"))
        commands = configparser.ConfigParser()
        commands.read_string(wheel.read(entry_points).decode())

    modules = {module.relative_to(source).as_posix() for module in (source / "tfmmrec").rglob("*.py")}
    assert "tfmmrec/__init__.py" in modules
    assert modules - names == set(), "a folder without __init__.py is left out of the package"
    assert "tfmmrec/py.typed" in names
    assert {name.split("/")[0].split("-")[0] for name in names} == {"tfmmrec"}
    assert any(name.endswith("/LICENSE") for name in names)
    assert dict(commands["console_scripts"]) == {"tfmmrec": "tfmmrec.cli:main"}
