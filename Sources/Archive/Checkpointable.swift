/// A piece of state that can be saved in the middle of a run and restored to go on bit for bit.
public protocol Checkpointable {
  /// Writes everything that influences future behavior under the writer's current scope.
  func save(to writer: inout StateWriter)

  /// Overwrites this value's state with what `save` wrote. Shapes must agree: the receiver is built from the same
  /// configuration first. Throws `ArchiveError`; after an error the receiver must not be used.
  mutating func restore(from reader: StateReader) throws(ArchiveError)
}

/// Collects named tensors under nested scopes (`agent.learner.critic`).
public struct StateWriter {
  /// What has been written so far.
  public private(set) var file = TensorFile()
  /// Records that were set aside, with the names of their scopes.
  public private(set) var records: [(name: String, ring: any RecordRing)] = []
  /// Whether records are set aside, for a file of their own, rather than written as tensors.
  private let setsAside: Bool
  private var prefix = ""

  /// A writer with nothing written, which sets records aside if told to.
  public init(settingRecordsAside: Bool = false) { setsAside = settingRecordsAside }

  /// Takes the records of the current scope, if they are to be set aside; else they must be written as tensors.
  public mutating func setAside(_ ring: some RecordRing) -> Bool {
    if setsAside { records.append((name: prefix, ring: ring)) }
    return setsAside
  }

  /// Runs `body` with `name` appended to the scope.
  public mutating func scope<Failure: Error>(
    _ name: String, _ body: (inout StateWriter) throws(Failure) -> Void
  ) throws(Failure) {
    let outer = prefix
    prefix = outer + name + "."
    defer { prefix = outer }
    try body(&self)
  }

  /// Saves a part under its own scope.
  public mutating func write(_ name: String, _ part: some Checkpointable) {
    scope(name) { part.save(to: &$0) }
  }

  /// Saves a tensor of the given shape.
  public mutating func write<Element: TensorElement>(
    _ name: String, shape: [Int], _ elements: UnsafeBufferPointer<Element>
  ) {
    precondition(file.tensors[prefix + name] == nil, "'\(prefix + name)' is written twice")
    file.tensors[prefix + name] = Tensor(shape: shape, elements)
  }

  /// Saves an array as a one-dimensional tensor.
  public mutating func write<Element: TensorElement>(_ name: String, _ elements: [Element]) {
    elements.withUnsafeBufferPointer { write(name, shape: [elements.count], $0) }
  }

  /// Saves one number.
  public mutating func write<Element: TensorElement>(_ name: String, _ value: Element) {
    withUnsafePointer(to: value) { write(name, shape: [], UnsafeBufferPointer(start: $0, count: 1)) }
  }

  /// Saves an integer.
  public mutating func write(_ name: String, _ value: Int) { write(name, Int64(value)) }

  /// Saves a truth value.
  public mutating func write(_ name: String, _ value: Bool) { write(name, UInt8(value ? 1 : 0)) }

  /// Saves integers.
  public mutating func write(_ name: String, _ values: [Int]) { write(name, values.map(Int64.init)) }
}

/// Reads what a `StateWriter` wrote, under the same scopes.
public struct StateReader: Sendable {
  private let file: TensorFile
  private let records: (any RecordSource)?
  private let prefix: String

  /// A reader at the root of `file`, whose records may have been set aside.
  public init(_ file: TensorFile, records: (any RecordSource)? = nil) { self.init(file, records, prefix: "") }

  private init(_ file: TensorFile, _ records: (any RecordSource)?, prefix: String) {
    (self.file, self.records, self.prefix) = (file, records, prefix)
  }

  /// Where the records of this scope were set aside; nil where they are among the tensors.
  public var recordsAside: (any RecordSource)? { records.flatMap { $0.has(prefix) ? $0 : nil } }

  /// Hands out the records of this scope that were set aside; see `RecordSource.read`.
  public func readRecords(
    _ numbers: Range<Int>, from source: any RecordSource, lineage: RecordLineage,
    _ take: (RecordBlock) throws(ArchiveError) -> Void
  ) throws(ArchiveError) -> Bool {
    try source.read(prefix, numbers, lineage: lineage, take)
  }

  /// A reader whose names are under `name`.
  public func scope(_ name: String) -> StateReader { StateReader(file, records, prefix: prefix + name + ".") }

