internal import Configuration
import Foundation
internal import Kernels

/// What a setting is drawn from.
struct SearchRange {
  private enum Kind {
    case choices([ConfigurationTree])
    case whole(low: Int, high: Int, step: Int, log: Bool)
    case real(low: Double, high: Double, step: Double?, log: Bool)
  }

  private let kind: Kind

  /// Reads a list of choices, or `{low, high, log, step}`; whole numbers give whole numbers.
  init(_ node: ConfigurationTree, path: String) throws(ConfigurationError) {
    if let elements = node.elements {
      guard !elements.isEmpty else {
        throw ConfigurationError(
          kind: .outOfRange, key: path, location: node.location, problem: "nothing to choose from")
      }
      kind = .choices(elements)
      return
    }
    guard node.isMapping else {
      throw ConfigurationError(
        kind: .wrongType, key: path, location: node.location,
        problem: "expected a list of choices, or a mapping with low and high")
    }
    try node.rejectUnknownKeys(allowed: ["low", "high", "log", "step"])
    func number(_ key: String) throws(ConfigurationError) -> Double {
      guard let value = node[key] else {
        throw ConfigurationError(kind: .missingKey, key: "\(path).\(key)", location: node.location, problem: "")
      }
      return try value.value(named: "\(path).\(key)")
    }
    let (low, high) = (try number("low"), try number("high"))
    let log: Bool = try node["log"]?.value(named: path + ".log") ?? false
    var step: Double?
    if node["step"] != nil { step = try number("step") }
    let isRight = low < high && (!log || low > 0 && step == nil) && step.map { $0 > 0 } ?? true
    guard isRight else {
      throw ConfigurationError(
        kind: .relation, key: path, location: node.location,
        problem: "low must be less than high, a step above 0, and with log low above 0 and no step")
    }
    let isWhole = ["low", "high", "step"].allSatisfy { key in
      node[key].map { node in node.scalarText.map { Int($0) != nil } ?? false } ?? true
    }
    kind =
      isWhole
      ? .whole(low: Int(low), high: Int(high), step: step.map { Int($0) } ?? 1, log: log)
      : .real(low: low, high: high, step: step, log: log)
  }

  /// A value; reals are rounded to four digits, so that they can be read and written.
  func draw(using random: inout RandomStream) -> ConfigurationTree {
    switch kind {
    case .choices(let values): return values[random.index(below: values.count)]
    case .whole(let low, let high, let step, let log):
      guard log else { return .integer(low + step * random.index(below: (high - low) / step + 1)) }
      let value = Double(low) * pow(Double(high + 1) / Double(low), Double(random.uniform()))
      return .integer(min(high, Int(value)))
    case .real(let low, let high, let step, let log):
      if log { return .number(Self.rounded(low * pow(high / low, Double(random.uniform())))) }
      guard let step else { return .number(Self.rounded(low + (high - low) * Double(random.uniform()))) }
      let count = Int(((high - low) / step + 1e-9).rounded(.down)) + 1
      return .number(Self.rounded(low + step * Double(random.index(below: count))))
    }
  }

  private static func rounded(_ value: Double) -> Double { Double(String(format: "%.4g", value)) ?? value }
}
