import Archive

/// Learning metrics gathered since the last written row: one running mean a column.
public struct MetricRow: Sendable {
  /// Column names, in order.
  public let names: [String]
  private var sums: [Double]
  private var counts: [Int]
  /// First metric that was recorded as not finite since the last `clear`, with its value.
  public private(set) var nonFinite: NumericalFailure?

  /// A row of empty columns.
  public init(names: [String]) {
    precondition(Set(names).count == names.count, "metric named twice in \(names)")
    self.names = names
    sums = Array(repeating: 0, count: names.count)
    counts = Array(repeating: 0, count: names.count)
  }

  /// Adds one value of metric `name`, which must be one of `names`. Does not allocate.
  public mutating func record(_ name: String, _ value: Float) {
    guard let index = names.firstIndex(of: name) else { preconditionFailure("unknown metric \(name)") }
    if !value.isFinite && nonFinite == nil { nonFinite = NumericalFailure(metric: name, value: value) }
    sums[index] += Double(value)
    counts[index] += 1
  }

  /// Adds what `other`, a row of the same metrics, holds. Does not allocate.
  public mutating func add(_ other: MetricRow) {
    precondition(names == other.names, "metrics of another row")
    for index in names.indices {
      sums[index] += other.sums[index]
      counts[index] += other.counts[index]
    }
    nonFinite = nonFinite ?? other.nonFinite
  }

  /// Mean of the values of column `index`, nil if there was none.
  public func mean(_ index: Int) -> Double? { counts[index] == 0 ? nil : sums[index] / Double(counts[index]) }

  /// Mean of the values of metric `name`, nil if there was none or there is no such column.
  public func mean(of name: String) -> Double? { names.firstIndex(of: name).flatMap { mean($0) } }

  /// Whether nothing was recorded.
  public var isEmpty: Bool { counts.allSatisfy { $0 == 0 } }

  /// Empties all columns.
  public mutating func clear() {
    for index in names.indices {
      sums[index] = 0
      counts[index] = 0
    }
    nonFinite = nil
  }
}

extension MetricRow: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("sums", &sums)
    try fields.field("counts", &counts)
    if fields.isRestoring { nonFinite = nil }
  }
}
