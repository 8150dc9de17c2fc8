import Foundation

/// Pearson's test of counts against equal expectations.
package struct OracleUniformity: CustomStringConvertible {
  /// Sum of squared deviations over the expectation.
  package let statistic: Double
  /// What the statistic exceeds by chance once in about a million (Wilson and Hilferty 1931).
  package let limit: Double

  /// The test of these counts, whose mean should be 5 at least.
  package init(_ counts: [Int]) {
    let expected = Double(counts.reduce(0, +)) / Double(counts.count)
    statistic = counts.reduce(0) { $0 + (Double($1) - expected) * (Double($1) - expected) / expected }
    let degrees = Double(counts.count - 1)
    let share = 2 / (9 * degrees)
    limit = degrees * pow(1 - share + 4.75 * share.squareRoot(), 3)
  }

  /// Whether the counts may come from the uniform distribution.
  package var holds: Bool { statistic <= limit }

  package var description: String { "chi-square \(statistic), limit \(limit)" }
}
