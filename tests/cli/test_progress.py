"""Progress: bars on a terminal, a line now and then elsewhere."""

import io

from rich.console import Console

from tfmmrec.cli.progress import ProgressReport


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def run(clock, console, steps, seconds_a_step):
    with ProgressReport(console, clock) as report:
        report.line("beginning [at] once")
        for step in range(1, steps + 1):
            clock.now += seconds_a_step
            report("training", step, steps, note=f"loss {1 / step:.2f}")
    return console.file.getvalue()


def test_a_line_every_ten_seconds_with_rate_and_time_left():
    said = run(Clock(), Console(file=io.StringIO(), width=200), steps=100, seconds_a_step=1.0).splitlines()
    assert said[0] == "beginning [at] once"
    assert said[1] == "training: 11 of 100, 1.0/s, 1:29 left, loss 0.09"
    assert said[-1] == "training: 100 of 100, 1.0/s, loss 0.01"
    assert len(said) == 11


def test_what_takes_no_time_says_nothing():
    assert run(Clock(), Console(file=io.StringIO()), 50, 0.001) == "beginning [at] once\n"


def test_a_stage_that_starts_again_is_a_new_one():
    clock, console = Clock(), Console(file=io.StringIO(), width=200)
    with ProgressReport(console, clock) as report:
        for _ in range(2):
            for step in range(1, 4):
                clock.now += 5
                report("items", step, 3)
    assert console.file.getvalue().splitlines() == ["items: 3 of 3, 0.2/s"] * 2


def test_hours_are_hours():
    clock, console = Clock(), Console(file=io.StringIO(), width=200)
    with ProgressReport(console, clock) as report:
        report("training", 1, 1001)
        clock.now = 20
        report("training", 2, 1001)
    assert console.file.getvalue() == "training: 2 of 1,001, 0.1/s, 5:33:00 left\n"


def test_a_terminal_gets_bars():
    console = Console(file=io.StringIO(), width=120, force_terminal=True, highlight=False)
    shown = run(Clock(), console, 20, 1.0)
    assert "━" in shown and "20/20" in shown and "loss 0.05" in shown and "beginning [at] once" in shown


def test_what_is_slow_is_counted_by_the_minute():
    clock, console = Clock(), Console(file=io.StringIO(), width=200)
    with ProgressReport(console, clock) as report:
        for done in range(3):
            clock.now += 120
            report("runs", done, 10)
    assert console.file.getvalue().splitlines()[-1] == "runs: 2 of 10, 0.5/min, 16:00 left"
