/// What the network says of an action's return.
enum ReturnDistribution: Sendable {
  /// Its expected value.
  case expected
  /// Probabilities of fixed values.
  case categorical(CategoricalReturns)
  /// Quantiles.
  case quantiles(QuantileReturns)

  /// Floats an action.
  var size: Int {
    switch self {
    case .expected: 1
    case .categorical(let returns): returns.atoms
    case .quantiles(let returns): returns.count
    }
  }
}

/// How actions are drawn when exploring.
enum ActionChoice: Sendable {
  /// The best one, but a uniform one with that probability.
  case epsilonGreedy(Float)
  /// With probability proportional to exp(Q / temperature).
  case boltzmann(temperature: Float)
}
