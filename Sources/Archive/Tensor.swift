/// Element types of a stored tensor, named as in the safetensors format.
public enum TensorType: String, Sendable, Equatable, CaseIterable {
  case float32 = "F32"
  case float64 = "F64"
  case int64 = "I64"
  case uint64 = "U64"
  case uint8 = "U8"

  /// Bytes an element takes.
  public var size: Int {
    switch self {
    case .float32: 4
    case .float64, .int64, .uint64: 8
    case .uint8: 1
    }
  }
}

/// Plain numbers that a tensor can hold.
public protocol TensorElement: BitwiseCopyable, Sendable {
  /// The stored type.
  static var tensorType: TensorType { get }
}

extension Float: TensorElement {
  /// 32-bit IEEE 754.
  public static var tensorType: TensorType { .float32 }
}
extension Double: TensorElement {
  /// 64-bit IEEE 754.
  public static var tensorType: TensorType { .float64 }
}
extension Int64: TensorElement {
  /// 64-bit two's complement.
  public static var tensorType: TensorType { .int64 }
}
extension UInt64: TensorElement {
  /// 64-bit unsigned.
  public static var tensorType: TensorType { .uint64 }
}
extension UInt8: TensorElement {
  /// Bytes.
  public static var tensorType: TensorType { .uint8 }
}

/// A named, shaped block of numbers: little-endian, row-major.
public struct Tensor: Sendable, Equatable {
  /// Element type.
  public let type: TensorType
  /// Sizes, outermost first; empty for a scalar.
  public let shape: [Int]
  /// The elements' bytes.
  public let bytes: [UInt8]

  /// A tensor of `elements`; the shape's product must be their number.
  public init<Element: TensorElement>(shape: [Int], _ elements: UnsafeBufferPointer<Element>) {
    precondition(shape.reduce(1, *) == elements.count, "shape \(shape) for \(elements.count) elements")
    type = Element.tensorType
    self.shape = shape
    bytes = Array(UnsafeRawBufferPointer(elements))
  }

  /// A tensor from raw bytes, as read from a file.
  public init(type: TensorType, shape: [Int], bytes: [UInt8]) {
    precondition(shape.reduce(1, *) * type.size == bytes.count, "shape \(shape) for \(bytes.count) bytes")
    self.type = type
    self.shape = shape
    self.bytes = bytes
  }

  /// Number of elements.
  public var count: Int { bytes.count / type.size }

  /// Copies the elements out; nil if the type differs.
  public func elements<Element: TensorElement>(as: Element.Type) -> [Element]? {
    guard type == Element.tensorType else { return nil }
    return bytes.withUnsafeBytes { raw in
      (0..<count).map { raw.loadUnaligned(fromByteOffset: $0 * type.size, as: Element.self) }
    }
  }
}
