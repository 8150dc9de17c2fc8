import Interfaces
import Kernels
import Learners
import Networks

extension BenchCase {
  /// One update of a deep Q-network of images, on a batch that stays the same.
  static let convolutionalUpdate = BenchCase(
    name: "convolutional-dqn-update",
    summary: "double DQN update: images 84x84x4, Nature network, 6 actions, batch 32, Adam"
  ) { clock in
    let (image, batchSize, actions, updates) = (ImageShape(height: 84, width: 84, channels: 4), 32, 6, 2)
    var (settings, random) = (DeepQNetworkSettings(), RandomStream(seed: 1))
    settings.hidden = [512]
    settings.learningRate = 1e-4
    settings.targetInterval = 1000
    var learner = DeepQNetwork(
      settings, observationSize: image.count, image: image, actions: actions, using: random.child("learner"))
    var batch = TransitionBatch(count: batchSize, observationSize: image.count, actionSize: 1)
    for row in 0..<batchSize {
      batch.observations.setRow(row, (0..<image.count).map { _ in Float(random.index(below: 256)) })
      batch.nextObservations.setRow(row, (0..<image.count).map { _ in Float(random.index(below: 256)) })
      batch.actions[row, 0] = Float(random.index(below: actions))
      batch.rewards[row] = random.normal()
      batch.continues[row] = 1
    }
    var metrics = MetricRow(names: DeepQNetwork.metricNames)
    return try clock.measure(
      "convolutional-dqn-update", metric: "updates", unit: "updates/s", amount: Double(updates)
    ) {
      for _ in 0..<updates { try learner.update(on: batch, using: &random, metrics: &metrics) }
    }
  }
}
