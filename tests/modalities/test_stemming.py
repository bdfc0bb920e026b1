"""Porter's stems: the examples of his paper."""

import pytest

from tfmmrec.modalities.stemming import porter

PAIRS = """
caresses caress  ponies poni  ties ti  cats cat  feed feed  agreed agre  plastered plaster  bled bled
motoring motor  sing sing  conflated conflat  troubled troubl  sized size  hopping hop  tanned tan
falling fall  hissing hiss  fizzed fizz  failing fail  filing file  happy happi  sky sky
relational relat  conditional condit  rational ration  valenci valenc  hesitanci hesit  digitizer digit
conformabli conform  radicalli radic  differentli differ  vileli vile  analogousli analog
vietnamization vietnam  predication predic  operator oper  feudalism feudal  decisiveness decis
hopefulness hope  callousness callous  formaliti formal  sensitiviti sensit  sensibiliti sensibl
triplicate triplic  formative form  formalize formal  electriciti electr  electrical electr  hopeful hope
goodness good  revival reviv  allowance allow  inference infer  airliner airlin  gyroscopic gyroscop
adjustable adjust  defensible defens  irritant irrit  replacement replac  adjustment adjust
dependent depend  adoption adopt  communism commun  activate activ  homologous homolog  effective effect
bowdlerize bowdler  probate probat  rate rate  cease ceas  controll control  roll roll
generalizations gener  oscillators oscil
"""


def test_the_examples_of_the_paper():
    words = PAIRS.split()
    assert [porter(word) for word in words[::2]] == words[1::2]


def test_one_stem_for_all():
    assert {porter(f"connect{end}") for end in ("", "ed", "ing", "ion", "ions", "ive")} == {"connect"}


@pytest.mark.parametrize("word", ["", "as", "école", "3d", "我"])
def test_what_has_no_english_suffix_stays(word):
    assert porter(word) == word
