"""Texts that change in training: thesaurus, other wordings, back-translation."""

import numpy as np
import pytest

from backends import preprocessed, run
from contracts import ModalityContract
from contracts.samples import EXAMPLES
from tfmmrec.data import back_translate, load
from tfmmrec.modalities import Text
from tfmmrec.modalities.thesaurus import read_thesaurus, synonym_table
from tfmmrec.modalities.wordings import read_wordings, write_wordings
from tfmmrec.schema import Schema
from tfmmrec.tasks import Rating

THESAURUS = "# of cars\nCar, automobile, motor car ,auto\n\nbig,large # size\nalone\n"


class TestAugmentedText(ModalityContract):
    component = Text(
        "plot",
        length=6,
        min_count=1,
        augment=("delete", "swap", "insert", "synonyms", "reword"),
        thesaurus="synonyms.txt",
        wordings="plot.jsonl",
        encoder="bag",
    )

    @staticmethod
    def texts():
        generator, vocabulary = np.random.default_rng(0), [f"word{i}" for i in range(12)]
        return [" ".join(generator.permutation(vocabulary)[: 2 + i % 5]) for i in range(EXAMPLES)]

    def labels(self, generator):
        return np.asarray(["word0" in text.split() for text in self.texts()]).astype(int)

    @classmethod
    def cells(cls, folder):
        (folder / "synonyms.txt").write_text("word1, word2\nword3, word4, other\n", encoding="utf-8")
        cells = cls.texts()
        cls.one, cls.other = [row for row, text in enumerate(cells) if "word0" not in text.split()][:2]
        write_wordings(
            folder / "plot.jsonl", {cells[cls.one]: ["word5 new", "word6"], cells[cls.other]: ["word7"]}
        )
        return cells

    def disturb(self, parts, generator):
        parts["wordings"] = generator.integers(0, 9, parts["wordings"].shape).astype("int32")
        return parts  # what is read in training alone

    def test_other_wordings_are_parts(self, sample):
        wordings = sample.parts["wordings"]
        assert sample.state["wordings"] == 2 and wordings.shape == (EXAMPLES + 2, 2, 6)
        numbers = {word: number for number, word in enumerate(sample.state["terms"], 2)}
        assert "new" in numbers  # they teach the vocabulary, too
        assert wordings[1 + self.one].tolist() == [
            [numbers["word5"], numbers["new"], *[0] * 4],
            [numbers["word6"], *[0] * 5],
        ]
        assert wordings[1 + self.other, 0, 0] == numbers["word7"] and not wordings[1 + self.other, 1].any()
        assert wordings.any(axis=(1, 2)).sum() == 2

    @pytest.mark.backend
    def test_training_reads_something_else_and_serving_does_not(self, sample, encoder):
        tokens, _ = run(encoder, sample.parts)
        excited = np.asarray(encoder(sample.parts, training=True)[0])
        assert np.isfinite(excited).all() and np.abs(tokens - excited).max() > 1e-4
        alone = np.asarray(
            encoder({"tokens": sample.parts["tokens"], "wordings": 0 * sample.parts["wordings"]})[0]
        )
        np.testing.assert_allclose(alone, tokens, atol=1e-6)


def test_a_thesaurus_by_hand(tmp_path):
    (tmp_path / "synonyms.txt").write_text(THESAURUS, encoding="utf-8")
    groups = read_thesaurus(tmp_path, "synonyms.txt")
    assert groups == [["car", "automobile", "auto"], ["big", "large"]]
    numbers = {"car": 2, "auto": 3, "automobile": 3, "big": 4, "small": 5}  # two words of one stem
    assert synonym_table(groups, numbers, 6).tolist() == [[0], [0], [3], [2], [0], [0]]


