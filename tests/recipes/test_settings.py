"""Settings: what fits, what a file may hold, and what a mistake is told."""

import json
import sys
from dataclasses import asdict, fields

import pytest

from tfmmrec.recipes.settings import Settings, read_settings, write_settings


def test_every_setting_says_what_it_is():
    for setting in fields(Settings):
        assert setting.metadata["panel"]
        assert setting.metadata["help"] or setting.name == "only"


def test_none_has_words():
    settings = Settings(alignment="none", encode_items=0, monitor=None)
    assert (settings.alignment, settings.encode_items, settings.monitor) == (None, None, None)


def test_lists_and_whole_numbers_are_taken():
    settings = Settings(k=[5, 1], learning_rate=1)
    assert settings.k == (5, 1) and settings.learning_rate == 1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"epochs": "ten"}, "epochs must be a whole number of 1 or more, got 'ten'"),
        ({"epochs": 0}, "epochs must be a whole number of 1 or more, got 0"),
        ({"epochs": True}, "epochs must be a whole number"),
        ({"epochs": 2.5}, "epochs must be a whole number"),
        ({"learning_rate": "fast"}, "learning_rate must be a number of 0 or more"),
        ({"fusion": 3}, "fusion must be a text, got 3"),
        ({"fusion": {"layers": 2}}, 'a table with a name and settings, such as {name = "transformer"}; got'),
        ({"graph": {"layers": 2}}, 'a table with a name and settings, such as {name = "light_gcn"}; got'),
        ({"alignment": 3}, 'alignment must be a text or "none", got 3'),
        ({"jit": 1}, "jit must be true or false, got 1"),
        ({"rates": 0.5}, 'rates must be numbers of 0 or more by name, such as {poster = 0.5} or "none", got'),
        ({"rates": {"poster": "slow"}}, "rates must be numbers of 0 or more by name"),
        (
            {"freeze": {"poster": 0.5}},
            "freeze must be whole numbers of 0 or more by name, such as {poster = 3}",
        ),
        ({"layer_decay": "0.5"}, "layer_decay must be a number of 0 or more or numbers of 0 or more by name"),
        ({"modality_dropout": {"poster": -0.1}}, "modality_dropout must be a number of 0 or more or numbers"),
        ({"auxiliary": "much"}, 'auxiliary must be a number of 0 or more or "none", got'),
        ({"k": []}, "k must be a list of whole numbers of 1 or more"),
        ({"k": [10, 0]}, "k must be a list of whole numbers of 1 or more"),
        ({"only": {"item": "poster"}}, "only must be lists of names by side"),
        (
            {"only": {"items": ["poster"]}},
            "only names the sides item, user and event, and tasks; got 'items'",
        ),
    ],
)
def test_a_value_that_does_not_fit(given, said):
    with pytest.raises(ValueError, match=said.replace("(", r"\(").replace("{", r"\{")):
        Settings(**given)


def test_a_member_may_have_settings_of_its_own(tmp_path):
    file = tmp_path / "train.toml"
    file.write_text('[alignment]\nname = "sigmoid"\npairs = {"title:poster" = 2.0}\n')
    settings = Settings(**read_settings(file))
    assert settings.alignment == {"name": "sigmoid", "pairs": {"title:poster": 2.0}}


def test_numbers_by_name_and_numbers_with_settings(tmp_path):
    file = tmp_path / "train.toml"
    file.write_text(
        "modality_dropout = 0.2\nmodulation = 0.5\n[auxiliary]\nweight = 0.1\nweights = {poster = 2.0}\n"
        "[freeze]\nposter = 3\n[rates]\nposter = 1\n[layer_decay]\nplot = 0.8\n"
    )
    settings = Settings(**read_settings(file))
    assert (settings.modality_dropout, settings.modulation) == (0.2, 0.5)
    assert settings.auxiliary == {"weight": 0.1, "weights": {"poster": 2.0}}
    assert (settings.freeze, settings.rates) == ({"poster": 3}, {"poster": 1})
    assert settings.layer_decay == {"plot": 0.8}
    (tmp_path / "config.json").write_text(json.dumps(asdict(settings)))
    assert Settings(**read_settings(tmp_path)) == settings
    assert Settings(freeze="none", layer_decay="none", auxiliary="none") == Settings()


def test_a_file_names_some_and_the_others_keep_their_defaults(tmp_path):
    file = tmp_path / "train.toml"
    file.write_text('epochs = 3\nk = [5]\nalignment = "contrastive"\n[only]\nitem = ["poster"]\n')
    settings = Settings(**read_settings(file))
    assert asdict(settings) == {
        **asdict(Settings()),
        **{"epochs": 3, "k": (5,), "alignment": "contrastive", "only": {"item": ["poster"]}},
    }


def test_the_record_of_a_run_is_read_back(tmp_path):
    wanted = Settings(width=8, encode_items=None, k=(1, 2), only={"user": []})
    record = {"data": "films", **asdict(wanted), "split_sha256": "ab", "problems": {}}
    (tmp_path / "config.json").write_text(json.dumps(record))
    assert Settings(**read_settings(tmp_path)) == wanted
    assert Settings(**read_settings(tmp_path / "config.json")) == wanted


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.toml", "epoch = 3", "a.toml': unknown setting 'epoch'. Did you mean 'epochs'?"),
        ("a.toml", 'data = "films"', "unknown setting 'data'"),  # it stands in records alone
        ("a.toml", "epochs 3", "is no valid TOML"),
        ("a.json", "{", "is no valid JSON"),
        ("a.json", "[1]", "must hold settings by name"),
    ],
)
def test_a_file_that_cannot_be_used(tmp_path, name, text, said):
    (tmp_path / name).write_text(text)
    with pytest.raises(ValueError) as caught:
        read_settings(tmp_path / name)
    assert said in str(caught.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ValueError, match="train.toml' was not found. Give a TOML file"):
        read_settings(tmp_path / "train.toml")


def test_reading_settings_needs_nothing_heavy():
    import subprocess

    seen = "import sys, tfmmrec.recipes.settings; print({'keras', 'numpy', 'tensorflow'} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", seen], text=True).strip() == "set()"


def test_settings_are_written_as_a_file_that_is_read_back(tmp_path):
    wanted = Settings(
        alignment={"name": "sigmoid", "pairs": {'ti"tle:poster': 2.0, "ü\x7f": 1e-05}},
        learning_rate=0.00012,
        encode_items=None,
        jit=True,
        k=(5,),
        only={"item": ["poster"], "user": []},
    )
    write_settings(tmp_path / "train.toml", wanted)
    text = (tmp_path / "train.toml").read_text("utf-8")
    assert 'encode_items = "none"\n' in text and "jit = true\n" in text and "epochs" not in text
    assert Settings(**read_settings(tmp_path / "train.toml")) == wanted
    write_settings(tmp_path / "usual.toml", Settings())
    assert read_settings(tmp_path / "usual.toml") == {}
