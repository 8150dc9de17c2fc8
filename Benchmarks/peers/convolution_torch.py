"""Writes what PyTorch makes of two convolutional networks, for the tests of Foresight's, and of steps of centered RMSprop.

    .venv/bin/python convolution_torch.py ../../Tests/NetworksTests/Fixtures/convolution_torch.json

Weights, images and output gradients are numbers that both sides make from an index (`drawn`), so that the file holds
results alone: outputs, each parameter tensor's gradient at some places and its norm, and the images' gradient likewise.
Parameters are in Foresight's order: weights [row, column, channel, filter] of each convolution and [in, out] of each
layer, then biases; the maps enter the first layer row by row, channels innermost.
"""

import json
import pathlib
import sys

import numpy as np
import torch
from torch import nn

PLACES = 64


def drawn(count, seed):
    """`count` numbers in -1/2...1/2, by a hash of seed and index."""
    x = np.arange(count, dtype=np.uint32) + np.uint32(seed * 1_000_003 % 2**32)
    x ^= x >> np.uint32(16)
    x *= np.uint32(0x7FEB352D)
    x ^= x >> np.uint32(15)
    x *= np.uint32(0x846CA68B)
    x ^= x >> np.uint32(16)
    return x.astype(np.float64) / 2**32 - 0.5


def summary(values):
    """Some elements of a tensor in Foresight's order, and its norm."""
    flat = values.ravel()
    places = np.linspace(0, flat.size - 1, min(PLACES, flat.size)).astype(int)
    return {"elements": flat[places].tolist(), "norm": float(np.sqrt((flat**2).sum()))}


def case(size, channels, layers, width, outputs, rows, maximum):
    shapes, modules, depth, seed, left = [], [], channels, 0, size
    for filters, kernel, stride in layers:
        modules += [nn.Conv2d(depth, filters, kernel, stride), nn.ReLU()]
        shapes.append((kernel, kernel, depth, filters))
        depth, left = filters, (left - kernel) // stride + 1
    shapes += [(left, left, depth, width), (width, outputs)]
    modules += [nn.Flatten(), nn.Linear(left**2 * depth, width), nn.ReLU(), nn.Linear(width, outputs)]
    network = nn.Sequential(*modules).double()
    trained = [module for module in network if hasattr(module, "weight")]

    def torch_order(values, shape):
        """From Foresight's order of a weight to PyTorch's."""
        if len(shape) == 2:
            return values.reshape(shape).T
        values = values.reshape(shape)
        is_layer = shape == shapes[-2]
        return values.transpose(3, 2, 0, 1).reshape(shape[3], -1) if is_layer else values.transpose(3, 2, 0, 1)

    def own_order(values, shape):
        """The way back."""
        if len(shape) == 2:
            return values.T
        return values.reshape(shape[3], shape[2], shape[0], shape[1]).transpose(2, 3, 1, 0)

    for module, shape in zip(trained, shapes, strict=True):
        fan_in = int(np.prod(shape[:-1]))
        weight = drawn(fan_in * shape[-1], seed + 1) * 2 * np.sqrt(6 / fan_in)
        module.weight.data = torch.from_numpy(np.ascontiguousarray(torch_order(weight.astype(np.float32), shape))).double()
        module.bias.data = torch.from_numpy(drawn(shape[-1], seed + 2).astype(np.float32) * np.float32(0.2)).double()
        seed += 2
    images = np.floor((drawn(rows * size * size * channels, 101) + 0.5) * (maximum + 1))
    x = torch.from_numpy(images.reshape(rows, size, size, channels) / maximum).permute(0, 3, 1, 2).requires_grad_()
    result = network(x)
    result.backward(torch.from_numpy(drawn(rows * outputs, 102).reshape(rows, outputs)))
    gradients = []
    for module, shape in zip(trained, shapes, strict=True):
        gradients += [summary(own_order(module.weight.grad.numpy(), shape)), summary(module.bias.grad.numpy())]
    pixels = x.grad.permute(0, 2, 3, 1).numpy() / maximum
    return {
        "size": size, "channels": channels, "layers": [list(layer) for layer in layers], "width": width, "rows": rows,
        "maximum": maximum, "outputs": result.detach().numpy().tolist(), "gradients": gradients,
        "image_gradient": summary(np.ascontiguousarray(pixels)),
    }  # fmt: skip


def rmsprop():
    """Parameters after each of some steps on drawn gradients."""
    parameter = nn.Parameter(torch.from_numpy(drawn(8, 201)))
    optimizer = torch.optim.RMSprop([parameter], lr=2.5e-4, alpha=0.95, eps=0.01, centered=True)
    seen = []
    for step in range(20):
        parameter.grad = torch.from_numpy(drawn(8, 202 + step))
        optimizer.step()
        seen.append(parameter.detach().numpy().tolist())
    return seen


content = {
    "cases": {
        "nature": case(84, 4, [(32, 8, 4), (64, 4, 2), (64, 3, 1)], 512, 6, 2, 255),
        "small": case(10, 4, [(16, 3, 1)], 128, 6, 5, 1),
    },
    "rmsprop": rmsprop(),
}
pathlib.Path(sys.argv[1]).write_text(json.dumps(content) + "\n")
