"""Rprop in NumPy, from the words of its papers (Riedmiller and Braun 1993; without backtracking: Igel and Hüsken 2000).

Reads {"parameters": [...], "gradients": [[...]], "step": number} as JSON from the file named first and writes to the file
named second the parameters after each gradient.
"""

import json
import sys

import numpy as np


def main():
    with open(sys.argv[1]) as file:
        request = json.load(file)
    parameters = np.array(request["parameters"])
    steps = np.full_like(parameters, request["step"])
    previous = np.zeros_like(parameters)
    trace = []
    for gradient in np.array(request["gradients"]):
        change = np.sign(gradient * previous)
        factors = np.select([change > 0, change < 0], [1.2, 0.5], 1.0)
        steps = np.clip(steps * factors, 1e-6, 50.0)
        used = np.where(change < 0, 0.0, gradient)
        parameters = parameters - np.sign(used) * steps
        previous = used
        trace.append(parameters.tolist())
    with open(sys.argv[2], "w") as file:
        json.dump({"parameters": trace}, file)


main()
