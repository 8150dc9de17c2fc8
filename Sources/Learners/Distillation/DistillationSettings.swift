import Configuration
import Networks

/// Settings of a student's network.
public struct StudentSettings: Configuration {
  public init() {}
  @Setting("Widths of the hidden layers", in: 1...8192) public var hidden: [Int] = [256, 256]
  @Setting("Nonlinearity of the hidden layers") public var activation: Activation = .relu
  @Setting("Learning rate", in: 1e-7...1) public var learningRate: Float = 1e-3
}

/// What a student's error is.
public enum DistillationLoss: String, CaseIterable, SettingValue {
  /// KL divergence of the student's distribution from the teachers'.
  case divergence
  /// Squared error of values, or of means.
  case squaredError = "squared_error"
  /// Negative log-likelihood of the teachers' likeliest action.
  case likelihood
}

/// Settings of distillation.
public struct DistillationSettings: Configuration {
  public init() {}
  @Setting("Error of the student") public var kind: DistillationLoss = .divergence
  @Setting(
    "Temperature T of the teachers' action values in softmax(Q / T); only for discrete actions and the divergence",
    in: 1e-4...1e4)
  public var temperature: Float = 1
  @Setting(
    "Weight of the squared error of the teachers' features, as Actor-Mimic has it; 0 leaves them out", in: 0...1e4)
  public var featureWeight: Float = 0
}
