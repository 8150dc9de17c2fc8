"""One epoch of mbrl-lib's ModelTrainer on its GaussianMLP, through its replay buffer and bootstrap iterator."""

import mbrl.models
import mbrl.util
import mbrl.util.common
import numpy as np
import torch
from mbrl_ensemble import make_ensemble
from shapes import FIT
from timing import report, thread_count


def fill(buffer: mbrl.util.ReplayBuffer) -> None:
    random = np.random.default_rng(0)
    observation = random.standard_normal((FIT.transitions, FIT.observation))
    action = random.uniform(-1, 1, (FIT.transitions, FIT.action))
    inputs = np.concatenate([observation, action], axis=1)
    change = np.tanh(0.1 * inputs @ random.standard_normal((inputs.shape[1], FIT.observation)))
    never = np.zeros(FIT.transitions, dtype=bool)
    buffer.add_batch(observation, action, observation + change, change.sum(axis=1), never, never)


def main() -> None:
    torch.set_num_threads(thread_count())
    torch.manual_seed(0)
    network = make_ensemble(FIT.observation + FIT.action, FIT.observation + 1, FIT.members, FIT.hidden_layers, FIT.width)
    model = mbrl.models.OneDTransitionRewardModel(
        network, target_is_delta=True, normalize=True, normalize_double_precision=True, learned_rewards=True)
    buffer = mbrl.util.ReplayBuffer(
        FIT.transitions, (FIT.observation,), (FIT.action,), obs_type=np.double, action_type=np.double,
        reward_type=np.double, rng=np.random.default_rng(0))
    fill(buffer)
    model.update_normalizer(buffer.get_all())
    trainer = mbrl.models.ModelTrainer(model, optim_lr=FIT.learning_rate, weight_decay=FIT.weight_decay)
    batches, _ = mbrl.util.common.get_basic_buffer_iterators(buffer, FIT.batch, 0.0, ensemble_size=FIT.members)
    losses = []

    def work() -> None:
        history, _ = trainer.train(batches, num_epochs=1, evaluate=False, silent=True)
        losses.append(history[-1])

    report(work, FIT.members * FIT.transitions, "member transitions/s", warmup=1)
    if not losses[-1] < losses[0]:
        raise ArithmeticError(f"the loss did not fall: {losses[0]} to {losses[-1]}")


main()
