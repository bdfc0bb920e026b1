"""Words of any script, and what is taken out of a text before."""

import pytest

from tfmmrec.modalities import Text
from tfmmrec.modalities.words import ENGLISH, words


def split(text, clean=()):
    (found,) = words([text], clean).to_list()
    return [word.decode() for word in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Red, red rose!", ["the", "red", "red", "rose"]),
        ("don't stop — it’s 1999", ["dont", "stop", "its", "1999"]),
        ("ÉCOLE d'été", ["école", "dété"]),
        ("我爱电影 2", ["我", "爱", "电", "影", "2"]),
        ("ひらがな", ["ひ", "ら", "が", "な"]),
        ("спасибо!", ["спасибо"]),
        ("  ...  ", []),
        ("", []),
    ],
)
def test_words_of_any_script(text, expected):
    assert split(text) == expected


def test_bytes_that_are_no_utf8_do_not_stop_it():
    (found,) = words([b"caf\xff red"]).to_list()
    assert found[-1] == b"red"


@pytest.mark.parametrize(
    ("clean", "text", "expected"),
    [
        ("html", "<p class='x'>Salt &amp; pepper&#39;s</p>", ["salt", "pepper", "s"]),
        ("urls", "see https://a.b/c?d=1 or www.x.org, mail me@x.org now", ["see", "or", "mail", "now"]),
        ("mentions", "thanks @some_one for #this", ["thanks", "for", "this"]),
        ("digits", "blade runner 2049", ["blade", "runner"]),
    ],
)
def test_what_is_taken_out(clean, text, expected):
    assert split(text, (clean,)) == expected
    assert split(text) != expected


def test_stop_words_tell_little():
    assert {"the", "of", "is"} <= set(ENGLISH) and not {"not", "no", "never", "dont"} & set(ENGLISH)
    assert len(set(ENGLISH)) == len(ENGLISH)
    assert all(split(word) == [word] for word in ENGLISH)  # as the splitting leaves them


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"clean": "html"}, r"clean is a list such as \['html', 'urls'\], got 'html'"),
        ({"clean": ["htm"]}, "there is no cleaning 'htm'. Did you mean 'html'"),
        ({"stop_words": "german"}, "stop_words is \"english\" or a list of words, got 'german'"),
        ({"encoder": "text_cn"}, "there is none named 'text_cn'. Did you mean 'textcnn'"),
    ],
)
def test_settings_there_are_not(settings, match):
    with pytest.raises(ValueError, match=rf"Text\('plot'\): .*{match}"):
        Text("plot", **settings)
