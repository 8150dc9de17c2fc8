import Archive
import Interfaces
import Kernels

/// T consecutive steps of N copies of an environment under one policy, in rows t * N + n: what on-policy methods learn
/// from and then forget.
///
/// Kept besides are the observations that values bootstrap from where no later row shows them: the last one of each
/// truncated episode, and the one after the last step of each copy. Room grows as needed and then stays.
public struct RolloutSegment: Sendable {
  /// Copies of the environment, N.
  public let copies: Int
  /// Floats per observation, D.
  public let observationSize: Int
  /// Floats per action, A.
  public let actionSize: Int
  /// Steps of each copy, T.
  public private(set) var steps = 0
  /// Observations acted on, the first `rows` of [capacity, D].
  public private(set) var observations: Matrix
  /// Actions as the policy drew them, which need not be as the environment took them, [capacity, A].
  public private(set) var actions: Matrix
  /// Rewards, [capacity].
  public private(set) var rewards: Vector
  /// Whether and why episodes ended with a step, [capacity].
  public private(set) var endings: [Ending]
  /// Whether each copy's episode began with the segment's first step, [N].
  public private(set) var beginsEpisode: [Bool]
  /// Observations after the last step, [N, D]; those of copies whose episode ended with it mean nothing.
  public private(set) var last: Matrix
  /// Last observations of truncated episodes, in the order of `truncatedRows`, [any, D].
  public private(set) var truncated: Matrix
  /// Rows with which episodes were truncated, ascending.
  public private(set) var truncatedRows: [Int] = []
  /// Whether a copy is between two episodes, [N].
  private var isBetween: [Bool]

  /// An empty segment with room for `capacity` steps of each copy.
  public init(copies: Int, observationSize: Int, actionSize: Int, capacity: Int) {
    precondition(copies > 0 && observationSize > 0 && actionSize > 0 && capacity > 0, "an empty segment")
    self.copies = copies
    self.observationSize = observationSize
    self.actionSize = actionSize
    let rows = capacity * copies
    observations = Matrix(rows: rows, columns: observationSize)
    actions = Matrix(rows: rows, columns: actionSize)
    rewards = Vector(count: rows)
    endings = Array(repeating: .none, count: rows)
    beginsEpisode = Array(repeating: true, count: copies)
    isBetween = beginsEpisode
    last = Matrix(rows: copies, columns: observationSize)
    truncated = Matrix(rows: copies, columns: observationSize)
  }

  /// Rows in use, T * N.
  public var rows: Int { steps * copies }

  /// Adds a step of all copies: `observations` [N, D], raw `actions` [N, A], `rewards` [N], `endings` [N], and `next`
  /// [N, D], the observations that followed, of ended episodes their last ones.
  public mutating func append(
    observations: UnsafePointer<Float>, actions: UnsafePointer<Float>, rewards: UnsafePointer<Float>,
    endings: UnsafePointer<Ending>, next: UnsafePointer<Float>
  ) {
    let first = rows
    if first == self.endings.count { grow() }
    if steps == 0 {
      for n in 0..<copies { beginsEpisode[n] = isBetween[n] }
    }
    (self.observations.mutablePointer + first * observationSize).update(
      from: observations, count: copies * observationSize)
    (self.actions.mutablePointer + first * actionSize).update(from: actions, count: copies * actionSize)
    (self.rewards.mutablePointer + first).update(from: rewards, count: copies)
    last.mutablePointer.update(from: next, count: copies * observationSize)
    for n in 0..<copies {
      self.endings[first + n] = endings[n]
      isBetween[n] = endings[n] != .none
      if endings[n] == .truncated { keep(next + n * observationSize, row: first + n) }
    }
    steps += 1
  }

  /// Forgets all steps, keeping the room.
  public mutating func clear() {
    steps = 0
    truncatedRows.removeAll(keepingCapacity: true)
  }

