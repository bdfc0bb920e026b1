"""A space to search: ranges, choices, what is fixed, and the mistakes one makes in writing it."""

import pytest

import small
from tfmmrec.recipes.search_space import Choices, Range, read_space
from tfmmrec.recipes.settings import Settings

SCHEMA = small.schema()

SPACE = """
learning_rate = {low = 1e-4, high = 1e-2, log = true}
width = {low = 8, high = 32, step = 8}
fusion = ["sum", {name = "transformer", layers = 1}]
alignment = ["none", "kl"]
modalities = ["full", "-year"]
jit = [true, false]
sharing = "all"
batch_events = 64
dropout = "none"
k = [5, 10]
balancing = "dwa"
"""


def read(text, tmp_path, base=None):
    (tmp_path / "space.toml").write_text(text)
    return read_space(tmp_path / "space.toml", SCHEMA, base or Settings())


def test_a_space_by_hand(tmp_path):
    space, fixed = read(SPACE, tmp_path)
    assert fixed == {"batch_events": 64, "dropout": None, "k": (5, 10), "balancing": "dwa"}
    assert space["learning_rate"] == Range("learning_rate", 1e-4, 1e-2, True)
    assert space["width"] == Range("width", 8, 32, step=8) and space["width"].whole
    assert not space["learning_rate"].whole
    chosen = {name: list(one.by_text) for name, one in space.items() if isinstance(one, Choices)}
    assert {name: chosen[name] for name in ("fusion", "alignment", "modalities", "jit")} == {
        "fusion": ["sum", "transformer(layers=1)"],
        "alignment": ["none", "kl"],
        "modalities": ["full", "-year"],
        "jit": ["true", "false"],
    }
    assert "shared_bottom" in chosen["sharing"] and "mmoe" in chosen["sharing"]


def test_what_is_proposed_becomes_settings(tmp_path):
    base = Settings(only={"tasks": ["next_item"]})
    space, _ = read(SPACE, tmp_path, base)
    settings = base
    for name, value in {
        "learning_rate": 0.005,
        "width": 16,
        "fusion": "transformer(layers=1)",
        "alignment": "none",
        "modalities": "-year",
        "jit": "true",
    }.items():
        settings = space[name].of(settings, value)
    assert (settings.learning_rate, settings.width, settings.jit) == (0.005, 16, True)
    assert settings.fusion == {"name": "transformer", "layers": 1} and settings.alignment is None
    assert settings.only == {"tasks": ["next_item"], "item": ["item_id", "genres"]}


def test_a_fixed_part_of_the_items(tmp_path):
    _, fixed = read('width = [8, 16]\nmodalities = "year"', tmp_path, Settings(only={"user": []}))
    assert fixed == {"only": {"user": [], "item": ["year"]}}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("epochs = 3", "fixes everything"),
        ("epoch = [3, 4]", "There is no setting 'epoch' to vary. Did you mean 'epochs'"),
        ("width = [8, 16]\nepoch = 3", "There is no setting 'epoch'. Did you mean 'epochs'"),
        ('fusion = ["summ"]', "There is no fusion 'summ'"),
        ("fusion = []", "leaves nothing to choose from"),
        ("split = ['random', 'auto']", "split cannot be varied"),
        ("width = {low = 8}", "needs both low and high"),
        ("width = {low = 8, high = 8}", "low must be below high"),
        ("width = {low = 8, high = 9.5}", "must be whole numbers"),
        ("width = {low = 0, high = 8}", "width must be a whole number of 1 or more, got 0"),
        ("width = {low = 8, high = 16, steps = 4}", "a range has no 'steps'. Did you mean 'step'"),
        ("dropout = {low = 0.0, high = 0.5, log = true}", "above 0 where log is true"),
        ("dropout = {low = 0.1, high = 0.5, log = true, step = 0.1}", "goes without log"),
        ("dropout = {low = 0.1, high = 0.5, log = 1}", "log must be true or false"),
        ("fusion = {low = 1, high = 2}", "fusion must be a text"),
        ("width = [8", "is no valid TOML"),
    ],
)
def test_a_space_that_cannot_be_used(tmp_path, text, said):
    with pytest.raises(ValueError) as caught:
        read(text, tmp_path)
    assert said in str(caught.value) and "space.toml" in str(caught.value)


def test_a_space_that_is_not_there(tmp_path):
    with pytest.raises(ValueError, match="space.toml' was not found. Give a TOML file"):
        read_space(tmp_path / "space.toml", SCHEMA, Settings())
