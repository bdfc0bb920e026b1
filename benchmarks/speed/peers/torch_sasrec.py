"""A plain PyTorch SASRec with full softmax, timed on given batches; runs in an environment of its own.

``python torch_sasrec.py FOLDER`` needs torch and numpy only and reads FOLDER's ``settings.json`` and
``batches.npz``. It prints one JSON line per measured step: how it ran (eager, or by ``torch.compile``),
seconds, and the numbers of real tokens and of supervised targets. Pre-norm blocks,
`scaled_dot_product_attention` with its causal flag (padding stands behind the events, so it needs no mask),
logits of the supervised positions alone, fused AdamW: what a good user of PyTorch writes in an afternoon. The
chunked `linear_cross_entropy` of torch 2.13 was tried instead of logits written out, and made steps slower.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional


class Block(nn.Module):
    """Attention and a feed-forward layer, each residual."""

    def __init__(self, width: int, heads: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.read, self.write = nn.Linear(width, 3 * width, bias=False), nn.Linear(width, width, bias=False)
        self.inner, self.outer = nn.Linear(width, hidden), nn.Linear(hidden, width)
        self.drop = nn.Dropout(dropout)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, steps, width = x.shape
        parts = self.read(self.first(x)).view(batch, steps, 3, self.heads, width // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        found = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        x = x + self.drop(self.write(found.transpose(1, 2).reshape(batch, steps, width)))
        return x + self.drop(self.outer(functional.gelu(self.inner(self.second(x)))))


class SASRec(nn.Module):
    """Self-attentive sequential recommendation (Kang and McAuley, 2018) with a full softmax."""

    def __init__(self, items: int, length: int, width: int, layers: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.item = nn.Embedding(items + 1, width, padding_idx=0)
        self.position = nn.Embedding(length, width)
        nn.init.normal_(self.item.weight, std=0.02)
        hidden = 4 * width
        self.blocks = nn.ModuleList(Block(width, heads, hidden, dropout) for _ in range(layers))
        self.norm, self.drop = nn.LayerNorm(width), nn.Dropout(dropout)

    def forward(self, read: torch.Tensor, place: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
        """The mean loss of the supervised places (in the flattened batch), each of which wants an item."""
        x = self.drop(self.item(read) + self.position.weight[: read.shape[1]])
        for block in self.blocks:
            x = block(x)
        logits = self.norm(x.flatten(0, 1)[place]) @ self.item.weight[1:].T
        return functional.cross_entropy(logits, wanted)


def main() -> None:
    """Times the steps after the warm-up, first eager and then compiled."""
    folder = Path(sys.argv[1])
    batches, settings = np.load(folder / "batches.npz"), json.loads((folder / "settings.json").read_text())
    torch.set_num_threads(settings["threads"])
    read, asked = (torch.from_numpy(batches[name].astype("int64")) for name in ("read", "asked"))
    names = ("items", "length", "width", "layers", "heads", "dropout")
    for how in ("eager", "compiled"):
        torch.manual_seed(0)
        model = SASRec(**{name: settings[name] for name in names})
        forward = torch.compile(model) if how == "compiled" else model
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, fused=True)
        for step in range(settings["warm_up"] + settings["steps"]):
            number = step % len(read)
            began = time.perf_counter()
            place = asked[number].flatten().nonzero()[:, 0]
            wanted = asked[number].flatten()[place] - 1
            torch._dynamo.mark_dynamic(place, 0)  # another count of targets is not another compilation
            torch._dynamo.mark_dynamic(wanted, 0)
            loss = forward(read[number], place, wanted)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            value = loss.item()
            seconds = time.perf_counter() - began
            if step >= settings["warm_up"]:
                counts = {"tokens": int((read[number] > 0).sum()), "targets": len(wanted)}
                print(json.dumps({"how": how, "seconds": seconds, **counts, "loss": value}), flush=True)


if __name__ == "__main__":
    main()
