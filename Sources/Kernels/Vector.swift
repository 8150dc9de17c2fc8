/// Flat buffer of `count` floats with value semantics (copy-on-write), aligned to 64 bytes.
///
/// Parameters, gradients, moments and target networks are vectors of equal length, so that an optimizer step, Polyak
/// averaging or a checkpoint is one loop.
public struct Vector: Sendable {
  @usableFromInline package var storage: Storage

  /// A vector of `count` zeros.
  public init(count: Int) { storage = Storage(count: count) }

  /// A copy of `elements`.
  public init(_ elements: [Float]) {
    storage = Storage(count: elements.count)
    elements.withUnsafeBufferPointer { source in
      if let base = source.baseAddress { storage.pointer.update(from: base, count: elements.count) }
    }
  }

  /// Number of elements.
  public var count: Int { storage.count }

  /// Read access to the elements; valid while the vector lives and is not mutated. A temporary does not live long
  /// enough: the vector must be in a variable or property that is there until the last use of the pointer.
  public var pointer: UnsafePointer<Float> { UnsafePointer(storage.pointer) }

  /// Write access to the elements; valid while the vector lives. Copies first if the block is shared.
  public var mutablePointer: UnsafeMutablePointer<Float> {
    mutating get {
      if !isKnownUniquelyReferenced(&storage) { storage = Storage(copying: storage) }
      return storage.pointer
    }
  }

  /// Element access, bounds-checked.
  public subscript(index: Int) -> Float {
    get {
      precondition(index >= 0 && index < count, "index \(index) outside 0..<\(count)")
      return storage.pointer[index]
    }
    set {
      precondition(index >= 0 && index < count, "index \(index) outside 0..<\(count)")
      mutablePointer[index] = newValue
    }
  }

  /// The elements as an array (a copy).
  public var elements: [Float] { Array(UnsafeBufferPointer(start: storage.pointer, count: count)) }

  /// Sets every element to `value`.
  public mutating func fill(_ value: Float) { mutablePointer.update(repeating: value, count: count) }

  /// Overwrites all elements with those of `other`, of equal count, without allocating (when not shared).
  public mutating func copy(from other: Vector) {
    precondition(other.count == count, "copying \(other.count) elements into \(count)")
    mutablePointer.update(from: other.pointer, count: count)
  }
}

extension Vector: Equatable {
  /// Element-wise equality.
  public static func == (left: Vector, right: Vector) -> Bool {
    left.count == right.count && (0..<left.count).allSatisfy { left.storage.pointer[$0] == right.storage.pointer[$0] }
  }
}
