import Interfaces
import Kernels
import Networks

/// A stochastic policy and a value function: architectures, and where in one flat vector their parameters are.
///
/// The policy's network comes first, then the parameters that its distributions share, then the value's network, so
/// that the policy's are one range. With `isShared` one network has the value as its last output.
public struct PolicyValueNetworks: Sendable {
  package let distribution: any ActionDistribution
  /// From observations to distributions [P], and with a shared network to the value too [P + 1].
  package let policy: Perceptron
  /// From observations to values; nil with a shared network.
  package let value: Perceptron?
  /// Names and places of all parameters.
  public let layout: ParameterLayout
  /// First of the parameters that distributions share.
  package let sharedOffset: Int
  /// First of the value network's parameters.
  package let valueOffset: Int
  private let settings: PolicySettings

  /// Networks for an environment of `spec`; `isShared` for one network with two heads.
  public init(_ settings: PolicySettings, spec: EnvironmentSpec, isShared: Bool = false) {
    self.settings = settings
    distribution = settings.distribution(for: spec.action)
    policy = Perceptron(
      inputs: spec.observationSize, hidden: settings.hidden, outputs: distribution.outputs + (isShared ? 1 : 0),
      activation: settings.activation)
    value =
      isShared
      ? nil
      : Perceptron(
        inputs: spec.observationSize, hidden: settings.valueHidden.isEmpty ? settings.hidden : settings.valueHidden,
        outputs: 1, activation: settings.activation)
    var layout = ParameterLayout()
    layout.append("policy", policy.layout)
    sharedOffset = layout.count
    if distribution.sharedCount > 0 { layout.append("log_std", shape: [distribution.sharedCount]) }
    valueOffset = layout.count
    if let value { layout.append("value", value.layout) }
    self.layout = layout
  }

  /// Floats per observation, D.
  package var observationSize: Int { policy.inputs }
  /// Whether one network serves both.
  package var isShared: Bool { value == nil }
  /// The policy's parameters, those that distributions share included.
  package var policyRange: Range<Int> { 0..<valueOffset }
  /// The value network's parameters; empty with a shared network.
  package var valueRange: Range<Int> { valueOffset..<layout.count }

  /// Fresh parameters: hidden layers orthogonal with gain sqrt(2), the policy's outputs with 0.01 and the value's with
  /// 1, or all uniform, as `settings` say.
  package func initialParameters(using random: RandomStream) -> Vector {
    var parameters = Vector(count: layout.count)
    let base = parameters.mutablePointer
    func initialization(_ last: Float) -> Initialization {
      settings.orthogonal ? .orthogonal(gain: Float(2).squareRoot(), last: last) : .uniform
    }
    func copy(_ drawn: Vector, to offset: Int) {
      (base + offset).update(from: drawn.pointer, count: drawn.count)
    }
    var (policyStream, valueStream) = (random.child("policy"), random.child("value"))
    copy(policy.initialParameters(initialization(0.01), using: &policyStream), to: 0)
    distribution.initialize(shared: base + sharedOffset)
    if let value {
      copy(value.initialParameters(initialization(1), using: &valueStream), to: valueOffset)
    } else if settings.orthogonal, let last = policy.layers.last {
      // the value is the last output: as large as a value network's would be
      for i in 0..<last.inputs { base[last.weight + i * last.outputs + last.outputs - 1] *= 100 }
    }
    return parameters
  }
}
