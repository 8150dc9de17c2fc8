"""Prints the processes of Gymnasium's toy texts.

Reads {"environment": id, "arguments": {...}} as JSON from the file named first and writes to the file named second, for each
state and action, the outcomes [probability, next state, reward, 1 if it terminates], those that are alike added up, with the
distribution of start states and the step limit.
"""

import json
import sys
from collections import defaultdict

import gymnasium


def main():
    with open(sys.argv[1]) as file:
        request = json.load(file)
    environment = gymnasium.make(request["environment"], **request["arguments"])
    process = environment.unwrapped.P
    outcomes = []
    for state in range(len(process)):
        row = []
        for action in range(len(process[state])):
            sums = defaultdict(float)
            for probability, successor, reward, terminated in process[state][action]:
                sums[int(successor), float(reward), int(terminated)] += float(probability)
            row.append([[probability, *key] for key, probability in sums.items()])
        outcomes.append(row)
    answer = {
        "outcomes": outcomes,
        "starts": [float(share) for share in environment.unwrapped.initial_state_distrib],
        "stepLimit": environment.spec.max_episode_steps,
    }
    with open(sys.argv[2], "w") as file:
        json.dump(answer, file)


main()
