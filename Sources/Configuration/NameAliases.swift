/// Names that other libraries have for what settings are called here, by their last component.
private let aliases: [String: [String]] = [
  "lr": ["learning_rate", "actor_learning_rate", "critic_learning_rate"],
  "alpha": ["learning_rate", "step_size", "initial_temperature"],
  "learning_rate": ["learning_rate", "actor_learning_rate", "critic_learning_rate", "step_size"],
  "pi_lr": ["actor_learning_rate", "learning_rate"],
  "policy_lr": ["actor_learning_rate", "learning_rate"],
  "actor_lr": ["actor_learning_rate", "learning_rate"],
  "q_lr": ["critic_learning_rate", "learning_rate"],
  "vf_lr": ["value_learning_rate", "critic_learning_rate"],
  "critic_lr": ["critic_learning_rate", "learning_rate"],
  "gamma": ["discount"],
  "discount_factor": ["discount"],
  "polyak": ["tau"],
  "gae_lambda": ["lambda"],
  "lam": ["lambda"],
  "batch_size": ["batch_size"],
  "minibatch_size": ["batch_size"],
  "buffer_size": ["replay_capacity"],
  "replay_size": ["replay_capacity"],
  "memory_size": ["replay_capacity"],
  "learning_starts": ["random_steps"],
  "start_steps": ["random_steps"],
  "warmup_steps": ["random_steps"],
  "n_steps": ["steps", "return_steps"],
  "n_step": ["return_steps", "steps"],
  "rollout_length": ["steps", "rollout_schedule", "rollout_steps"],
  "n_epochs": ["epochs"],
  "train_freq": ["train_interval"],
  "gradient_steps": ["updates"],
  "utd_ratio": ["updates"],
  "update_to_data_ratio": ["updates"],
  "target_update_interval": ["target_interval"],
  "net_arch": ["hidden"],
  "hidden_sizes": ["hidden"],
  "hidden_size": ["hidden"],
  "layer_sizes": ["hidden"],
  "activation_fn": ["activation"],
  "ent_coef": ["entropy_weight", "initial_temperature"],
  "entropy_coef": ["entropy_weight", "initial_temperature"],
  "vf_coef": ["value_weight"],
  "clip_ratio": ["clip_range"],
  "clip_epsilon": ["clip_range"],
  "max_grad_norm": ["max_gradient_norm"],
  "target_kl": ["target_divergence", "max_divergence"],
  "exploration_initial_eps": ["epsilon_start"],
  "exploration_final_eps": ["epsilon_end"],
  "exploration_fraction": ["epsilon_steps"],
  "policy_noise": ["target_noise"],
  "policy_freq": ["policy_delay"],
  "ensemble_size": ["members"],
  "num_ensemble": ["members"],
  "plan_horizon": ["horizon"],
  "planning_horizon": ["horizon"],
  "popsize": ["population"],
  "pop_size": ["population"],
  "num_elites": ["elites"],
  "npart": ["particles"],
  "n_envs": ["copies"],
  "num_envs": ["copies"],
  "eval_freq": ["interval"],
  "n_eval_episodes": ["episodes"],
]

/// The question whether a known name was meant by one that is not known: one that stands for it in other libraries, or a
/// similar one; nil where there is none.
package func suggestion(for name: String, among known: [String]) -> String? {
  if let meant = knownName(ofAlias: name, among: known) { return "did you mean \(meant)?" }
  return nearestName(to: name, among: known).map { "did you mean '\($0)'?" }
}

/// The known names, in quotes, that a name of another library stands for, those of the same group first and no more than
/// three; nil where it stands for none.
private func knownName(ofAlias key: String, among known: [String]) -> String? {
  let parts = key.lowercased().split(separator: ".").map(String.init)
  guard let last = parts.last, let meanings = aliases[last] else { return nil }
  let group = parts.dropLast().joined(separator: ".")
  func candidates(_ meaning: String) -> [String] {
    known.filter { $0 == meaning || $0.hasSuffix("." + meaning) }
  }
  for place in [{ (name: String) in !group.isEmpty && name.hasPrefix(group + ".") }, { _ in true }] {
    var found: [String] = []
    for meaning in meanings { found += candidates(meaning).filter { place($0) && !found.contains($0) } }
    guard !found.isEmpty else { continue }
    return found.prefix(3).map { "'\($0)'" }.joined(separator: " or ")
  }
  return nil
}
