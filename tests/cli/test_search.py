"""`tfmmrec search`: words, a picture, a sound."""

import json
import re

import pytest
from PIL import Image

from export import world
from tfmmrec.serving import Served

WORDS = "title 4 of the long blue row"


@pytest.fixture(scope="module")
def shop():
    return world.shop_export()


@pytest.fixture(scope="module")
def media():
    """Pictures and sounds of the shop, as files."""
    return world.folder() / "shop" / "media"


def test_words_find_items(tfmmrec, shop):
    result = tfmmrec("search", shop, WORDS, "--k", "3", "--data", world.folder() / "shop")
    assert result.exit_code == 0, result.output
    answer = Served(shop).search(query_title=WORDS, k=3)
    assert f"For '{WORDS}'" in result.stdout
    places = [result.stdout.index(f"title {world.ITEMS.index(item)} of") for item in answer["item_id"]]
    assert places == sorted(places)


def test_a_picture_a_sound_and_all_together(tfmmrec, shop, media):
    picture, sound = media / "poster4-0.png", media / "sound4-0.wav"
    options = (WORDS, "--image", picture, "--audio", sound, "--allow", "x,y,z", "--json")
    answer = json.loads(tfmmrec("search", shop, *options).stdout)
    query = {"query_poster": picture.read_bytes(), "query_sound": sound.read_bytes()}
    expected = Served(shop).search(query_title=WORDS, allow=["x", "y", "z"], **query)
    assert answer["item_id"] == expected["item_id"] and len(answer["item_id"]) == 3
    shown = tfmmrec("search", shop.parent, "--image", picture, "--audio", sound)
    assert "For poster4-0.png and sound4-0.wav" in shown.stdout


def test_other_formats_are_converted_as_those_of_a_data_folder(tfmmrec, shop, media, tmp_path):
    soundfile = pytest.importorskip("soundfile")
    with Image.open(media / "poster4-0.png") as picture:
        picture.save(tmp_path / "poster.webp", lossless=True)
    samples, rate = soundfile.read(media / "sound4-0.wav", dtype="int16")
    soundfile.write(tmp_path / "sound.flac", samples, rate)
    for option, came, other in (
        ("--image", media / "poster4-0.png", tmp_path / "poster.webp"),
        ("--audio", media / "sound4-0.wav", tmp_path / "sound.flac"),
    ):
        answers = [json.loads(tfmmrec("search", shop, option, one, "--json").stdout) for one in (came, other)]
        assert answers[0]["item_id"] == answers[1]["item_id"]
        assert answers[0]["score"] == pytest.approx(answers[1]["score"], abs=1e-4)


def test_a_file_that_cannot_be_read_is_told_of(tfmmrec, shop, tmp_path):
    (tmp_path / "poster.png").write_bytes(b"no picture")
    result = tfmmrec("search", shop, "--image", tmp_path / "poster.png")
    assert result.exit_code == 2 and re.search("--image, '.*poster.png': not a readable", result.stderr)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ((), "What is looked for. Give words, such as"),
        (("--image", "nowhere.png"), "--image is the path of a file, and 'nowhere.png' is none"),
        ((WORDS, "--k", "0"), "--k"),
    ],
)
def test_what_cannot_be_asked(tfmmrec, shop, asked, message):
    result = tfmmrec("search", shop, *asked)
    assert result.exit_code == 2 and re.search(message, result.stderr), result.stderr


def test_an_export_that_cannot_be_searched(tfmmrec):
    result = tfmmrec("search", world.circle_export(), "red")
    assert result.exit_code == 2
    assert "does not answer 'search'. Its model has no alignment" in result.stderr
