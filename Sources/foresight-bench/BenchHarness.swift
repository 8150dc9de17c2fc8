import Foundation
import Kernels

/// One benchmark case's figure, beside the limit that the hardware sets to the same work.
struct Measurement: Codable {
  var `case`: String
  var metric: String
  var value: Double
  var unit: String
  var threads: Int
  /// Rate of what bounds the case, alone, in the same process and unit; nil where nothing is known to.
  var limit: Double?
  /// What that is.
  var limitedBy = "matrix products"
  var shareOfLimit: Double?
  /// The same with the products left to OpenBLAS.
  var libraryLimit: Double?
  var shareOfLibraryLimit: Double?
  /// (fastest - slowest) / median over the windows.
  var spread: Double
  /// Units that one call of the work does.
  var amount = 1.0

  /// Seconds that one call of the work takes.
  var seconds: Double { amount / value }

  enum CodingKeys: String, CodingKey {
    case `case`, metric, value, unit, threads, limit, spread
    case shareOfLimit = "share_of_limit"
    case libraryLimit = "library_limit"
    case shareOfLibraryLimit = "share_of_library_limit"
  }
}

/// A benchmark: what it is called, what it shows, how it is measured.
struct BenchCase: Sendable {
  let name: String
  let summary: String
  let measure: @Sendable (BenchClock) throws -> Measurement
}

/// Times work over several windows and gives medians.
struct BenchClock {
  /// Windows per figure.
  var windows = 7
  /// Least seconds in a window.
  var seconds = 0.6
  /// Whether limits are measured too.
  var measuresLimits = true

  /// Measures `work` (which does `amount` units a call) and, in turn with it, `limit` (what bounds the same amount, such as
  /// its matrix products by our tiles) and `libraryLimit` (those by OpenBLAS), so that drift of the machine meets all
  /// alike.
  func measure(
    _ name: String, metric: String, unit: String, amount: Double, limit: (() -> Void)? = nil,
    limitedBy: String = "matrix products", libraryLimit: (() -> Void)? = nil, work: () throws -> Void
  ) rethrows -> Measurement {
    let repeats = try calibrate(work)
    let bounds = [limit, libraryLimit].map { measuresLimits ? $0 : nil }
    let boundRepeats = bounds.map { $0.map { body in calibrate { body() } } ?? 0 }
    var rates: [Double] = []
    var limits: [[Double]] = [[], []]
    for _ in 0..<windows {
      rates.append(try rate(repeats, amount, work))
      for index in bounds.indices {
        if let body = bounds[index] { limits[index].append(rate(boundRepeats[index], amount) { body() }) }
      }
    }
    let value = BenchClock.median(rates)
    let medians = limits.map { $0.isEmpty ? nil : BenchClock.median($0) }
    return Measurement(
      case: name, metric: metric, value: value, unit: unit, threads: WorkerPool.threads, limit: medians[0],
      limitedBy: limitedBy, shareOfLimit: medians[0].map { value / $0 }, libraryLimit: medians[1],
      shareOfLibraryLimit: medians[1].map { value / $0 },
      spread: ((rates.max() ?? 0) - (rates.min() ?? 0)) / value, amount: amount)
  }

  private func calibrate(_ work: () throws -> Void) rethrows -> Int {
    try work()  // warm-up
    let once = try ContinuousClock().measure { try work() } / .seconds(1)
    return max(1, Int((seconds / max(once, 1e-9)).rounded()))
  }

  private func rate(_ repeats: Int, _ amount: Double, _ work: () throws -> Void) rethrows -> Double {
    let time = try ContinuousClock().measure { for _ in 0..<repeats { try work() } } / .seconds(1)
    return amount * Double(repeats) / time
  }

  static func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    guard !sorted.isEmpty else { return 0 }
    return 0.5 * (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2])
  }
}
