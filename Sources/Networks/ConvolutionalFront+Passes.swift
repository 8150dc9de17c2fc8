import Kernels

/// Scratch of one thread for passes through the convolutions of a network.
final class FrontWorkspace {
  /// Most rows in a pass.
  let capacity: Int
  private let block: Vector
  /// Output of each layer [capacity, outputs].
  let outputs: [UnsafeMutablePointer<Float>]
  /// Slope of the activation at each layer (SiLU only) [capacity, outputs].
  let slopes: [UnsafeMutablePointer<Float>]
  /// Gradient with respect to each layer's output [capacity, outputs]; empty where no gradients are taken.
  let deltas: [UnsafeMutablePointer<Float>]
  /// Patches of a part of an image.
  let patches: UnsafeMutablePointer<Float>
  /// The weights of one layer, or the gradient of one image's sums, as products read them.
  let panels: UnsafeMutablePointer<Float>

  /// Floats in `patches`: they stay in the cache of one core.
  private static let patchRoom = 1 << 16

  /// How many patches of `layer` are gathered at a time: whole tiles of the product.
  static func gathered(_ layer: ConvolutionalFront.Layer) -> Int {
    min(layer.patches.count, max(12, patchRoom / layer.patches.length / 12 * 12))
  }

  init(for front: ConvolutionalFront, capacity: Int, keepsActivations: Bool) {
    self.capacity = capacity
    func padded(_ count: Int) -> Int { (count + 15) & ~15 }
    let sizes = front.layers.map { padded(capacity * $0.outputs) }
    let keepsSlopes = keepsActivations && front.activation == .silu
    let patchSize = front.layers.map { padded(Self.gathered($0) * $0.patches.length) }.max() ?? 0
    let panelSize =
      front.layers.map {
        let (length, filters) = ($0.patches.length, $0.filters)
        let weights = max(PackedMatrix.count(k: length, n: filters), PackedMatrix.count(k: filters, n: length))
        return padded(max(weights, PackedMatrix.count(k: $0.patches.count, n: filters)))
      }.max() ?? 0
    let copies = 1 + (keepsSlopes ? 1 : 0) + (keepsActivations ? 1 : 0)
    var block = Vector(count: copies * sizes.reduce(0, +) + patchSize + panelSize)
    var next = block.mutablePointer
    func take(_ count: Int) -> UnsafeMutablePointer<Float> {
      defer { next += count }
      return next
    }
    outputs = sizes.map { take($0) }
    slopes = keepsSlopes ? sizes.map { take($0) } : []
    deltas = keepsActivations ? sizes.map { take($0) } : []
    patches = take(patchSize)
    panels = take(panelSize)
    self.block = block
  }

  /// Outputs of the last layer [capacity, outputs].
  var features: UnsafeMutablePointer<Float> { outputs[outputs.count - 1] }
  /// Where the gradient with respect to them goes, nil where none is taken.
  var featureGradient: UnsafeMutablePointer<Float>? { deltas.last }
}

extension ConvolutionalFront {
  /// Calls `body` with the ranges of patches of `layer` that are gathered at a time.
  private static func forEachPart(of layer: Layer, _ body: (Range<Int>) -> Void) {
    let part = FrontWorkspace.gathered(layer)
    for first in Swift.stride(from: 0, to: layer.patches.count, by: part) {
      body(first..<min(first + part, layer.patches.count))
    }
  }

  /// Maps [rows, outputs] of `images` [rows, inputs], left in the workspace. Each pixel's sums are one chain of
  /// additions in the order of the patch, so that rows do not depend on one another.
  func forward(
    _ parameters: UnsafePointer<Float>, _ images: UnsafePointer<Float>, rows: Int, _ workspace: FrontWorkspace
  ) -> UnsafeMutablePointer<Float> {
    precondition(rows <= workspace.capacity, "\(rows) rows in a workspace of \(workspace.capacity)")
    for index in layers.indices {
      let layer = layers[index]
      let (patches, length, filters) = (layer.patches, layer.patches.length, layer.filters)
      let input = index == 0 ? images : UnsafePointer(workspace.outputs[index - 1])
      let (weight, bias) = (parameters + layer.weight, parameters + layer.bias)
      if ImagePatches.areReadInPlace {
        PackedMatrix.pack(weight, ldb: filters, transposed: false, k: length, n: filters, into: workspace.panels)
        if index == 0 {
          Elementwise.scale(workspace.panels, count: PackedMatrix.count(k: length, n: filters), by: scale)
        }
      }
      for row in 0..<rows {
        let image = input + row * patches.imageLength
        if ImagePatches.areReadInPlace {
          let place = row * layer.outputs
          patches.multiply(
            image, panels: workspace.panels, bias: bias, filters: filters, function(index, workspace, place),
            into: workspace.outputs[index] + place)
        } else {
          ConvolutionalFront.forEachPart(of: layer) { range in
            let place = row * layer.outputs + range.lowerBound * filters
            patches.gather(range, of: image, scale: index == 0 ? scale : 1, into: workspace.patches)
            // Z = f(P W + b)
            LayerProduct.forward(
              rows: range.count, inputs: length, outputs: filters, workspace.patches, .init(weight), bias: bias,
              function(index, workspace, place), into: workspace.outputs[index] + place)
          }
        }
      }
    }
    return workspace.features
  }

