/// T linear-Gaussian conditionals, y_t ~ N(M_t z_t + b_t, S_t): with z = x and y = u a controller, with z = (x, u) and
/// y = x' dynamics.
public struct TimedLinearGaussian: Sendable, Equatable {
  /// Number of steps, T.
  public let count: Int
  /// Numbers in z.
  public let inputSize: Int
  /// Numbers in y.
  public let outputSize: Int
  /// M_t, [T, outputs, inputs] row-major.
  public var matrices: [Double]
  /// b_t, [T, outputs].
  public var offsets: [Double]
  /// S_t, [T, outputs, outputs], symmetric and positive semidefinite.
  public var covariances: [Double]

  /// Zeros for `count` steps.
  public init(count: Int, inputSize: Int, outputSize: Int) {
    precondition(count >= 0 && inputSize > 0 && outputSize > 0, "empty conditionals")
    self.count = count
    self.inputSize = inputSize
    self.outputSize = outputSize
    matrices = Array(repeating: 0, count: count * outputSize * inputSize)
    offsets = Array(repeating: 0, count: count * outputSize)
    covariances = Array(repeating: 0, count: count * outputSize * outputSize)
  }

  /// Writes the mean M_t z + b_t [outputs] at step `t` for `input` [inputs]. Does not allocate.
  public func writeMean(_ t: Int, _ input: UnsafePointer<Double>, into mean: UnsafeMutablePointer<Double>) {
    precondition(t >= 0 && t < count, "step \(t) of \(count)")
    for i in 0..<outputSize {
      var sum = offsets[t * outputSize + i]
      let row = (t * outputSize + i) * inputSize
      for j in 0..<inputSize { sum += matrices[row + j] * input[j] }
      mean[i] = sum
    }
  }
}

extension TimeVaryingLinearGaussian {
  /// Dynamics from conditionals of x' given (x, u), x having `stateSize` numbers.
  public init(_ conditionals: TimedLinearGaussian) {
    let (n, inputs) = (conditionals.outputSize, conditionals.inputSize)
    precondition(inputs > n, "\(inputs) inputs do not hold a state of \(n) numbers and an action")
    let m = inputs - n
    self.init(count: conditionals.count, stateSize: n, actionSize: m)
    for row in 0..<count * n {
      for j in 0..<n { stateMatrices[row * n + j] = conditionals.matrices[row * inputs + j] }
      for j in 0..<m { actionMatrices[row * m + j] = conditionals.matrices[row * inputs + n + j] }
    }
    offsets = conditionals.offsets
    covariances = conditionals.covariances
  }
}
