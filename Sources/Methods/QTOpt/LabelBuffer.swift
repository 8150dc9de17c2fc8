import Archive
import Interfaces
import Kernels

/// Ring of the last labelled transitions: observation, action and the value that the critic should have there, with the
/// number of training steps there had been when the label was made.
package struct LabelBuffer: Sendable {
  let capacity: Int
  /// Labels held.
  private(set) var count = 0
  /// Labels made since the start.
  package private(set) var appended = 0
  private var observations: Matrix
  private var actions: Matrix
  private var targets: Vector
  private var stamps: [Int]

  init(capacity: Int, observationSize: Int, actionSize: Int) {
    self.capacity = capacity
    observations = Matrix(rows: capacity, columns: observationSize)
    actions = Matrix(rows: capacity, columns: actionSize)
    targets = Vector(count: capacity)
    stamps = Array(repeating: 0, count: capacity)
  }

  /// What it takes in memory, from the start on; `setting` is that of the capacity.
  func memoryNeed(setting: String) -> MemoryNeed {
    let row = 4 * (observations.columns + actions.columns + 1) + MemoryLayout<Int>.stride
    return MemoryNeed(
      setting: setting, what: "\(capacity) labelled transitions", bytes: Double(capacity) * Double(row))
  }

  /// Takes in the transitions of `batch` with their `labels`, over the oldest ones if full.
  mutating func append(_ batch: TransitionBatch, labels: Vector, stamp: Int) {
    let (o, a, y) = (observations.mutablePointer, actions.mutablePointer, targets.mutablePointer)
    let (width, size) = (observations.columns, actions.columns)
    for row in 0..<batch.count {
      let slot = appended % capacity
      (o + slot * width).update(from: batch.observations.pointer + row * width, count: width)
      (a + slot * size).update(from: batch.actions.pointer + row * size, count: size)
      y[slot] = labels.pointer[row]
      stamps[slot] = stamp
      appended += 1
    }
    count = min(appended, capacity)
  }

  /// Fills `batch` with labels drawn uniformly with replacement; returns their mean age at training step `now`.
  func sample(into batch: inout ValueBatch, now: Int, using random: inout RandomStream) -> Float {
    precondition(count > 0, "sampling from an empty buffer")
    let (o, a, y) = (
      batch.observations.mutablePointer, batch.actions.mutablePointer, batch.targets.mutablePointer
    )
    let (width, size) = (observations.columns, actions.columns)
    var age = 0
    for row in 0..<batch.count {
      let slot = random.index(below: count)
      (o + row * width).update(from: observations.pointer + slot * width, count: width)
      (a + row * size).update(from: actions.pointer + slot * size, count: size)
      y[row] = targets.pointer[slot]
      age += now - stamps[slot]
    }
    return Float(age) / Float(batch.count)
  }
}

extension LabelBuffer: Archived {
  package mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("appended", &appended)
    count = min(appended, capacity)
    try fields.field("observations", &observations)
    try fields.field("actions", &actions)
    try fields.field("targets", &targets)
    try fields.field("stamps", &stamps, count: capacity)
  }
}
