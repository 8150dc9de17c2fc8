/// What sums of a tile begin with and where they go: additions and nonlinearities that would otherwise be a pass of
/// their own over the result. `finish` may meet a row twice, with the same sums.
protocol GEMMEpilogue {
  typealias SIMDVector = Microkernel.SIMDVector

  /// Sums of the vector at column `column` of rows `row`, `row + one`, `row + two` before the products are added.
  func begin(_ row: Int, _ one: Int, _ two: Int, _ column: Int, valid: Int) -> (SIMDVector, SIMDVector, SIMDVector)

  /// Takes the sums of a vector, of which the first `valid` columns exist.
  func finish(_ sum: SIMDVector, _ row: Int, _ column: Int, valid: Int)

  /// Called when a block of rows and columns has been finished, once for each block.
  func complete(row: Int, rows: Int, column: Int, columns: Int)
}

extension GEMMEpilogue {
  @inline(__always)
  func begin(_ row: Int, _ one: Int, _ two: Int, _ column: Int, valid: Int) -> (SIMDVector, SIMDVector, SIMDVector) {
    (SIMDVector(), SIMDVector(), SIMDVector())
  }

  @inline(__always)
  func complete(row: Int, rows: Int, column: Int, columns: Int) {}
}

/// C = A B.
struct StoreEpilogue: GEMMEpilogue {
  let c: UnsafeMutablePointer<Float>
  let ldc: Int

  @inline(__always)
  func finish(_ sum: SIMDVector, _ row: Int, _ column: Int, valid: Int) {
    Microkernel.store(sum, to: c + row * ldc + column, valid: valid)
  }
}

/// C += A B.
struct AccumulateEpilogue: GEMMEpilogue {
  let c: UnsafeMutablePointer<Float>
  let ldc: Int

  @inline(__always)
  func begin(_ row: Int, _ one: Int, _ two: Int, _ column: Int, valid: Int) -> (SIMDVector, SIMDVector, SIMDVector) {
    let first = c + row * ldc + column
    return (
      Microkernel.load(first, valid: valid), Microkernel.load(first + one * ldc, valid: valid),
      Microkernel.load(first + two * ldc, valid: valid)
    )
  }

  @inline(__always)
  func finish(_ sum: SIMDVector, _ row: Int, _ column: Int, valid: Int) {
    Microkernel.store(sum, to: c + row * ldc + column, valid: valid)
  }
}

/// C = f(A B + bias), a layer of a network; the bias is what the sums begin with.
struct LayerEpilogue<Function: LayerFunction>: GEMMEpilogue {
  let bias: UnsafePointer<Float>
  let c: UnsafeMutablePointer<Float>
  let ldc: Int
  let function: Function

  @inline(__always)
  func begin(_ row: Int, _ one: Int, _ two: Int, _ column: Int, valid: Int) -> (SIMDVector, SIMDVector, SIMDVector) {
    let shift = Microkernel.load(bias + column, valid: valid)
    return (shift, shift, shift)
  }

  @inline(__always)
  func finish(_ sum: SIMDVector, _ row: Int, _ column: Int, valid: Int) {
    Microkernel.store(function.apply(sum), to: c + row * ldc + column, valid: valid)
  }

  @inline(__always)
  func complete(row: Int, rows: Int, column: Int, columns: Int) {
    function.complete(c, place: row * ldc + column, rows: rows, columns: columns, stride: ldc)
  }
}

/// The nonlinearity of a layer: cheap ones on the sums in their registers, dear ones block by block, where they leave
/// the processor more to do at once.
protocol LayerFunction {
  typealias SIMDVector = Microkernel.SIMDVector

  /// What is stored of `sum`.
  func apply(_ sum: SIMDVector) -> SIMDVector

  /// What remains to be done with a stored block, whose first element is at `place` of `z`.
  func complete(_ z: UnsafeMutablePointer<Float>, place: Int, rows: Int, columns: Int, stride: Int)
}

extension LayerFunction {
  @inline(__always)
  func apply(_ sum: SIMDVector) -> SIMDVector { sum }

  @inline(__always)
  func complete(_ z: UnsafeMutablePointer<Float>, place: Int, rows: Int, columns: Int, stride: Int) {}
}

/// f(x) = x.
struct IdentityFunction: LayerFunction {}

/// f(x) = max(x, 0); NaN stays NaN.
struct ReLUFunction: LayerFunction {
  @inline(__always)
  func apply(_ sum: SIMDVector) -> SIMDVector { sum.replacing(with: 0, where: sum .< 0) }
}

/// f(x) = tanh x.
struct TanhFunction: LayerFunction {
  @inline(__always)
  func complete(_ z: UnsafeMutablePointer<Float>, place: Int, rows: Int, columns: Int, stride: Int) {
    Elementwise.forEachVector(rows: rows, columns: columns, stride: stride) { offset, valid in
      let p = z + place + offset
      Microkernel.store(SIMDMath.tanh(Microkernel.load(p, valid: valid)), to: p, valid: valid)
    }
  }
}

/// f(x) = x / (1 + e^-x), keeping its derivative s + y (1 - s) unless `slopes` is nil, s being the sigmoid and y the
/// result.
struct SiLUFunction: LayerFunction {
  let slopes: UnsafeMutablePointer<Float>?

  @inline(__always)
  func complete(_ z: UnsafeMutablePointer<Float>, place: Int, rows: Int, columns: Int, stride: Int) {
    Elementwise.silu(z + place, rows: rows, columns: columns, stride: stride, slopes: slopes.map { $0 + place })
  }
}

/// The derivative of a layer's nonlinearity as it multiplies a gradient.
protocol SlopeFunction {
  typealias SIMDVector = Microkernel.SIMDVector

  /// The gradient `sum`, whose place in the block is `place`, times the slopes there.
  func apply(_ sum: SIMDVector, _ place: Int, valid: Int) -> SIMDVector
}

/// C = (A B) * slope, element by element: the gradient below a layer's nonlinearity.
struct SlopeEpilogue<Slope: SlopeFunction>: GEMMEpilogue {
  let c: UnsafeMutablePointer<Float>
  let ldc: Int
  let slope: Slope

  @inline(__always)
  func finish(_ sum: SIMDVector, _ row: Int, _ column: Int, valid: Int) {
    let value = slope.apply(sum, row * ldc + column, valid: valid)
    Microkernel.store(value, to: c + row * ldc + column, valid: valid)
  }
}

/// g where the output y is positive, else 0.
struct PositiveSlope: SlopeFunction {
  let y: UnsafePointer<Float>

  @inline(__always)
  func apply(_ sum: SIMDVector, _ place: Int, valid: Int) -> SIMDVector {
    SIMDVector().replacing(with: sum, where: Microkernel.load(y + place, valid: valid) .> 0)
  }
}

/// g (1 - y^2), y being the output.
struct TanhSlope: SlopeFunction {
  let y: UnsafePointer<Float>

  @inline(__always)
  func apply(_ sum: SIMDVector, _ place: Int, valid: Int) -> SIMDVector {
    let y = Microkernel.load(y + place, valid: valid)
    return sum * (1 - y * y)
  }
}

/// g times kept slopes.
struct KeptSlope: SlopeFunction {
  let slopes: UnsafePointer<Float>

  @inline(__always)
  func apply(_ sum: SIMDVector, _ place: Int, valid: Int) -> SIMDVector {
    sum * Microkernel.load(slopes + place, valid: valid)
  }
}
