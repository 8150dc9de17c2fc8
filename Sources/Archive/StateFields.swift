/// State whose fields one function visits, to save as to restore them, so that each is named once.
public protocol Archived: Checkpointable {
  /// Hands every saved field, in order, to `fields`. What depends on them is made again where `fields.isRestoring`; while
  /// saving, changes of the receiver are lost. Throws `ArchiveError`, only while restoring.
  mutating func archive(_ fields: inout StateFields) throws(ArchiveError)
}

extension Archived {
  /// Writes the fields of a copy, which shares its buffers with the receiver.
  public func save(to writer: inout StateWriter) {
    var (copy, fields) = (self, StateFields(writer))
    // so that the fields alone own what is written, which would be copied else
    writer = StateWriter()
    do { try copy.archive(&fields) } catch { preconditionFailure("saving failed to read: \(error)") }
    writer = fields.writer
  }

  public mutating func restore(from reader: StateReader) throws(ArchiveError) {
    var fields = StateFields(reader)
    try archive(&fields)
  }
}

/// One pass over named fields that writes or overwrites each.
public struct StateFields {
  /// Where fields are written while saving.
  package var writer: StateWriter
  /// Where fields are read from while restoring; nil while saving.
  package let reader: StateReader?

  init(_ writer: StateWriter) { (self.writer, reader) = (writer, nil) }

  init(_ reader: StateReader) { (writer, self.reader) = (StateWriter(), reader) }

  /// Whether fields are overwritten with what was saved.
  public var isRestoring: Bool { reader != nil }

  /// A part under its own scope.
  public mutating func field(_ name: String, _ part: inout some Checkpointable) throws(ArchiveError) {
    if let reader { try reader.read(name, into: &part) } else { writer.write(name, part) }
  }

  /// A part whose fields stand among the others.
  public mutating func inline(_ part: inout some Checkpointable) throws(ArchiveError) {
    if let reader { try part.restore(from: reader) } else { part.save(to: &writer) }
  }

  /// A part that the receiver's settings make or leave out: it is there while saving and while restoring, or neither.
  public mutating func field(_ name: String, present part: inout (some Checkpointable)?) throws(ArchiveError) {
    // taken out so that its buffers have one owner
    guard var own = part.take() else { return }
    defer { part = own }
    try field(name, &own)
  }

  /// A number.
  public mutating func field<Element: TensorElement>(_ name: String, _ value: inout Element) throws(ArchiveError) {
    if let reader { value = try reader.value(name) } else { writer.write(name, value) }
  }

  /// An integer; what becomes an index must name its `range`, all others are numbers of things, at least 0.
  public mutating func field(
    _ name: String, _ value: inout Int, in range: ClosedRange<Int> = 0...Int.max
  ) throws(ArchiveError) {
    if let reader { value = try reader.integer(name, in: range) } else { writer.write(name, value) }
  }

  /// A truth value; `missing` is what a file without it means, which is damage unless given.
  public mutating func field(_ name: String, _ value: inout Bool, missing: Bool? = nil) throws(ArchiveError) {
    guard let reader else { return writer.write(name, value) }
    if let missing, !reader.has(name) { value = missing } else { value = try reader.bool(name) }
  }

  /// Numbers, as many as there are unless `growing`, or `count` if given.
  public mutating func field<Element: TensorElement>(
    _ name: String, _ values: inout [Element], growing: Bool = false, count: Int? = nil
  ) throws(ArchiveError) {
    if let reader {
      values = try reader.read(name, shape: growing ? nil : [count ?? values.count])
    } else {
      writer.write(name, values)
    }
  }

  /// Integers under one name, as many as there are unless `growing`, or `count` if given. What becomes an index must name
  /// its `range`, all others are numbers of things, at least 0.
  public mutating func field(
    _ name: String, _ values: inout [Int], growing: Bool = false, count: Int? = nil,
    in range: @autoclosure () -> ClosedRange<Int> = 0...Int.max
  ) throws(ArchiveError) {
    if let reader {
      values = try reader.integers(name, count: growing ? nil : count ?? values.count, in: range())
    } else {
      writer.write(name, values)
    }
  }

  /// Two integers under one name.
  public mutating func field(_ name: String, _ first: inout Int, _ second: inout Int) throws(ArchiveError) {
    var values = [first, second]
    try field(name, &values)
    (first, second) = (values[0], values[1])
  }
}
