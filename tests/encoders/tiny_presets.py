"""Presets of keras-hub: tiny random networks, with their tokenisers and converters, saved to a folder."""

from pathlib import Path
from typing import Any

from tokenisers.models import BYTE, CONTROL, NORMAL, UNKNOWN, model

SIZE = {"num_layers": 1, "num_heads": 2, "hidden_dim": 8, "intermediate_dim": 16}
WORDS = [f"word{number}" for number in range(12)]


def save(folder: Path, name: str) -> Any:
    """Writes the preset ``folder/name`` and returns its network."""
    import keras_hub

    network, *others = globals()[f"_{name}"](keras_hub)
    for one in (network, *others):
        one.save_to_preset(str(folder / name))
    return network


def _bert(hub: Any) -> tuple[Any, ...]:
    letters = sorted(set("".join(WORDS)))
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "word", *letters, *(f"##{x}" for x in letters)]
    network = hub.models.BertBackbone(len(pieces), **SIZE, max_sequence_length=16, dropout=0.0)
    return network, hub.tokenizers.BertTokenizer(pieces, lowercase=True)


def _roberta(hub: Any) -> tuple[Any, ...]:
    pieces = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", *_signs(), "wo", "rd", "word", "Ġword"]
    numbers = {piece: number for number, piece in enumerate(pieces)}
    network = hub.models.RobertaBackbone(len(pieces), **SIZE, max_sequence_length=16, dropout=0.0)
    merges = ["w o", "r d", "wo rd", "Ġ word"]
    return network, hub.tokenizers.RobertaTokenizer(vocabulary=numbers, merges=merges)


def _t5(hub: Any) -> tuple[Any, ...]:
    pieces = [("<pad>", 0.0, CONTROL), ("</s>", 0.0, CONTROL), ("<unk>", 0.0, UNKNOWN)]
    pieces += [("▁word", -1.0, NORMAL), ("▁", -2.0, NORMAL)]
    pieces += [(letter, -3.0 - place / 8, NORMAL) for place, letter in enumerate(_letters())]
    network = hub.models.T5Backbone(len(pieces), **SIZE, dropout=0.0)
    return network, hub.tokenizers.T5Tokenizer(proto=model(pieces))


def _gemma(hub: Any) -> tuple[Any, ...]:
    pieces = [
        ("<pad>", 0.0, CONTROL),
        ("<eos>", 0.0, CONTROL),
        ("<bos>", 0.0, CONTROL),
        ("<unk>", 0.0, UNKNOWN),
    ]
    pieces += [(f"<0x{byte:02X}>", 0.0, BYTE) for byte in range(256)]
    pieces += [(p, -1.0 - place, NORMAL) for place, p in enumerate(["wo", "rd", "word", "▁word"])]
    pieces += [(letter, -9.0 - place, NORMAL) for place, letter in enumerate(["▁", *_letters()])]
    network = hub.models.GemmaBackbone(len(pieces), 1, 2, 1, 8, 16, 4)
    return network, hub.tokenizers.GemmaTokenizer(proto=model(pieces, kind=2, prefix=False))


def _vit(hub: Any) -> tuple[Any, ...]:
    size = {"num_layers": 1, "num_heads": 2, "hidden_dim": 8, "mlp_dim": 16}
    network = hub.models.ViTBackbone(image_shape=(16, 16, 3), patch_size=8, **size)
    return network, hub.layers.ViTImageConverter(image_size=(16, 16), scale=1 / 127.5, offset=-1.0)


def _resnet(hub: Any) -> tuple[Any, ...]:
    network = hub.models.ResNetBackbone([64], [3], [64, 64], [1, 1], [1, 2], "basic_block")
    colours = {"scale": [0.02, 0.03, 0.04], "offset": [-2.0, -1.5, -1.0]}
    return network, hub.layers.ResNetImageConverter(image_size=(16, 16), **colours)


def _clip(hub: Any) -> tuple[Any, ...]:
    vision = hub.models.CLIPVisionEncoder(patch_size=8, **SIZE, image_shape=(16, 16, 3))
    pieces = [*_signs(), *(sign + "</w>" for sign in _signs()), "wo", "wor", "word"]
    pieces += ["<|startoftext|>", "<|endoftext|>"]
    text = hub.models.CLIPTextEncoder(len(pieces), 8, **SIZE, max_sequence_length=8)
    numbers = {piece: number for number, piece in enumerate(pieces)}
    tokenizer = hub.tokenizers.CLIPTokenizer(vocabulary=numbers, merges=["w o", "wo r", "wor d"])
    return hub.models.CLIPBackbone(vision, text, 8), tokenizer


def _siglip(hub: Any) -> tuple[Any, ...]:
    vision = hub.models.SigLIPVisionEncoder(patch_size=8, **SIZE, image_shape=(16, 16, 3))
    pieces = [("<unk>", 0.0, UNKNOWN), ("</s>", 0.0, CONTROL), ("▁word", -1.0, NORMAL), ("▁", -2.0, NORMAL)]
    pieces += [(letter, -3.0 - place / 8, NORMAL) for place, letter in enumerate(_letters())]
    text = hub.models.SigLIPTextEncoder(len(pieces), 8, **SIZE, max_sequence_length=8)
    return hub.models.SigLIPBackbone(vision, text), hub.tokenizers.SigLIPTokenizer(proto=model(pieces))


def _whisper(hub: Any) -> tuple[Any, ...]:
    size = {"max_encoder_sequence_length": 20, "max_decoder_sequence_length": 4}
    network = hub.models.WhisperBackbone(9, **SIZE, num_mels=8, **size)
    return network, hub.layers.WhisperAudioConverter(num_mels=8, max_audio_length=1)


def _letters() -> list[str]:
    return sorted(set("".join(WORDS)))


def _signs() -> list[str]:
    from tfmmrec.tokenisers.byte_pairs import byte_signs

    return byte_signs()
