import Archive
import Configuration
import Foundation
import Kernels

/// Settings of linear regression on features.
public struct LinearRegressorSettings: Configuration {
  /// Functions of the inputs that are combined.
  public enum Features: String, CaseIterable, SettingValue {
    /// The inputs.
    case identity
    /// Products of powers of standardized inputs.
    case polynomial
    /// Cosines of inputs scaled to 0...1 (Konidaris, Osentoski and Thomas 2011).
    case fourier
  }

  public init() {}
  @Setting("Features: the inputs and 1, all products of powers up to an order, or the Fourier basis of an order")
  public var features: Features = .fourier
  @Setting("Order of polynomial or Fourier features", in: 1...50) public var order: Int = 3
  @Setting("Weight of the squared weights beside the sum of squared errors", in: 0...1e9) public var ridge: Double =
    1e-6

  /// Most features.
  public static let limit = 4096

  /// Number of features of `inputs` inputs, or more than the limit.
  public func featureCount(inputs: Int) -> Int {
    switch features {
    case .identity: return inputs + 1
    case .polynomial:
      // (inputs + order) over order
      var count = 1.0
      for i in 1...order { count = count * Double(inputs + i) / Double(i) }
      return Int(min(count.rounded(), 1e9))
    case .fourier: return Int(min(pow(Double(order + 1), Double(inputs)), 1e9))
    }
  }
}

/// Linear regression on features by the normal equations, with a little ridge so that they always have a solution, in
/// double precision. A fit is O(N F^2 + F^3) for F features, a prediction O(F D).
public struct LinearRegressor: Regressor {
  /// What was set.
  public let settings: LinearRegressorSettings
  /// Floats per input, D.
  public let inputs: Int
  /// Powers of inputs, or multiples of their half waves, of each feature, [F, D].
  private let exponents: [Int]
  private var scaling: InputScaling
  /// Weights of the features, [F].
  public private(set) var weights: [Double]

  /// Weights of 0.
  public init(_ settings: LinearRegressorSettings, inputs: Int) {
    let count = settings.featureCount(inputs: inputs)
    precondition(inputs > 0 && count <= LinearRegressorSettings.limit, "\(count) features")
    self.settings = settings
    self.inputs = inputs
    let (order, isPolynomial) = (settings.order, settings.features != .fourier)
    let degree = settings.features == .identity ? 1 : order
    var (exponents, present) = ([Int](), [Int](repeating: 0, count: inputs))
    // counts up, the first input fastest
    while true {
      if !isPolynomial || present.reduce(0, +) <= degree { exponents += present }
      var place = 0
      while place < inputs {
        let room = isPolynomial ? degree - present.reduce(0, +) : degree - present[place]
        if room > 0 {
          present[place] += 1
          break
        }
        present[place] = 0
        place += 1
      }
      if place == inputs { break }
    }
    self.exponents = exponents
    scaling = InputScaling(size: inputs)
    weights = Array(repeating: 0, count: exponents.count / inputs)
  }

  /// Number of features, F.
  public var featureCount: Int { weights.count }

  private func feature(_ index: Int, _ x: UnsafePointer<Float>) -> Double {
    if settings.features == .identity { return index == 0 ? 1 : Double(x[index - 1]) }
    let first = index * inputs
    if settings.features == .fourier {
      var angle = 0.0
      for i in 0..<inputs where exponents[first + i] > 0 {
        angle += Double(exponents[first + i]) * Double(scaling.value(x, i))
      }
      return cos(.pi * angle)
    }
    var product = 1.0
    for i in 0..<inputs {
      for _ in 0..<exponents[first + i] { product *= Double(scaling.value(x, i)) }
    }
    return product
  }

  public mutating func fit(
    _ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, count: Int, using random: RandomStream
  ) {
    switch settings.features {
    case .identity: break
    case .polynomial: scaling.standardize(x, count: count)
    case .fourier: scaling.normalize(x, count: count)
    }
    // (F' F + ridge) w = F' y, a part of the rows at a time
    let size = featureCount
    var (normal, right) = (DoubleMatrix(rows: size, columns: size), DoubleMatrix(rows: size, columns: 1))
    for start in stride(from: 0, to: count, by: 1024) {
      let rows = min(1024, count - start)
      var features = DoubleMatrix(rows: rows, columns: size)
      var targets = DoubleMatrix(rows: rows, columns: 1)
      for row in 0..<rows {
        let input = x + (start + row) * inputs
        for index in 0..<size { features[row, index] = feature(index, input) }
        targets[row, 0] = Double(y[start + row])
      }
      let transposed = features.transposed
      normal = normal + transposed * features
      right = right + transposed * targets
    }
    // relative to the diagonal, so that a tiny ridge still makes them positive definite
    var scale = 0.0
    for index in 0..<size { scale = max(scale, normal[index, index]) }
    let least = scale * Double(size) * 1e-15
    for index in 0..<size { normal[index, index] += max(settings.ridge, least) }
    if let solution = try? normal.solvePositiveDefinite(right) {
      weights = solution.elements
    } else {
      weights = Array(repeating: .nan, count: size)
    }
  }

  public func predict(_ x: UnsafePointer<Float>) -> Float {
    var sum = 0.0
    for index in weights.indices { sum += weights[index] * feature(index, x) }
    return Float(sum)
  }
}

extension LinearRegressor: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("scaling", &scaling)
    try fields.field("weights", &weights)
  }
}
