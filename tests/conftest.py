"""What every test shares: backend, seeds, real data, and a run that cannot skip the data in silence."""

import gc
import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

# Before anything imports Keras: it reads these once.
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("MPLBACKEND", "Agg")  # pictures are drawn without a display

# A busy machine is no reason to fail.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")

DATA_VARIABLE = "TFMMREC_DATA"
DATA_BESIDE_THE_PROJECT = Path("..", "shared", "data")  # where the Makefile finds it too
SKIPPED_FOR_DATA = pytest.StashKey[list[str]]()
ASKED_FOR_DATA = ("skipped", "for want of data")


def find_data(root: Path) -> Path | None:
    """The folder of real data that this machine has, whether or not the run was told of it."""
    named = os.environ.get(DATA_VARIABLE, "").strip()
    folder = Path(named).resolve() if named else (root / DATA_BESIDE_THE_PROJECT).resolve()
    return folder if folder.is_dir() else None


@pytest.fixture(scope="session")
def tfmmrec_data() -> Path:
    """Folder of real data for tests, named by the environment variable `TFMMREC_DATA`.

    Without the variable the test is skipped; a variable that names no folder is a mistake and fails it.
    """
    named = os.environ.get(DATA_VARIABLE, "").strip()
    if not named:
        pytest.skip(f"needs real data, and {DATA_VARIABLE} is not set")
    folder = Path(named).resolve()
    if not folder.is_dir():
        pytest.fail(f"{DATA_VARIABLE}={named} is not a folder: point it at the data, or unset it to skip.")
    return folder


@pytest.fixture(autouse=True)
def seeded() -> None:
    """Every test starts from the same seeds, whatever ran before it."""
    random.seed(0)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(0)
    if "keras" in sys.modules:  # a test without Keras should not pay for its import
        sys.modules["keras"].utils.set_random_seed(0)


@pytest.fixture(autouse=True, scope="module")
def collected() -> Iterator[None]:
    """What a module's models leave behind goes with it; in cycles it waits until Python looks for it.

    What is left then is not looked through again: late in a run that took seconds after each module.
    """
    yield
    gc.collect()
    gc.freeze()


# A test that needs real data is skipped where there is none. Where there is, such a skip would be a hole in
# the run that looks like success, so the run fails instead. Tests may run in several processes: what is known
# of a test travels in its report, and the process that gets all reports decides.


def pytest_configure(config: pytest.Config) -> None:
    skipped = SkippedForData()
    config.stash[SKIPPED_FOR_DATA] = skipped.nodeids
    config.pluginmanager.register(skipped)


class SkippedForData:
    """Collects what was skipped for want of data."""

    def __init__(self) -> None:
        self.nodeids: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if ASKED_FOR_DATA in report.user_properties:
            self.nodeids.append(report.nodeid)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.outcome == "skipped" and DATA_VARIABLE in str(report.longrepr):
            self.nodeids.append(report.nodeid)  # a whole module skipped itself


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    report = yield
    if report.outcome == "skipped" and not hasattr(report, "wasxfail"):
        names_data = DATA_VARIABLE in str(report.longrepr)
        # It asked for the data, then skipped itself: a file was missing. A mark skips for other reasons.
        marked = item.get_closest_marker("skip") or item.get_closest_marker("skipif")
        asks_for_data = "tfmmrec_data" in getattr(item, "fixturenames", ()) and not marked
        if names_data or asks_for_data:
            report.user_properties.append(ASKED_FOR_DATA)
    return report


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    passed = session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
    if passed and session.config.stash[SKIPPED_FOR_DATA] and find_data(session.config.rootpath):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    skipped, folder = config.stash[SKIPPED_FOR_DATA], find_data(config.rootpath)
    if skipped and folder:
        terminalreporter.section("skipped although the data is there", red=True)
        for nodeid in skipped:
            terminalreporter.line(nodeid)
        terminalreporter.line(
            f"These tests need real data and {folder} exists, so the run fails: set {DATA_VARIABLE} to it, "
            "or complete it."
        )


@pytest.fixture(scope="session")
def small_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose events walk round a circle of items; see `small`."""
    import small

    return small.write(tmp_path_factory.mktemp("small") / "data")


@pytest.fixture(scope="session")
def small_data(small_folder: Path) -> Any:
    """The folder prepared with an order of events and every kind of task."""
    import small
    from tfmmrec.data import load

    return load(small_folder, small.schema())


@pytest.fixture(scope="session")
def small_sets(small_folder: Path) -> Any:
    """The folder prepared without an order of events."""
    import small
    from tfmmrec.data import load

    return load(small_folder, small.schema(ordered=False), split="random")
