"""A plain PyTorch SASRec with full softmax, timed on given batches; runs in an environment of its own.

``python torch_sasrec.py BATCHES.npz SETTINGS.json`` needs torch and numpy only, and prints one JSON line per
measured step: seconds, and the numbers of real tokens and of supervised targets. Pre-norm blocks,
`scaled_dot_product_attention` with its causal flag (padding stands behind the events, so it needs no mask),
logits of the supervised positions alone, AdamW: what a good user of PyTorch writes in an afternoon.
"""

import json
import sys
import time

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

    def forward(self, read: torch.Tensor, asked: torch.Tensor) -> torch.Tensor:
        x = self.drop(self.item(read) + self.position.weight[: read.shape[1]])
        for block in self.blocks:
            x = block(x)
        supervised = asked > 0
        logits = self.norm(x[supervised]) @ self.item.weight[1:].T
        return functional.cross_entropy(logits, asked[supervised] - 1)


def main() -> None:
    """Times the steps after the warm-up."""
    batches = np.load(sys.argv[1])
    with open(sys.argv[2]) as file:
        settings = json.load(file)
    torch.set_num_threads(settings["threads"])
    torch.manual_seed(0)
    names = ("items", "length", "width", "layers", "heads", "dropout")
    model = SASRec(**{name: settings[name] for name in names})
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    read, asked = (torch.from_numpy(batches[name].astype("int64")) for name in ("read", "asked"))
    for step in range(settings["warm_up"] + settings["steps"]):
        began = time.perf_counter()
        loss = model(read[step % len(read)], asked[step % len(read)])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        value = float(loss)
        if step >= settings["warm_up"]:
            tokens = int((read[step % len(read)] > 0).sum())
            targets = int((asked[step % len(read)] > 0).sum())
            seconds = time.perf_counter() - began
            print(json.dumps({"seconds": seconds, "tokens": tokens, "targets": targets, "loss": value}))


if __name__ == "__main__":
    main()
