import Configuration

/// Nonlinearity of hidden layers.
public enum Activation: String, CaseIterable, SettingValue {
  /// max(x, 0).
  case relu
  /// Hyperbolic tangent.
  case tanh
  /// x times the logistic sigmoid of x ("swish").
  case silu
}