  /// Gradients from the one with respect to the last maps, which the workspace holds, at the last forward pass.
  /// `parameterGradient`, laid out as the parameters, and `inputGradient` [rows, inputs] are overwritten.
  func backward(
    _ parameters: UnsafePointer<Float>, _ images: UnsafePointer<Float>, rows: Int, _ workspace: FrontWorkspace,
    parameterGradient: UnsafeMutablePointer<Float>, inputGradient: UnsafeMutablePointer<Float>?
  ) {
    precondition(!workspace.deltas.isEmpty, "the forward pass kept no activations")
    for index in layers.indices.reversed() {
      let layer = layers[index]
      let gradient = workspace.deltas[index]
      LayerProduct.multiply(gradient, by: slope(index, workspace), count: rows * layer.outputs)
      let input = index == 0 ? images : UnsafePointer(workspace.outputs[index - 1])
      addGradient(of: layer, input, rows: rows, workspace, slopes: gradient, to: parameterGradient)
      if index == 0 {
        Elementwise.scale(
          parameterGradient + layer.weight, count: layer.patches.length * layer.filters, by: scale)
      }
      guard let below = index == 0 ? inputGradient : workspace.deltas[index - 1] else { return }
      pullBack(parameters, layer, rows: rows, workspace, slopes: gradient, into: below)
      if index == 0 { Elementwise.scale(below, count: rows * layer.patches.imageLength, by: scale) }
    }
  }

  /// The gradient of one layer's parameters, from that of its sums, `slopes` [rows, outputs].
  private func addGradient(
    of layer: Layer, _ input: UnsafePointer<Float>, rows: Int, _ workspace: FrontWorkspace,
    slopes: UnsafePointer<Float>, to gradient: UnsafeMutablePointer<Float>
  ) {
    let (patches, length, filters) = (layer.patches, layer.patches.length, layer.filters)
    let target = gradient + layer.weight
    // db = column sums of dZ, dW = P' dZ
    Reductions.columnSums(
      slopes, rows: rows * patches.count, columns: filters, into: gradient + layer.bias, accumulate: false)
    target.update(repeating: 0, count: length * filters)
    for row in 0..<rows {
      let (image, slopes) = (input + row * patches.imageLength, slopes + row * layer.outputs)
      if ImagePatches.areReadInPlace {
        PackedMatrix.pack(slopes, ldb: filters, transposed: false, k: patches.count, n: filters, into: workspace.panels)
        patches.addWeightGradient(image, gradientPanels: workspace.panels, filters: filters, to: target)
      } else {
        ConvolutionalFront.forEachPart(of: layer) { range in
          patches.gather(range, of: image, scale: 1, into: workspace.patches)
          gemm(
            .transposed, .none, m: length, n: filters, k: range.count, workspace.patches, lda: length,
            slopes + range.lowerBound * filters, ldb: filters, beta: 1, target, ldc: filters)
        }
      }
    }
  }

  /// The gradient with respect to what one layer looked at, `below` [rows, image], from that of its sums, `slopes`.
  private func pullBack(
    _ parameters: UnsafePointer<Float>, _ layer: Layer, rows: Int, _ workspace: FrontWorkspace,
    slopes: UnsafePointer<Float>, into below: UnsafeMutablePointer<Float>
  ) {
    let (patches, length, filters) = (layer.patches, layer.patches.length, layer.filters)
    below.update(repeating: 0, count: rows * patches.imageLength)
    PackedMatrix.pack(
      parameters + layer.weight, ldb: filters, transposed: true, k: filters, n: length, into: workspace.panels)
    let weights = LayerProduct.Weights(parameters + layer.weight, packed: workspace.panels)
    for row in 0..<rows {
      ConvolutionalFront.forEachPart(of: layer) { range in
        // dP = dZ W', added up where patches overlap
        LayerProduct.inputGradient(
          rows: range.count, inputs: length, outputs: filters,
          slopes + row * layer.outputs + range.lowerBound * filters, weights, slope: .one, into: workspace.patches)
        patches.scatter(workspace.patches, range, to: below + row * patches.imageLength)
      }
    }
  }

  /// The nonlinearity of layer `index` from float `place` of its outputs on.
  private func function(_ index: Int, _ workspace: FrontWorkspace, _ place: Int) -> LayerProduct.Function {
    switch activation {
    case .relu: .relu
    case .tanh: .tanh
    case .silu: .silu(slopes: workspace.slopes.isEmpty ? nil : workspace.slopes[index] + place)
    }
  }

  private func slope(_ index: Int, _ workspace: FrontWorkspace) -> LayerProduct.Slope {
    switch activation {
    case .relu: .positive(workspace.outputs[index])
    case .tanh: .tanh(workspace.outputs[index])
    case .silu: .kept(workspace.slopes[index])
    }
  }
}
