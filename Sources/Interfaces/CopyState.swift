import Archive
import Kernels

extension StateWriter {
  /// Writes what each copy of an environment has: the first one's as `name`, as if it were the only copy, copy i's as
  /// `name_i`.
  public mutating func write(_ name: String, copies: [some Checkpointable]) {
    for (index, part) in copies.enumerated() { write(copyName(name, index), part) }
  }

  /// The same of random streams.
  public mutating func write(_ name: String, copies: [RandomStream]) {
    for (index, stream) in copies.enumerated() { write(copyName(name, index), stream) }
  }
}

extension StateReader {
  /// Reads what `StateWriter.write(_:copies:)` wrote of as many copies.
  public func read<Part: Checkpointable>(_ name: String, intoCopies copies: inout [Part]) throws(ArchiveError) {
    for index in copies.indices { try read(copyName(name, index), into: &copies[index]) }
  }

  /// The same of random streams.
  public func read(_ name: String, intoCopies copies: inout [RandomStream]) throws(ArchiveError) {
    for index in copies.indices { copies[index] = try stream(copyName(name, index)) }
  }
}

extension StateFields {
  /// What each copy of an environment has, as `StateWriter.write(_:copies:)` names it.
  public mutating func field<Part: Checkpointable>(_ name: String, copies: inout [Part]) throws(ArchiveError) {
    if let reader { try reader.read(name, intoCopies: &copies) } else { writer.write(name, copies: copies) }
  }

  /// The same of random streams.
  public mutating func field(_ name: String, copies: inout [RandomStream]) throws(ArchiveError) {
    if let reader { try reader.read(name, intoCopies: &copies) } else { writer.write(name, copies: copies) }
  }

  /// A counter's steps, none of them new once restored.
  public mutating func field(_ name: String, _ counter: inout StepCounter) throws(ArchiveError) {
    var steps = counter.steps
    try field(name, &steps)
    if isRestoring { counter = StepCounter(steps) }
  }
}

/// Name in a saved state of what copy `index` has.
private func copyName(_ name: String, _ index: Int) -> String { index == 0 ? name : "\(name)_\(index)" }
