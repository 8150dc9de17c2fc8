/// What sums of a tile begin with and where they go: additions and nonlinearities that would otherwise be a pass of their
/// own over the result. `finish` may meet a row twice, with the same sums.
protocol TileEpilogue {
  typealias Lane = RegisterTile.Lane

  /// Sums of the lane at column `column` of rows `row`, `row + one`, `row + two` before the products are added.
  func begin(_ row: Int, _ one: Int, _ two: Int, _ column: Int, valid: Int) -> (Lane, Lane, Lane)

  /// Takes the sums of a lane, of which the first `valid` columns exist.
  func finish(_ sum: Lane, _ row: Int, _ column: Int, valid: Int)
}

extension TileEpilogue {
  @inline(__always)
  func begin(_ row: Int, _ one: Int, _ two: Int, _ column: Int, valid: Int) -> (Lane, Lane, Lane) {
    (Lane(), Lane(), Lane())
  }
}

/// C = A B.
struct StoreEpilogue: TileEpilogue {
  let c: UnsafeMutablePointer<Float>
  let ldc: Int

  @inline(__always)
  func finish(_ sum: Lane, _ row: Int, _ column: Int, valid: Int) {
    RegisterTile.store(sum, to: c + row * ldc + column, valid: valid)
  }
}

/// C += A B.
struct AccumulateEpilogue: TileEpilogue {
  let c: UnsafeMutablePointer<Float>
  let ldc: Int

  @inline(__always)
  func begin(_ row: Int, _ one: Int, _ two: Int, _ column: Int, valid: Int) -> (Lane, Lane, Lane) {
    let first = c + row * ldc + column
    return (
      RegisterTile.load(first, valid: valid), RegisterTile.load(first + one * ldc, valid: valid),
      RegisterTile.load(first + two * ldc, valid: valid)
    )
  }

  @inline(__always)
  func finish(_ sum: Lane, _ row: Int, _ column: Int, valid: Int) {
    RegisterTile.store(sum, to: c + row * ldc + column, valid: valid)
  }
}

/// C = f(A B + bias), a layer of a network; the bias is what the sums begin with.
struct LayerEpilogue<Function: LayerFunction>: TileEpilogue {
  let bias: UnsafePointer<Float>
  let c: UnsafeMutablePointer<Float>
  let ldc: Int
  let function: Function

  @inline(__always)
  func begin(_ row: Int, _ one: Int, _ two: Int, _ column: Int, valid: Int) -> (Lane, Lane, Lane) {
    let shift = RegisterTile.load(bias + column, valid: valid)
    return (shift, shift, shift)
  }

  @inline(__always)
  func finish(_ sum: Lane, _ row: Int, _ column: Int, valid: Int) {
    let value = function.apply(sum, row * ldc + column, valid: valid)
    RegisterTile.store(value, to: c + row * ldc + column, valid: valid)
  }
}

/// The nonlinearity of a layer, lane by lane.
protocol LayerFunction {
  typealias Lane = RegisterTile.Lane

  /// The function of each element of `sum`, whose place in the output is `place`.
  func apply(_ sum: Lane, _ place: Int, valid: Int) -> Lane
}

/// f(x) = x.
struct IdentityFunction: LayerFunction {
  @inline(__always)
  func apply(_ sum: Lane, _ place: Int, valid: Int) -> Lane { sum }
}

/// f(x) = max(x, 0); NaN stays NaN.
struct ReLUFunction: LayerFunction {
  @inline(__always)
  func apply(_ sum: Lane, _ place: Int, valid: Int) -> Lane { sum.replacing(with: 0, where: sum .< 0) }
}

/// f(x) = tanh x.
struct TanhFunction: LayerFunction {
  @inline(__always)
  func apply(_ sum: Lane, _ place: Int, valid: Int) -> Lane { Lanes.tanh(sum) }
}

/// f(x) = x / (1 + e^-x).
struct SiLUFunction: LayerFunction {
  @inline(__always)
  func apply(_ sum: Lane, _ place: Int, valid: Int) -> Lane { sum * Lanes.sigmoid(sum) }
}

/// f(x) = x / (1 + e^-x), keeping its derivative s + y (1 - s), s being the sigmoid and y the result.
struct SiLUSlopeFunction: LayerFunction {
  let slopes: UnsafeMutablePointer<Float>

  @inline(__always)
  func apply(_ sum: Lane, _ place: Int, valid: Int) -> Lane {
    let s = Lanes.sigmoid(sum)
    let y = sum * s
    RegisterTile.store(s + y * (1 - s), to: slopes + place, valid: valid)
    return y
  }
}

/// C = (A B) * slope, element by element: the gradient below a layer's nonlinearity.
struct SlopeEpilogue<Slope: LayerFunction>: TileEpilogue {
  let c: UnsafeMutablePointer<Float>
  let ldc: Int
  let slope: Slope

  @inline(__always)
  func finish(_ sum: Lane, _ row: Int, _ column: Int, valid: Int) {
    let value = slope.apply(sum, row * ldc + column, valid: valid)
    RegisterTile.store(value, to: c + row * ldc + column, valid: valid)
  }
}

/// g where the output y is positive, else 0.
struct PositiveSlope: LayerFunction {
  let y: UnsafePointer<Float>

  @inline(__always)
  func apply(_ sum: Lane, _ place: Int, valid: Int) -> Lane {
    Lane().replacing(with: sum, where: RegisterTile.load(y + place, valid: valid) .> 0)
  }
}

/// g (1 - y^2), y being the output.
struct TanhSlope: LayerFunction {
  let y: UnsafePointer<Float>

  @inline(__always)
  func apply(_ sum: Lane, _ place: Int, valid: Int) -> Lane {
    let y = RegisterTile.load(y + place, valid: valid)
    return sum * (1 - y * y)
  }
}

/// g times kept slopes.
struct KeptSlope: LayerFunction {
  let slopes: UnsafePointer<Float>

  @inline(__always)
  func apply(_ sum: Lane, _ place: Int, valid: Int) -> Lane { sum * RegisterTile.load(slopes + place, valid: valid) }
}
