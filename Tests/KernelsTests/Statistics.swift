import Foundation

/// Pearson's statistic of counts against expected shares proportional to `weights` (equal ones by default).
func chiSquare(_ counts: [Int], weights: [Double]? = nil) -> Double {
  let weights = weights ?? Array(repeating: 1, count: counts.count)
  let total = Double(counts.reduce(0, +)) / weights.reduce(0, +)
  return zip(counts, weights).reduce(0) { sum, pair in
    let expected = total * pair.1
    return sum + (Double(pair.0) - expected) * (Double(pair.0) - expected) / expected
  }
}

/// A value that the statistic passes with a probability of about 1e-6 (Wilson and Hilferty's approximation).
func chiSquareLimit(degrees: Int) -> Double {
  guard degrees > 0 else { return 1e-9 }
  let share = 2 / (9 * Double(degrees))
  return Double(degrees) * pow(1 - share + 4.75 * share.squareRoot(), 3)
}

/// Largest distance between the empirical distribution of `sample` and `distribution`.
func kolmogorovSmirnov(_ sample: [Float], _ distribution: (Double) -> Double) -> Double {
  let sorted = sample.sorted()
  let share = 1 / Double(sorted.count)
  return sorted.enumerated().reduce(0) { worst, pair in
    let expected = distribution(Double(pair.element))
    return max(worst, abs(expected - Double(pair.offset) * share), abs(expected - Double(pair.offset + 1) * share))
  }
}

/// A distance that a sample of this size passes with a probability of about 1e-6.
func kolmogorovSmirnovLimit(_ count: Int) -> Double { (-0.5 * log(0.5e-6)).squareRoot() / Double(count).squareRoot() }

/// Distribution function of the standard normal.
func normalDistribution(_ x: Double) -> Double { 0.5 * erfc(-x / 2.0.squareRoot()) }

/// Central moments of a sample: mean, variance, skewness, kurtosis.
func moments(_ sample: [Float]) -> (mean: Double, variance: Double, skewness: Double, kurtosis: Double) {
  let count = Double(sample.count)
  let mean = sample.reduce(0) { $0 + Double($1) } / count
  var (second, third, fourth) = (0.0, 0.0, 0.0)
  for value in sample {
    let gap = Double(value) - mean
    second += gap * gap / count
    third += gap * gap * gap / count
    fourth += gap * gap * gap * gap / count
  }
  return (mean, second, third / pow(second, 1.5), fourth / (second * second))
}
