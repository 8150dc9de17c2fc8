import Kernels

extension StateWriter {
  /// Saves a stream's position.
  public mutating func write(_ name: String, _ stream: RandomStream) { write(name, stream.words) }

  /// Saves a vector.
  public mutating func write(_ name: String, _ vector: Vector) {
    write(name, shape: [vector.count], UnsafeBufferPointer(start: vector.pointer, count: vector.count))
  }

  /// Saves a matrix with its shape.
  public mutating func write(_ name: String, _ matrix: Matrix) {
    write(name, shape: [matrix.rows, matrix.columns], UnsafeBufferPointer(start: matrix.pointer, count: matrix.count))
  }
}

extension StateReader {
  /// A stream saved with `write(_:_: RandomStream)`.
  public func stream(_ name: String) throws(ArchiveError) -> RandomStream {
    guard let stream = RandomStream(words: try read(name, as: UInt64.self)) else {
      throw .mismatch(name: name, expected: "five words of a random stream", found: "other words")
    }
    return stream
  }

  /// Restores a vector of unchanged length.
  public func read(_ name: String, into vector: inout Vector) throws(ArchiveError) {
    let count = vector.count
    try read(name, into: UnsafeMutableBufferPointer(start: vector.mutablePointer, count: count))
  }

  /// Restores a matrix of unchanged shape.
  public func read(_ name: String, into matrix: inout Matrix) throws(ArchiveError) {
    let (count, shape) = (matrix.count, [matrix.rows, matrix.columns])
    try read(name, shape: shape, into: UnsafeMutableBufferPointer(start: matrix.mutablePointer, count: count))
  }
}

extension RunningMoments: Checkpointable {
  public func save(to writer: inout StateWriter) {
    let state = state
    writer.write("count", state.count)
    writer.write("mean", state.mean)
    writer.write("squares", state.squares)
  }

  public mutating func restore(from reader: StateReader) throws(ArchiveError) {
    let count = try reader.integer("count")
    guard count >= 0 else { throw .mismatch(name: "count", expected: "a count", found: "\(count)") }
    let size = mean.count
    self = RunningMoments(
      count: count, mean: try reader.read("mean", shape: [size]), squares: try reader.read("squares", shape: [size]))
  }
}

extension StateFields {
  /// A stream's position.
  public mutating func field(_ name: String, _ stream: inout RandomStream) throws(ArchiveError) {
    if let reader { stream = try reader.stream(name) } else { writer.write(name, stream) }
  }

  /// A vector of unchanged length.
  public mutating func field(_ name: String, _ vector: inout Vector) throws(ArchiveError) {
    if let reader { try reader.read(name, into: &vector) } else { writer.write(name, vector) }
  }

  /// A matrix of unchanged shape.
  public mutating func field(_ name: String, _ matrix: inout Matrix) throws(ArchiveError) {
    if let reader { try reader.read(name, into: &matrix) } else { writer.write(name, matrix) }
  }

  /// A stream that the receiver's settings make or leave out.
  public mutating func field(_ name: String, present stream: inout RandomStream?) throws(ArchiveError) {
    guard var own = stream else { return }
    try field(name, &own)
    stream = own
  }

  /// A vector of unchanged length that the receiver's settings make or leave out.
  public mutating func field(_ name: String, present vector: inout Vector?) throws(ArchiveError) {
    // taken out so that its buffer has one owner
    guard var own = vector.take() else { return }
    defer { vector = own }
    try field(name, &own)
  }
}
