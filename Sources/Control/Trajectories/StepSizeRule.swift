import Configuration

/// Settings of the adaptation of the bound on the divergence.
public struct StepSizeSettings: Configuration {
  public init() {}
  @Setting("Whether the bound adapts to how well improvements were predicted") public var adapts: Bool = true
  @Setting("Smallest factor of the bound in one iteration", in: 0.001...1) public var minimalChange: Double = 0.1
  @Setting("Largest factor of the bound in one iteration", in: 1...1000) public var maximalChange: Double = 5
  @Setting("Smallest multiple of the bound that was set", in: 1e-9...1) public var minimal: Double = 0.01
  @Setting("Largest multiple of the bound that was set", in: 1...1e9) public var maximal: Double = 10
}

/// How much of the bound on the divergence to use next.
///
/// An improvement is modeled as I(KL) = a KL + b KL², a from what was predicted at the step taken and b from what was missed
/// of it; its maximum lies at predicted / (2 (predicted - actual)) of that step (Levine, Finn, Darrell and Abbeel 2016, as in
/// the authors' code, but for the least of the denominator, which there is 1e-4 whatever the unit of cost).
public struct StepSizeRule: Sendable, Equatable {
  /// Multiple of the bound that was set.
  public var multiple = 1.0

  /// The bound as it was set.
  public init() {}

  /// Takes in an iteration's predicted and actual improvement of the expected cost.
  public mutating func adapt(predicted: Double, actual: Double, _ settings: StepSizeSettings) {
    guard settings.adapts, predicted.isFinite, actual.isFinite, predicted != 0 else { return }
    let factor = predicted / (2 * max(1e-4 * abs(predicted), predicted - actual))
    multiple *= min(max(factor, settings.minimalChange), settings.maximalChange)
    multiple = min(max(multiple, settings.minimal), settings.maximal)
  }
}