  private mutating func keep(_ observation: UnsafePointer<Float>, row: Int) {
    if truncatedRows.count == truncated.rows { truncated = truncated.enlarged(to: 2 * truncated.rows) }
    (truncated.mutablePointer + truncatedRows.count * observationSize).update(from: observation, count: observationSize)
    truncatedRows.append(row)
  }

  private mutating func grow() {
    let count = 2 * endings.count
    observations = observations.enlarged(to: count)
    actions = actions.enlarged(to: count)
    var more = Vector(count: count)
    more.mutablePointer.update(from: rewards.pointer, count: rewards.count)
    rewards = more
    endings += Array(repeating: .none, count: count - endings.count)
  }
}

extension Matrix {
  /// The same rows with room for `count`.
  fileprivate func enlarged(to count: Int) -> Matrix {
    var result = Matrix(rows: count, columns: columns)
    result.mutablePointer.update(from: pointer, count: self.count)
    return result
  }
}

extension RolloutSegment: Checkpointable {
  public func save(to writer: inout StateWriter) {
    writer.write("steps", steps)
    writer.write("copies", [copies, observationSize, actionSize])
    func write(_ name: String, _ matrix: Matrix, rows: Int) {
      writer.write(
        name, shape: [rows, matrix.columns],
        UnsafeBufferPointer(start: matrix.pointer, count: rows * matrix.columns))
    }
    write("observations", observations, rows: rows)
    write("actions", actions, rows: rows)
    writer.write("rewards", shape: [rows], UnsafeBufferPointer(start: rewards.pointer, count: rows))
    writer.write("endings", endings[..<rows].map { Int($0.rawValue) })
    writer.write("begins_episode", beginsEpisode.map { $0 ? 1 : 0 })
    writer.write("is_between", isBetween.map { $0 ? 1 : 0 })
    writer.write("last", last)
    write("truncated", truncated, rows: truncatedRows.count)
    writer.write("truncated_rows", truncatedRows)
  }

  public mutating func restore(from reader: StateReader) throws(ArchiveError) {
    let (count, shape) = (try reader.count("steps"), try reader.integers("copies"))
    // what follows has as many rows as the file holds, whatever the number of steps says
    let held = try reader.size(of: "rewards")
    guard shape == [copies, observationSize, actionSize], held / copies == count, held % copies == 0 else {
      throw .mismatch(
        name: "segment", expected: "\([copies, observationSize, actionSize])", found: "\(count) steps of \(shape)")
    }
    clear()
    while endings.count < count * copies { grow() }
    steps = count
    func read(_ name: String, rows: Int, into matrix: inout Matrix) throws(ArchiveError) {
      try reader.read(
        name, shape: [rows, matrix.columns],
        into: UnsafeMutableBufferPointer(start: matrix.mutablePointer, count: rows * matrix.columns))
    }
    try read("observations", rows: rows, into: &observations)
    try read("actions", rows: rows, into: &actions)
    try reader.read(
      "rewards", shape: [rows], into: UnsafeMutableBufferPointer(start: rewards.mutablePointer, count: rows))
    let codes = try reader.counts("endings")
    for (row, code) in codes.enumerated() {
      guard row < rows, let ending = UInt8(exactly: code).flatMap(Ending.init) else {
        throw .mismatch(name: "endings", expected: "\(rows) endings", found: "\(code) at \(row)")
      }
      endings[row] = ending
    }
    let (begins, between) = (try reader.counts("begins_episode"), try reader.counts("is_between"))
    truncatedRows = try reader.counts("truncated_rows")
    guard codes.count == rows, begins.count == copies, between.count == copies,
      truncatedRows.allSatisfy({ (0..<rows).contains($0) })
    else { throw .mismatch(name: "segment", expected: "\(rows) rows of \(copies) copies", found: "another number") }
    beginsEpisode = begins.map { $0 != 0 }
    isBetween = between.map { $0 != 0 }
    try reader.read("last", into: &last)
    while truncated.rows < truncatedRows.count { truncated = truncated.enlarged(to: 2 * truncated.rows) }
    try read("truncated", rows: truncatedRows.count, into: &truncated)
  }
}
