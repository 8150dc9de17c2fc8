/// A few scalars that make a physical state: a SIMD vector of plain numbers, `ScalarVector` of any.
public protocol StateVector: Sendable {
  /// The type of a component.
  associatedtype Scalar: DynamicsScalar

  /// Zeros.
  init()

  /// The component at `index`, from 0.
  subscript(index: Int) -> Scalar { get set }

  /// The sum, component by component.
  static func + (left: Self, right: Self) -> Self
  /// Every component times a constant.
  static func * (factor: Double, right: Self) -> Self
}

extension SIMD4: StateVector where Scalar == Double {}
extension SIMD8: StateVector where Scalar == Double {}

/// Four scalars of any kind; smaller states and actions leave the last ones unused.
public struct ScalarVector<Scalar: DynamicsScalar>: StateVector {
  /// Scalars in a vector.
  public static var capacity: Int { 4 }

  private var scalars: InlineArray<4, Scalar>

  public init() { scalars = InlineArray(repeating: Scalar(0)) }

  /// Two components.
  public init(_ first: Scalar, _ second: Scalar) {
    self.init()
    scalars[0] = first
    scalars[1] = second
  }

  /// Component `index`, counted from 0.
  public subscript(index: Int) -> Scalar {
    get { scalars[index] }
    set { scalars[index] = newValue }
  }

  public static func + (left: ScalarVector, right: ScalarVector) -> ScalarVector {
    var sum = left
    for index in 0..<capacity { sum[index] = left[index] + right[index] }
    return sum
  }

  public static func * (factor: Double, right: ScalarVector) -> ScalarVector {
    var product = right
    for index in 0..<capacity { product[index] = factor * right[index] }
    return product
  }
}

/// Eight scalars of any kind, for the longer states; slower than `ScalarVector` by as much.
public struct LongScalarVector<Scalar: DynamicsScalar>: StateVector {
  /// Scalars in a vector.
  public static var capacity: Int { 8 }

  private var scalars: InlineArray<8, Scalar>

  public init() { scalars = InlineArray(repeating: Scalar(0)) }

  /// Component `index`, counted from 0.
  public subscript(index: Int) -> Scalar {
    get { scalars[index] }
    set { scalars[index] = newValue }
  }

  public static func + (left: LongScalarVector, right: LongScalarVector) -> LongScalarVector {
    var sum = left
    for index in 0..<capacity { sum[index] = left[index] + right[index] }
    return sum
  }

  public static func * (factor: Double, right: LongScalarVector) -> LongScalarVector {
    var product = right
    for index in 0..<capacity { product[index] = factor * right[index] }
    return product
  }
}
