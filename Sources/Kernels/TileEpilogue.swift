/// What sums of a tile begin with and where they go: additions and nonlinearities that would otherwise be a pass of their
/// own over the result. `finish` may meet a row twice, with the same sums.
protocol TileEpilogue {
  typealias Lane = RegisterTile.Lane

  /// Sums of the lane at column `column` of rows `row`, `row + one`, `row + two` before the products are added.
  func begin(_ row: Int, _ one: Int, _ two: Int, _ column: Int, valid: Int) -> (Lane, Lane, Lane)

  /// Takes the sums of a lane, of which the first `valid` columns exist.
  func finish(_ sum: Lane, _ row: Int, _ column: Int, valid: Int)

  /// Called when a block of rows and columns has been finished, once for each block.
  func complete(row: Int, rows: Int, column: Int, columns: Int)
}

extension TileEpilogue {
  @inline(__always)
  func begin(_ row: Int, _ one: Int, _ two: Int, _ column: Int, valid: Int) -> (Lane, Lane, Lane) {
    (Lane(), Lane(), Lane())
  }

  @inline(__always)
  func complete(row: Int, rows: Int, column: Int, columns: Int) {}
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
    RegisterTile.store(function.apply(sum), to: c + row * ldc + column, valid: valid)
  }

  @inline(__always)
  func complete(row: Int, rows: Int, column: Int, columns: Int) {
    function.complete(c, place: row * ldc + column, rows: rows, columns: columns, stride: ldc)
  }
}

/// The nonlinearity of a layer: cheap ones on the sums in their registers, dear ones block by block, where they leave the
/// processor more to do at once.
protocol LayerFunction {
  typealias Lane = RegisterTile.Lane

  /// What is stored of `sum`.
  func apply(_ sum: Lane) -> Lane

  /// What remains to be done with a stored block, whose first element is at `place` of `z`.
  func complete(_ z: UnsafeMutablePointer<Float>, place: Int, rows: Int, columns: Int, stride: Int)
}

extension LayerFunction {
  @inline(__always)
  func apply(_ sum: Lane) -> Lane { sum }

  @inline(__always)
  func complete(_ z: UnsafeMutablePointer<Float>, place: Int, rows: Int, columns: Int, stride: Int) {}
}

/// f(x) = x.
struct IdentityFunction: LayerFunction {}

/// f(x) = max(x, 0); NaN stays NaN.
struct ReLUFunction: LayerFunction {
  @inline(__always)
  func apply(_ sum: Lane) -> Lane { sum.replacing(with: 0, where: sum .< 0) }
}

/// f(x) = tanh x.
struct TanhFunction: LayerFunction {
  @inline(__always)
  func complete(_ z: UnsafeMutablePointer<Float>, place: Int, rows: Int, columns: Int, stride: Int) {
    Elementwise.forEachLane(rows: rows, columns: columns, stride: stride) { offset, valid in
      let p = z + place + offset
      RegisterTile.store(Lanes.tanh(RegisterTile.load(p, valid: valid)), to: p, valid: valid)
    }
  }
}

/// f(x) = x / (1 + e^-x), keeping its derivative s + y (1 - s) unless `slopes` is nil, s being the sigmoid and y the result.
struct SiLUFunction: LayerFunction {
  let slopes: UnsafeMutablePointer<Float>?

  @inline(__always)
  func complete(_ z: UnsafeMutablePointer<Float>, place: Int, rows: Int, columns: Int, stride: Int) {
    Elementwise.silu(z + place, rows: rows, columns: columns, stride: stride, slopes: slopes.map { $0 + place })
  }
}

/// The derivative of a layer's nonlinearity as it multiplies a gradient.
protocol SlopeFunction {
  typealias Lane = RegisterTile.Lane

  /// The gradient `sum`, whose place in the block is `place`, times the slopes there.
  func apply(_ sum: Lane, _ place: Int, valid: Int) -> Lane
}

/// C = (A B) * slope, element by element: the gradient below a layer's nonlinearity.
struct SlopeEpilogue<Slope: SlopeFunction>: TileEpilogue {
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
struct PositiveSlope: SlopeFunction {
  let y: UnsafePointer<Float>

  @inline(__always)
  func apply(_ sum: Lane, _ place: Int, valid: Int) -> Lane {
    Lane().replacing(with: sum, where: RegisterTile.load(y + place, valid: valid) .> 0)
  }
}

/// g (1 - y^2), y being the output.
struct TanhSlope: SlopeFunction {
  let y: UnsafePointer<Float>

  @inline(__always)
  func apply(_ sum: Lane, _ place: Int, valid: Int) -> Lane {
    let y = RegisterTile.load(y + place, valid: valid)
    return sum * (1 - y * y)
  }
}

/// g times kept slopes.
struct KeptSlope: SlopeFunction {
  let slopes: UnsafePointer<Float>

  @inline(__always)
  func apply(_ sum: Lane, _ place: Int, valid: Int) -> Lane { sum * RegisterTile.load(slopes + place, valid: valid) }
}
