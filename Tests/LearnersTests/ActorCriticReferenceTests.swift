import Interfaces
import Kernels
import Learners
import TestSupport
import Testing

/// Updates from the same parameters, batches and draws as those in PyTorch that `Benchmarks/peers/actor_critic_torch.py`
/// wrote to a file.
@Suite struct ActorCriticReferenceTests {
  @Test func redqUpdatesAreTheReferences() throws {
    try TorchUpdates("actor_critic_torch").check(
      "redq",
      Cases.learner {
        ($0.critics, $0.targetCritics, $0.ascent, $0.policyInterval) = (4, 2, .mean, 2)
      }, TorchUpdates.softActorCritic, temperature: \.logTemperature)
  }

  @Test func droqUpdatesAreTheReferences() throws {
    try TorchUpdates("actor_critic_torch").check(
      "droq",
      Cases.learner {
        ($0.layerNormalization, $0.dropout, $0.ascent, $0.policyInterval) = (true, 0.2, .mean, 2)
      }, TorchUpdates.softActorCritic, temperature: \.logTemperature)
  }

  @Test func crossQUpdatesAreTheReferences() throws {
    try TorchUpdates("actor_critic_torch").check(
      "crossq", CrossQTests.learner(),
      [
        "actor": \.actorParameters, "critics": \.criticParameters, "actor_statistics": \.actorAverages,
        "critic_statistics": \.criticAverages,
      ], temperature: \.logTemperature)
  }
}