  /// Restores a part saved under its own scope.
  public func read<Part: Checkpointable>(_ name: String, into part: inout Part) throws(ArchiveError) {
    try part.restore(from: scope(name))
  }

  /// Whether a tensor of that name exists.
  public func has(_ name: String) -> Bool { file.tensors[prefix + name] != nil }

  /// Number of elements of a tensor, before anything is made for them.
  public func size(of name: String) throws(ArchiveError) -> Int {
    guard let tensor = file.tensors[prefix + name] else { throw .missing(name: prefix + name) }
    return tensor.count
  }

  /// The elements of a tensor; its shape must be `shape` when given.
  public func read<Element: TensorElement>(
    _ name: String, as type: Element.Type = Element.self, shape: [Int]? = nil
  ) throws(ArchiveError) -> [Element] {
    guard let tensor = file.tensors[prefix + name] else { throw .missing(name: prefix + name) }
    let expected = shape ?? tensor.shape
    guard let elements = tensor.elements(as: Element.self), tensor.shape == expected else {
      throw .mismatch(
        name: prefix + name, expected: "\(Element.tensorType.rawValue)\(expected)",
        found: "\(tensor.type.rawValue)\(tensor.shape)")
    }
    return elements
  }

  /// Copies a tensor of exactly `buffer.count` elements of the same type into `buffer`; its shape must be `shape` when
  /// given.
  public func read<Element: TensorElement>(
    _ name: String, shape: [Int]? = nil, into buffer: UnsafeMutableBufferPointer<Element>
  ) throws(ArchiveError) {
    guard let tensor = file.tensors[prefix + name] else { throw .missing(name: prefix + name) }
    let expected = shape ?? tensor.shape
    guard tensor.type == Element.tensorType, tensor.count == buffer.count, tensor.shape == expected else {
      throw .mismatch(
        name: prefix + name, expected: "\(Element.tensorType.rawValue)\(shape ?? [buffer.count])",
        found: "\(tensor.type.rawValue)\(tensor.shape)")
    }
    UnsafeMutableRawBufferPointer(buffer).copyBytes(from: tensor.bytes)
  }

  /// One number.
  public func value<Element: TensorElement>(
    _ name: String, as type: Element.Type = Element.self
  ) throws(ArchiveError) -> Element {
    let elements = try read(name, as: Element.self, shape: [])
    guard let first = elements.first else { throw .missing(name: prefix + name) }
    return first
  }

  /// Integers that counters can be: whatever is added to one of them is still an `Int`.
  private static var counters: ClosedRange<Int> { -(1 << 48)...1 << 48 }

  /// An integer saved with `write(_:_: Int)`. Whatever becomes an index must be read with its `range`: a checksum is no
  /// defence against a file that was made to mislead.
  public func integer(_ name: String, in range: ClosedRange<Int>? = nil) throws(ArchiveError) -> Int {
    let value = Int(try value(name, as: Int64.self))
    try check(name, [value], in: range)
    return value
  }

  /// A number of things, at least 0.
  public func count(_ name: String) throws(ArchiveError) -> Int { try integer(name, in: 0...Self.counters.upperBound) }

  private func check(_ name: String, _ values: [Int], in range: ClosedRange<Int>?) throws(ArchiveError) {
    let range = range?.clamped(to: Self.counters) ?? Self.counters
    for value in values where !range.contains(value) {
      throw .mismatch(
        name: prefix + name, expected: "within \(range.lowerBound)...\(range.upperBound)", found: "\(value)")
    }
  }

  /// A truth value.
  public func bool(_ name: String) throws(ArchiveError) -> Bool { try value(name, as: UInt8.self) != 0 }

  /// Integers saved with `write(_:_: [Int])`, `count` of them where that is known. Indices must be read with their
  /// `range`.
  public func integers(
    _ name: String, count: Int? = nil, in range: ClosedRange<Int>? = nil
  ) throws(ArchiveError) -> [Int] {
    let values = try read(name, as: Int64.self, shape: count.map { [$0] }).map { Int($0) }
    try check(name, values, in: range)
    return values
  }

  /// Numbers of things, at least 0.
  public func counts(_ name: String, count: Int? = nil) throws(ArchiveError) -> [Int] {
    try integers(name, count: count, in: 0...Self.counters.upperBound)
  }
}
