import Kernels

/// One convolution without padding: `filters` maps, each the products with a square kernel and a bias, at steps of
/// `stride` pixels.
public struct ConvolutionLayer: Sendable, Equatable {
  /// Channels that come out.
  public let filters: Int
  /// Rows and columns of a kernel.
  public let kernel: Int
  /// Pixels between neighboring places of a kernel.
  public let stride: Int

  /// All at least 1.
  public init(filters: Int, kernel: Int, stride: Int) {
    precondition(filters > 0 && kernel > 0 && stride > 0, "an empty convolution")
    self.filters = filters
    self.kernel = kernel
    self.stride = stride
  }

  /// The three layers of Mnih et al. 2015, for images of 84x84 pixels; a layer of 512 units follows there.
  public static let nature = [
    ConvolutionLayer(filters: 32, kernel: 8, stride: 4), ConvolutionLayer(filters: 64, kernel: 4, stride: 2),
    ConvolutionLayer(filters: 64, kernel: 3, stride: 1),
  ]
  /// The one layer of MinAtar's agents (Young and Tian 2019), for images of 10x10 cells; a layer of 128 units follows
  /// there.
  public static let small = [ConvolutionLayer(filters: 16, kernel: 3, stride: 1)]
}

/// Convolutions of images, each followed by a nonlinearity: the front of a network. The architecture alone.
///
/// Images are rows of floats [height, width, channels], channels innermost, and so are the maps that come out.
public struct ConvolutionalFront: Sendable, Equatable {
  /// One layer with what it looks at and where its parameters are, from the network's first on.
  package struct Layer: Sendable, Equatable {
    package let patches: ImagePatches
    package let filters: Int
    /// Offset of the weights [kernel, kernel, channels, filters].
    package let weight: Int
    /// Offset of the biases [filters].
    package let bias: Int

    /// Floats that come out.
    package var outputs: Int { patches.count * filters }
  }

  package let layers: [Layer]
  /// Nonlinearity after each layer.
  public let activation: Activation
  /// What images are multiplied by, such as 1/255.
  public let scale: Float
  /// Names and places of the parameters: `convolutions.<i>.weight` [kernel, kernel, channels, filters], `.bias`
  /// [filters].
  let layout: ParameterLayout

  /// Layers for images of `height` x `width` x `channels`; nil where a kernel is larger than what it would look at.
  public init?(
    _ layers: [ConvolutionLayer], height: Int, width: Int, channels: Int, activation: Activation, scale: Float = 1
  ) {
    precondition(!layers.isEmpty, "no convolution")
    var layout = ParameterLayout()
    var (size, depth) = ((height, width), channels)
    var made: [Layer] = []
    for (index, layer) in layers.enumerated() {
      guard layer.kernel <= min(size.0, size.1) else { return nil }
      let patches = ImagePatches(
        height: size.0, width: size.1, channels: depth, size: layer.kernel, stride: layer.stride)
      let weight = layout.append(
        "convolutions.\(index).weight", shape: [layer.kernel, layer.kernel, depth, layer.filters])
      let bias = layout.append("convolutions.\(index).bias", shape: [layer.filters])
      made.append(Layer(patches: patches, filters: layer.filters, weight: weight, bias: bias))
      (size, depth) = ((patches.rows, patches.columns), layer.filters)
    }
    self.layers = made
    self.activation = activation
    self.scale = scale
    self.layout = layout
  }

  /// Floats in an image.
  public var inputs: Int { layers[0].patches.imageLength }
  /// Floats that come out of the last layer.
  public var outputs: Int { layers[layers.count - 1].outputs }
}
