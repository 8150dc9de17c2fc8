import Configuration
import Interfaces
import Networks

/// Which convolutions a network of images begins with. As a setting a word, or a list of layers [filters, kernel,
/// stride].
public enum ConvolutionChoice: SettingValue {
  /// Pixels go into the first hidden layer as they are.
  case absent
  /// `ConvolutionLayer.small`.
  case small
  /// `ConvolutionLayer.nature`.
  case nature
  /// Layers of one's own, at least one, of filters, kernel and stride.
  case layers([[Int]])

  public static var settingTypeName: String { "none, small, nature, or list of layers" }

  /// A name, or a list of layers with three numbers of 1 to 4,096 each. Throws `SettingMismatch` for anything else.
  public init(configuration tree: ConfigurationTree) throws(SettingMismatch) {
    if let layers = try? [[Int]](configuration: tree) {
      guard !layers.isEmpty, layers.allSatisfy({ $0.count == 3 && $0.allSatisfy { (1...4096).contains($0) } }) else {
        throw SettingMismatch(
          kind: .outOfRange, value: tree,
          problem: "layers need three numbers in 1...4096: [[filters, kernel, stride], ...]")
      }
      self = .layers(layers)
      return
    }
    switch try? String(configuration: tree) {
    case "none": self = .absent
    case "small": self = .small
    case "nature": self = .nature
    default:
      throw SettingMismatch(
        kind: .outOfRange, value: tree, problem: "expected none, small, nature, or a list of [filters, kernel, stride]")
    }
  }

  public var configuration: ConfigurationTree {
    if case .layers(let layers) = self { layers.configuration } else { .string(text) }
  }

  /// As users write it.
  private var text: String {
    switch self {
    case .absent: "none"
    case .small: "small"
    case .nature: "nature"
    case .layers(let layers): "\(layers)"
    }
  }

  /// What is built; empty for none.
  private var convolutions: [ConvolutionLayer] {
    switch self {
    case .absent: []
    case .small: ConvolutionLayer.small
    case .nature: ConvolutionLayer.nature
    case .layers(let layers): layers.map { ConvolutionLayer(filters: $0[0], kernel: $0[1], stride: $0[2]) }
    }
  }

  /// Least rows and columns of images for `nature`, of which one place is left after the last layer.
  private static let natureSize = 36

  /// What nil (auto) stands for where observations are `image`s.
  private static func automatic(for image: ImageShape?) -> ConvolutionChoice {
    guard let image else { return .absent }
    let size = min(image.height, image.width)
    return size >= natureSize ? .nature : size >= ConvolutionLayer.small[0].kernel ? .small : .absent
  }

  /// Throws where `choice`, nil for auto, of the setting `key` is convolutions that do not fit the observations.
  static func check(
    _ choice: ConvolutionChoice?, for image: ImageShape?, key: String = "learner.convolution"
  ) throws(ConfigurationError) {
    guard let choice, !choice.convolutions.isEmpty else { return }
    let found = choice.text
    guard let image else {
      throw ConfigurationError(
        kind: .relation, key: key, value: found,
        problem: "needs observations that are images; here they are vectors: none is allowed")
    }
    if front(choice, for: image, activation: .relu) == nil {
      throw ConfigurationError(
        kind: .relation, key: key, value: found,
        problem: "has kernels too large for images of \(image.height)x\(image.width)")
    }
  }

  /// The convolutions of `choice`, nil for auto; nil where there are none. They scale images to 0...1, unless `scale` is
  /// given.
  static func front(
    _ choice: ConvolutionChoice?, for image: ImageShape?, activation: Activation, scale: Float? = nil
  ) -> ConvolutionalFront? {
    let layers = (choice ?? automatic(for: image)).convolutions
    guard let image, !layers.isEmpty else { return nil }
    return ConvolutionalFront(
      layers, height: image.height, width: image.width, channels: image.channels, activation: activation,
      scale: scale ?? 1 / image.maximum)
  }
}
