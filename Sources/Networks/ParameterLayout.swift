import Archive
import Kernels

/// Names, shapes and places of the tensors inside one flat parameter vector.
public struct ParameterLayout: Sendable, Equatable {
  /// One tensor: `count` floats from `offset` on, row-major.
  public struct Entry: Sendable, Equatable {
    /// Name, unique in the layout (`layers.0.weight`).
    public let name: String
    /// Sizes, outermost first.
    public let shape: [Int]
    /// First element's index in the flat vector.
    public let offset: Int

    /// Number of elements.
    public var count: Int { shape.reduce(1, *) }
    /// Its elements' indices.
    public var range: Range<Int> { offset..<offset + count }
  }

  /// The tensors, in order and without gaps.
  public private(set) var entries: [Entry] = []
  /// Number of floats in all.
  public private(set) var count = 0

  /// A layout without tensors.
  public init() {}

  /// Adds a tensor behind the others and returns its offset.
  @discardableResult
  public mutating func append(_ name: String, shape: [Int]) -> Int {
    precondition(!entries.contains { $0.name == name }, "parameter '\(name)' named twice")
    let entry = Entry(name: name, shape: shape, offset: count)
    entries.append(entry)
    count += entry.count
    return entry.offset
  }

  /// Adds all tensors of `other`, their names prefixed, and returns the offset of the first.
  @discardableResult
  public mutating func append(_ prefix: String, _ other: ParameterLayout) -> Int {
    let start = count
    for entry in other.entries { append(prefix + "." + entry.name, shape: entry.shape) }
    return start
  }

  /// The named tensors of `parameters` as a file of weights (safetensors, readable by the Python package of that name).
  public func tensors(of parameters: Vector) -> TensorFile {
    precondition(parameters.count == count, "\(parameters.count) parameters for a layout of \(count)")
    var file = TensorFile()
    for entry in entries {
      file.tensors[entry.name] = Tensor(
        shape: entry.shape, UnsafeBufferPointer(start: parameters.pointer + entry.offset, count: entry.count))
    }
    return file
  }

  /// Parameters from a file of weights. Every tensor must be there with its shape, and no other; throws `ArchiveError`
  /// naming the one that is not.
  public func parameters(from file: TensorFile) throws(ArchiveError) -> Vector {
    var parameters = Vector(count: count)
    for entry in entries {
      guard let tensor = file.tensors[entry.name] else { throw .missing(name: entry.name) }
      guard tensor.shape == entry.shape, let elements = tensor.elements(as: Float.self) else {
        throw .mismatch(
          name: entry.name, expected: "F32\(entry.shape)", found: "\(tensor.type.rawValue)\(tensor.shape)")
      }
      let target = parameters.mutablePointer + entry.offset
      for index in elements.indices { target[index] = elements[index] }
    }
    let known = Set(entries.map(\.name))
    if let extra = file.tensors.keys.filter({ !known.contains($0) }).min() {
      throw .mismatch(name: extra, expected: "one of the network's tensors", found: "a tensor it does not have")
    }
    return parameters
  }
}
