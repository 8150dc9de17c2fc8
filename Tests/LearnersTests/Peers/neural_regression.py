"""The regression of neural fitted Q iteration in NumPy: a perceptron with tanh layers and one output, and Rprop on all
examples.

Reads {"sizes": [...], "parameters": [...], "observations": [[...]], "actions": [...], "targets": [...], "epochs": n, "step":
s, "choices": A} as JSON from the file named first; parameters are weight [in, out] and bias of each layer in turn. Writes to
the file named second the values of all actions at the observations.
"""

import json
import sys
from itertools import pairwise

import numpy as np


def layers(parameters, sizes):
    """Weights and biases as views of the flat parameters."""
    result, place = [], 0
    for inputs, outputs in pairwise(sizes):
        weight = parameters[place : place + inputs * outputs].reshape(inputs, outputs)
        place += inputs * outputs
        result.append((weight, parameters[place : place + outputs]))
        place += outputs
    return result


def forward(x, network):
    """Outputs of all layers, the inputs first."""
    outputs = [x]
    for index, (weight, bias) in enumerate(network):
        z = outputs[-1] @ weight + bias
        outputs.append(z if index == len(network) - 1 else np.tanh(z))
    return outputs


def main():
    with open(sys.argv[1]) as file:
        request = json.load(file)
    sizes, parameters = request["sizes"], np.array(request["parameters"])
    observations, actions = np.array(request["observations"]), np.array(request["actions"])
    targets = np.array(request["targets"])
    standard = (observations - observations.mean(axis=0)) / observations.std(axis=0)
    choices = np.eye(request["choices"])
    x = np.concatenate([standard, choices[actions]], axis=1)
    y = ((targets - targets.mean()) / targets.std())[:, None]
    steps, previous = np.full_like(parameters, request["step"]), np.zeros_like(parameters)
    for _ in range(request["epochs"]):
        network = layers(parameters, sizes)
        outputs = forward(x, network)
        gradient = np.zeros_like(parameters)
        slots = layers(gradient, sizes)
        delta = (outputs[-1] - y) / len(y)
        for index in reversed(range(len(network))):
            slots[index][0][:] = outputs[index].T @ delta
            slots[index][1][:] = delta.sum(axis=0)
            if index > 0:
                delta = (delta @ network[index][0].T) * (1 - outputs[index] ** 2)
        change = np.sign(gradient * previous)
        steps = np.clip(steps * np.select([change > 0, change < 0], [1.2, 0.5], 1.0), 1e-6, 50.0)
        previous = np.where(change < 0, 0.0, gradient)
        parameters = parameters - np.sign(previous) * steps
    values = []
    for action in range(request["choices"]):
        x = np.concatenate([standard, np.repeat(choices[action : action + 1], len(y), axis=0)], axis=1)
        output = forward(x, layers(parameters, sizes))[-1][:, 0]
        values.append((targets.mean() + targets.std() * output).tolist())
    with open(sys.argv[2], "w") as file:
        json.dump({"values": values}, file)


main()
