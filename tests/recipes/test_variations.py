"""What is varied: values, families, modalities, and the mistakes one makes in writing them."""

import pytest

import small
from tfmmrec import alignment, balancing, fusion, sharing
from tfmmrec.alignment import Alignment
from tfmmrec.balancing import Balancing
from tfmmrec.fusion import Fusion
from tfmmrec.members import find, members
from tfmmrec.recipes.settings import Settings
from tfmmrec.recipes.variations import canonical, choices_of, chosen_by, member_name, varied
from tfmmrec.sharing import Sharing

SCHEMA = small.schema()  # items: item_id, year, genres
BASE = Settings()


def texts(*vary, base=BASE, schema=SCHEMA):
    return {name: [one.text for one in choices] for name, choices in varied(vary, schema, base).items()}


def test_values_are_separated_by_commas_and_settings_named_again_are_added_to():
    assert texts("fusion=sum, Gated", "width=8,16", "fusion=low-rank-bilinear,SUM") == {
        "fusion": ["sum", "gated", "low_rank_bilinear"],
        "width": ["8", "16"],
    }


def test_values_become_what_the_setting_takes():
    found = varied(["learning-rate=1e-3,0.01", "jit=true", "dropout=none,0.5", "ema=none"], SCHEMA, BASE)
    changed = {name: [one.change[name] for one in choices] for name, choices in found.items()}
    assert changed == {
        "learning_rate": [0.001, 0.01],
        "jit": [True],
        "dropout": ["none", 0.5],
        "ema": ["none"],
    }
    assert found["dropout"][0].of(Settings(dropout=0.1)).dropout is None
    assert [one.text for one in found["dropout"]] == ["none", "0.5"]


@pytest.mark.parametrize(
    ("name", "package", "base"),
    [("fusion", fusion, Fusion), ("sharing", sharing, Sharing), ("balancing", balancing, Balancing)],
)
def test_all_is_every_member_and_each_is_found_by_its_text(name, package, base):
    (found,) = varied([f"{name}=all"], SCHEMA, BASE).values()
    there = members(package, base)
    assert {find(package, base, one.text) for one in found} == set(there.values())
    assert len(found) == len(there)


def test_all_alignments_are_none_and_every_member():
    (found,) = texts("alignment=all").values()
    assert found[0] == "none" and len(found) == 1 + len(members(alignment, Alignment))


def test_names_of_members_are_written_as_elsewhere():
    names = ("MLP", "LowRankBilinear", "MMoE", "PCGrad", "CoAttention", "DWA", "MaxCosine", "InBatch")
    assert [member_name(name) for name in names] == [
        *("mlp", "low_rank_bilinear", "mmoe", "pc_grad", "co_attention", "dwa", "max_cosine", "in_batch")
    ]


def test_a_member_with_settings_of_its_own_is_a_table():
    (found,) = varied(['fusion={name = "Transformer", layers = 1, heads = 2},sum'], SCHEMA, BASE).values()
    assert [one.text for one in found] == ["transformer(layers=1 heads=2)", "sum"]
    settings = found[0].of(BASE)
    assert settings.fusion == {"name": "transformer", "layers": 1, "heads": 2}
    assert chosen_by("fusion", settings) == found[0].text


def test_modalities_are_the_full_model_each_alone_and_each_left_out():
    (found,) = varied(["modalities=all"], SCHEMA, BASE).values()
    assert {one.text: one.of(BASE).only.get("item") for one in found} == {
        "full": None,
        "item_id": ["item_id"],
        "year": ["year"],
        "genres": ["genres"],
        "-item_id": ["year", "genres"],
        "-year": ["item_id", "genres"],
        "-genres": ["item_id", "year"],
    }


def test_of_two_modalities_each_alone_is_the_other_left_out():
    base = Settings(only={"item": ["year", "item_id"], "tasks": ["next_item"]})
    (found,) = varied(["modalities=all"], SCHEMA, base).values()
    assert [one.text for one in found] == ["full", "item_id", "year"]
    assert found[2].of(base).only == {"item": ["year"], "tasks": ["next_item"]}
    assert found[0].of(base) == base


def test_modalities_named_together():
    (found,) = varied(["modalities=genres+item_id,-year+genres,year+item_id+genres"], SCHEMA, BASE).values()
    assert [one.of(BASE).only.get("item") for one in found] == [["item_id", "genres"], ["item_id"], None]


def test_names_of_one_meaning_are_one():
    wild = Settings(fusion="Low_Rank-Bilinear", alignment="KL", sharing={"name": "MMoE", "experts": 2})
    tame = canonical(wild)
    assert (tame.fusion, tame.alignment) == ("low_rank_bilinear", "kl")
    assert tame.sharing == {"name": "mmoe", "experts": 2}
    assert canonical(tame) == tame and canonical(Settings()) == Settings()
    assert chosen_by("alignment", Settings()) == "none" and chosen_by("epochs", Settings()) == "20"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fusion", "a setting and its values, such as fusion=sum,gated; got 'fusion'"),
        ("fusion=", "a setting and its values"),
        ("fusion=gatd", "There is no fusion 'gatd'. Did you mean 'gated'"),
        ("fusion=none", "There is no fusion 'none'"),
        ("fussion=sum", "There is no setting 'fussion' to vary. Did you mean 'fusion'"),
        ("split=random,auto", "split cannot be varied: what is learnt from other data"),
        ("seed=1,2", "seed cannot be varied: --seeds"),
        ("k=10,20", "k cannot be varied"),
        ("epochs=ten", "epochs must be a whole number of 1 or more, got 'ten'"),
        ("epochs=all", "epochs=all: there are no members"),
        ("fusion={layers=2}", "fusion is a name, or a table"),
        ('fusion={name="sum"', "is no table of TOML"),
        ("modalities=poster", "There is no item feature named 'poster'"),
        ("modalities=-item_id+year+genres", "leaves nothing of the items"),
    ],
)
def test_what_cannot_be_varied(text, said):
    with pytest.raises(ValueError) as caught:
        varied([text], SCHEMA, BASE)
    assert said in str(caught.value)


def test_a_value_of_a_file_is_taken_as_it_is():
    assert choices_of("width", 8, SCHEMA, BASE)[0].of(BASE).width == 8
    assert choices_of("fusion", {"name": "sum"}, SCHEMA, BASE)[0].change == {"fusion": "sum"}
