import Interfaces
import Kernels
import Networks

extension ProbabilisticEnsemble: PredictiveModel {
  /// The elites.
  public var memberCount: Int { elites.count }

  public func predict(member: Int, states: Matrix, actions: Matrix) -> (
    means: Matrix, deviations: Matrix
  ) {
    let (count, size) = (states.rows, stateSize)
    let x = normalizedInputs(states, actions)
    let workspace = PerceptronWorkspace(
      for: network, capacity: max(count, 1), keepsActivations: false)
    let elite = elites[member]
    let output = network.forward(
      networks.parameters.pointer + elite * network.layout.count, x.pointer, rows: count, workspace)
    if !settings.deterministic {
      GaussianHead.standardDeviations(
        output, rows: count, size: outputSize,
        maximum: bounds.pointer + upperBound(of: elite),
        minimum: bounds.pointer + lowerBound(of: elite))
    }
    var (means, deviations) = (
      Matrix(rows: count, columns: size), Matrix(rows: count, columns: size)
    )
    withExtendedLifetime(workspace) {
      for r in 0..<count {
        let row = output + r * network.outputs
        for i in 0..<size {
          means[r, i] = states[r, i] + targets.mean[i] + targets.scale[i] * row[i]
          deviations[r, i] = settings.deterministic ? 0 : targets.scale[i] * row[outputSize + i]
        }
      }
    }
    return (means, deviations)
  }

  public func predictOutcomes(
    member: Int, states: Matrix, actions: Matrix
  ) -> (rewards: [Float]?, terminations: [Float]?) {
    let (count, elite) = (states.rows, elites[member])
    guard learnsReward || learnsTermination else { return (nil, nil) }
    let x = normalizedInputs(states, actions)
    var (rewards, terminations): ([Float]?, [Float]?) = (nil, nil)
    if learnsReward {
      let workspace = PerceptronWorkspace(for: network, capacity: max(count, 1), keepsActivations: false)
      let output = network.forward(
        networks.parameters.pointer + elite * network.layout.count, x.pointer, rows: count, workspace)
      rewards = withExtendedLifetime(workspace) {
        (0..<count).map {
          targets.mean[stateSize] + targets.scale[stateSize] * output[$0 * network.outputs + stateSize]
        }
      }
    }
    if let terminators {
      let workspace = PerceptronWorkspace(
        for: terminators.network, capacity: max(count, 1), keepsActivations: false)
      let odds = terminators.network.forward(
        terminators.parameters.pointer + elite * terminators.network.layout.count, x.pointer, rows: count, workspace)
      terminations = withExtendedLifetime(workspace) {
        (0..<count).map { hasSeenTermination ? Scalar.sigmoid(odds[$0]) : 0 }
      }
    }
    return (rewards, terminations)
  }

  /// Normalized network inputs [N, D + encoded A] of `states` [N, D] and `actions` [N, A].
  private func normalizedInputs(_ states: Matrix, _ actions: Matrix) -> Matrix {
    let (count, size, width) = (states.rows, stateSize, network.inputs)
    precondition(
      states.columns == size && actions.columns == encoding.size && actions.rows == count,
      "states or actions of another shape")
    var x = Matrix(rows: count, columns: width)
    for r in 0..<count {
      let row = x.mutablePointer + r * width
      row.update(from: states.pointer + r * size, count: size)
      encoding.encode(actions.pointer + r * encoding.size, into: row + size)
    }
    inputs.apply(x.mutablePointer, rows: count)
    return x
  }
}
