import Archive

/// A plan in the middle of a search, kept from decision to decision as the warm start of the next one.
struct PlannedMean: Checkpointable, Sendable {
  /// Bounds of an action, [A].
  let low: [Float]
  let high: [Float]
  /// The plan, time-major, [H * A].
  var values: [Float]

  /// The middle of the bounds at each of `horizon` decisions.
  init(horizon: Int, low: [Float], high: [Float]) {
    precondition(low.count == high.count && !low.isEmpty, "bounds of different sizes")
    self.low = low
    self.high = high
    values = Array(repeating: 0, count: horizon * low.count)
    reset()
  }

  /// Number of elements, H * A.
  var count: Int { values.count }

  /// Forgets the plan.
  mutating func reset() {
    for i in values.indices { values[i] = middle(i % low.count) }
  }

  /// Writes the first decision and moves the others up, the middle of the bounds coming last.
  mutating func takeFirst(into action: inout [Float]) {
    let size = low.count
    for i in 0..<size { action[i] = values[i] }
    for i in 0..<values.count - size { values[i] = values[i + size] }
    for i in values.count - size..<values.count { values[i] = middle(i % size) }
  }

  private func middle(_ component: Int) -> Float { 0.5 * (low[component] + high[component]) }

  func save(to writer: inout StateWriter) { writer.write("mean", values) }

  mutating func restore(from reader: StateReader) throws(ArchiveError) {
    values = try reader.read("mean", shape: [values.count])
  }
}
