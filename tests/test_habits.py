"""The project's own rules: skips for want of data, the backend of a run, the lock against the ranges."""

import configparser
import os
from pathlib import Path

import numpy as np
import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement

pytest_plugins = ["pytester"]

ASKS_FOR_DATA = """
    def test_reads(tfmmrec_data):
        assert (tfmmrec_data / "ratings.csv").read_text() == "1"
"""
SKIPS_ITSELF = """
    import pytest

    def test_reads(tfmmrec_data):
        if not (tfmmrec_data / "ratings.csv").exists():
            pytest.skip("no ratings here")
"""
SKIPPED_BY_A_MARK = """
    import pytest

    @pytest.mark.skipif(True, reason="another backend")
    def test_reads(tfmmrec_data):
        assert False
"""
SKIPPED_MODULE = """
    import pytest

    pytest.skip("TFMMREC_DATA lacks the ratings", allow_module_level=True)
"""
SKIPPED_FOR_ANOTHER_REASON = """
    import pytest

    def test_other():
        pytest.skip("needs a display")
"""
EXPECTED_FAILURE = """
    import pytest

    @pytest.mark.xfail(reason="TFMMREC_DATA is read too early")
    def test_other():
        assert False
"""


class Run:
    """A project of one test module under this project's conftest, with or without data beside it."""

    def __init__(self, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
        self.pytester = pytester
        self.monkeypatch = monkeypatch
        self.root = pytester.mkdir("project")
        self.data = pytester.path / "shared" / "data"
        (self.root / "conftest.py").write_text(Path(__file__).with_name("conftest.py").read_text())
        monkeypatch.delenv("TFMMREC_DATA", raising=False)
        monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # no plugins: a run takes no time

    def name_data(self, folder: Path) -> None:
        self.monkeypatch.setenv("TFMMREC_DATA", str(folder))

    def __call__(self, source: str, *options: str) -> pytest.RunResult:
        self.pytester.makepyfile(**{"project/test_one": source})
        return self.pytester.runpytest_inprocess(f"--rootdir={self.root}", "-rs", *options, str(self.root))


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    return Run(pytester, monkeypatch)


def test_without_data_a_test_is_skipped_and_says_why(run):
    result = run(ASKS_FOR_DATA)
    result.assert_outcomes(skipped=1)
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["SKIPPED*needs real data, and TFMMREC_DATA is not set"])


def test_with_data_the_test_reads_it(run):
    run.data.mkdir(parents=True)
    (run.data / "ratings.csv").write_text("1")
    run.name_data(run.data)
    result = run(ASKS_FOR_DATA)
    result.assert_outcomes(passed=1)
    assert result.ret == pytest.ExitCode.OK


def test_data_nobody_named_fails_the_run(run):
    run.data.mkdir(parents=True)
    result = run(ASKS_FOR_DATA)
    result.assert_outcomes(skipped=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        ["*skipped although the data is there*", "*test_one.py::test_reads*", "*set TFMMREC_DATA*"]
    )


@pytest.mark.parametrize("source", [SKIPS_ITSELF, SKIPPED_MODULE], ids=["test", "module"])
def test_a_skip_for_a_missing_piece_fails_the_run_where_the_data_is(run, source):
    assert run(source).ret != pytest.ExitCode.TESTS_FAILED  # no data at all: nothing to complain of
    run.data.mkdir(parents=True)
    run.name_data(run.data)
    result = run(source)
    result.assert_outcomes(skipped=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED


@pytest.mark.parametrize("source", [ASKS_FOR_DATA, SKIPPED_MODULE], ids=["test", "module"])
def test_so_does_a_skip_in_another_process(run, source):
    run.data.mkdir(parents=True)
    result = run(source, "-p", "xdist", "-n", "1")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*skipped although the data is there*", "*test_one.py*"])


@pytest.mark.parametrize(
    "source",
    [SKIPPED_BY_A_MARK, SKIPPED_FOR_ANOTHER_REASON, EXPECTED_FAILURE],
    ids=["mark", "other reason", "xfail"],
)
def test_other_skips_are_left_alone(run, source):
    run.data.mkdir(parents=True)
    run.name_data(run.data)
    assert run(source).ret == pytest.ExitCode.OK


def test_a_variable_that_names_no_folder_fails_the_test(run):
    run.name_data(run.root / "nowhere")
    result = run(ASKS_FOR_DATA)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*nowhere is not a folder: point it at the data, or unset it*"])


@pytest.mark.backend
def test_the_run_is_on_the_backend_it_was_asked_for():
    import keras

    assert keras.backend.backend() == os.environ["KERAS_BACKEND"]
    module = type(keras.ops.ones(2)).__module__
    assert module.split(".")[0].removesuffix("lib") == os.environ["KERAS_BACKEND"]


@pytest.mark.parametrize("again", [False, True])
def test_every_test_starts_from_the_same_seed(again):
    assert np.random.randint(1_000_000) == np.random.RandomState(0).randint(1_000_000)


def test_the_lock_answers_every_range(pytestconfig):
    setup = configparser.ConfigParser()
    setup.read(pytestconfig.rootpath / "setup.cfg")
    ranges = setup["options"]["install_requires"] + "".join(setup["options.extras_require"].values())
    lines = (pytestconfig.rootpath / "requirements.lock").read_text().splitlines()
    pins = [Requirement(line) for line in lines if not line.startswith("#")]
    for python in ("3.11", "3.12", "3.13"):
        where = default_environment() | {"python_version": python, "python_full_version": f"{python}.0"}
        locked = {pin.name: pin.specifier for pin in pins if not pin.marker or pin.marker.evaluate(where)}
        for wanted in map(Requirement, ranges.split()):
            (version,) = locked[wanted.name]  # exactly one clause,
            assert version.operator == "=="  # and it is a pin
            assert wanted.specifier.contains(version.version), f"{wanted}, locked at {version}: make lock"