def test_what_is_wrong_with_files_is_said(tmp_path):
    with pytest.raises(ValueError, match=r"Thesaurus 'synonyms.txt' was not found"):
        read_thesaurus(tmp_path, "synonyms.txt")
    (tmp_path / "synonyms.txt").write_text("car; automobile\n")
    with pytest.raises(ValueError, match="has no synonyms: a line holds words of one meaning"):
        read_thesaurus(tmp_path, "synonyms.txt")
    with pytest.raises(ValueError, match="No two synonyms of the thesaurus are words of the vocabulary"):
        synonym_table([["car", "automobile"]], {"car": 2}, 3)
    with pytest.raises(ValueError, match=r"File of wordings 'plot.jsonl' was not found.*back_translate"):
        read_wordings(tmp_path, "plot.jsonl")
    for line in ("no json", '{"text": "a"}', '{"text": "a", "wordings": "b"}', '["a"]'):
        (tmp_path / "plot.jsonl").write_text('{"text": "a", "wordings": []}\n' + line)
        with pytest.raises(ValueError, match=r"'plot.jsonl', line 2: expected"):
            read_wordings(tmp_path, "plot.jsonl")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"augment": "swap"}, r"augment is a list such as \['delete', 'swap'\], got 'swap'"),
        ({"augment": ["swop"]}, "no augmentation 'swop' of a text. Did you mean 'swap'"),
        ({"augment": ["synonyms"]}, "augment='synonyms' needs a file.*thesaurus=\""),
        ({"augment": ["reword"]}, "augment='reword' needs a file.*wordings=\""),
        ({"thesaurus": "x.txt"}, "nothing reads thesaurus='x.txt': augment="),
        ({"wordings": "x.jsonl", "augment": ["swap"]}, "nothing reads wordings='x.jsonl'"),
    ],
)
def test_settings_that_lack_something(given, message):
    with pytest.raises(ValueError, match=message):
        Text("plot", **given)


def folder_of_plots(folder):
    rows = ["a,A big car,1", "b,A small car,2", "c,,3", "d,A big car,4"]
    lines = ["item_id,plot,stars,split", *(f"{row},train" for row in rows)]
    (folder / "items.csv").write_text("".join(f"{line}\n" for line in lines))
    text = Text("plot", length=4, min_count=1, augment=["reword"], wordings="plot.jsonl")
    return Schema(item=[text], tasks=[Rating("stars")], user_id=None, tables={"events": "items.csv"})


def test_back_translation_writes_what_training_reads(tmp_path):
    schema, asked = folder_of_plots(tmp_path), []

    def german(texts):
        asked.extend(texts)
        return [text.replace("car", "motorcar") for text in texts]

    def unchanged(texts):
        return [text.upper() for text in texts]

    seen = []
    done = back_translate(tmp_path, schema, "plot", [german, unchanged], 1, lambda *told: seen.append(told))
    assert done == 2 and asked == ["A big car", "A small car"]  # each once, and nothing of nothing
    assert [told[1:] for told in seen] == [(1, 2), (2, 2)]
    assert read_wordings(tmp_path, "plot.jsonl") == {
        "A big car": ("A big motorcar",),
        "A small car": ("A small motorcar",),
    }
    table = (tmp_path / "items.csv").read_text()
    (tmp_path / "items.csv").write_text(table + "e,An old car,5,train\n")
    assert back_translate(tmp_path, schema, "plot", german) == 1 and asked[-1] == "An old car"
    data = load(tmp_path, schema)
    numbers = {word: n for n, word in enumerate(data.vocabulary.features["item"]["plot"]["terms"], 2)}
    row = data.item_ids.index("b")
    said = data.items["plot"]["wordings"][row, 0]
    assert said.tolist() == [numbers["a"], numbers["small"], numbers["motorcar"], 0]


def test_what_is_no_translator_is_said(tmp_path):
    schema = folder_of_plots(tmp_path)
    for wrong in (lambda texts: texts[:1], lambda texts: "a text", lambda texts: [None] * len(texts)):
        with pytest.raises(ValueError, match="one text for each of 2, in their order"):
            back_translate(tmp_path, schema, "plot", wrong)
    with pytest.raises(ValueError, match="'stars' is none that names a file"):
        back_translate(tmp_path, schema, "stars", list)


def test_words_that_mean_nothing_new_are_those_of_their_rows(tmp_path):
    schema = folder_of_plots(tmp_path)
    back_translate(tmp_path, schema, "plot", lambda texts: [f"{text} anew" for text in texts])
    member = schema.item[0]
    new = member.raw(["A big car", "Unheard of", None], tmp_path, None)
    state = member.with_files(member.fit(new), tmp_path)
    parts = preprocessed(member, state, new)
    assert parts["wordings"].any(axis=(1, 2)).tolist() == [True, False, False]
    (tmp_path / "elsewhere").mkdir()
    assert member.raw(["A big car"], tmp_path / "elsewhere", None) == ["A big car"]  # an item that came later
