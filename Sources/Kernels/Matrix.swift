/// Row-major `[rows, columns]` matrix of floats with value semantics (copy-on-write), aligned to 64 bytes.
public struct Matrix: Sendable {
  @usableFromInline package var storage: Storage
  /// Number of rows.
  public private(set) var rows: Int
  /// Number of columns; also the distance between rows in `pointer`.
  public let columns: Int

  /// A `[rows, columns]` matrix of zeros.
  public init(rows: Int, columns: Int) {
    precondition(rows >= 0 && columns >= 0, "negative shape [\(rows), \(columns)]")
    storage = Storage(count: rows * columns)
    self.rows = rows
    self.columns = columns
  }

  /// A copy of `elements`, given row by row.
  public init(rows: Int, columns: Int, _ elements: [Float]) {
    precondition(elements.count == rows * columns, "\(elements.count) elements for shape [\(rows), \(columns)]")
    self.init(rows: rows, columns: columns)
    elements.withUnsafeBufferPointer { source in
      if let base = source.baseAddress { storage.pointer.update(from: base, count: elements.count) }
    }
  }

  /// Number of elements, `rows * columns`.
  public var count: Int { rows * columns }

  /// Read access, row by row; valid while the matrix lives and is not mutated. A temporary does not live long enough:
  /// the matrix must be in a variable or property that is there until the last use of the pointer.
  public var pointer: UnsafePointer<Float> { UnsafePointer(storage.pointer) }

  /// Write access, row by row; valid while the matrix lives. Copies first if the block is shared.
  public var mutablePointer: UnsafeMutablePointer<Float> {
    mutating get {
      if !isKnownUniquelyReferenced(&storage) { storage = Storage(copying: storage) }
      return storage.pointer
    }
  }

  /// Read access to one row of `columns` elements.
  public func row(_ index: Int) -> UnsafeBufferPointer<Float> {
    precondition(index >= 0 && index < rows, "row \(index) outside 0..<\(rows)")
    return UnsafeBufferPointer(start: storage.pointer + index * columns, count: columns)
  }

  /// Overwrites one row with `elements`, `columns` of them.
  public mutating func setRow(_ index: Int, _ elements: [Float]) {
    precondition(index >= 0 && index < rows && elements.count == columns, "row \(index) of [\(rows), \(columns)]")
    let target = mutablePointer + index * columns
    for column in 0..<columns { target[column] = elements[column] }
  }

  /// Element access, bounds-checked.
  public subscript(row: Int, column: Int) -> Float {
    get {
      precondition(row >= 0 && row < rows && column >= 0 && column < columns, "[\(row), \(column)] outside the matrix")
      return storage.pointer[row * columns + column]
    }
    set {
      precondition(row >= 0 && row < rows && column >= 0 && column < columns, "[\(row), \(column)] outside the matrix")
      mutablePointer[row * columns + column] = newValue
    }
  }

  /// The elements row by row as an array (a copy).
  public var elements: [Float] { Array(UnsafeBufferPointer(start: storage.pointer, count: count)) }

  /// Sets every element to `value`.
  public mutating func fill(_ value: Float) { mutablePointer.update(repeating: value, count: count) }

  /// Overwrites all elements with those of `other`, of equal shape, without allocating (when not shared).
  public mutating func copy(from other: Matrix) {
    precondition(other.rows == rows && other.columns == columns, "shape mismatch in copy")
    mutablePointer.update(from: other.pointer, count: count)
  }

  /// Changes the number of rows in use, keeping the block when it is large enough; the contents are then unspecified.
  public mutating func reshape(rows newRows: Int) {
    precondition(newRows >= 0, "negative row count \(newRows)")
    if newRows * columns > storage.count { storage = Storage(count: newRows * columns) }
    rows = newRows
  }
}

extension Matrix: Equatable {
  /// Equal shape and element-wise equality.
  public static func == (left: Matrix, right: Matrix) -> Bool {
    left.rows == right.rows && left.columns == right.columns
      && (0..<left.count).allSatisfy { left.storage.pointer[$0] == right.storage.pointer[$0] }
  }
}
