import Configuration
import Kernels

/// Numbers that the matrix products of a network are made of.
public enum ProductPrecision: String, CaseIterable, SettingValue {
  /// Single precision.
  case single
  /// bfloat16, summed in single precision, in layers of at least 64 inputs and outputs. Parameters stay in single precision.
  case bfloat16

  /// Whether the products of a layer of these sizes are those of bfloat16 numbers.
  func isReduced(inputs: Int, outputs: Int) -> Bool {
    self == .bfloat16 && min(inputs, outputs) >= BFloat16Product.least
  }
}
