import Archive
import Configuration
import Kernels

/// Settings of the noise that deterministic policies explore with.
public struct ExplorationNoiseSettings: Configuration {
  /// How noise follows noise.
  public enum Kind: String, CaseIterable, SettingValue {
    /// Independent from step to step.
    case gaussian
    /// Correlated in time, starting from 0 in each episode.
    case ornsteinUhlenbeck = "ornstein_uhlenbeck"
  }

  public init() {}
  @Setting("Noise on collected actions") public var kind: Kind = .gaussian
  @Setting(
    "Its standard deviation, where 1 is half the range of an action; for Ornstein-Uhlenbeck noise in the long run",
    in: 0...100)
  public var scale: Float = 0.1
  @Setting("Share of Ornstein-Uhlenbeck noise that is lost at each step", in: 0.0001...1) public var decay: Float = 0.15
}

/// Noise of zero mean for one episode after another, each component by itself.
///
/// Gaussian: scale * N(0, 1). Ornstein-Uhlenbeck (Lillicrap et al. 2016, supplement 7, their theta being `decay`):
/// x_t = (1 - decay) x_{t-1} + scale * sqrt(1 - (1 - decay)^2) N(0, 1), x_0 = 0, so that `scale` is the standard deviation
/// in the long run; the paper's sigma of 0.2 is a scale of 0.38.
public struct ExplorationNoise: Sendable {
  /// What was set.
  public let settings: ExplorationNoiseSettings
  private var state: Vector

  /// Noise for actions of `size` components.
  public init(_ settings: ExplorationNoiseSettings, size: Int) {
    self.settings = settings
    state = Vector(count: size)
  }

  /// Starts an episode.
  public mutating func reset() { state.fill(0) }

  /// The next noise, [size], valid until the next call.
  mutating func next(using random: inout RandomStream) -> UnsafePointer<Float> {
    let kept: Float =
      switch settings.kind {
      case .gaussian: 0
      case .ornsteinUhlenbeck: 1 - settings.decay
      }
    let fresh = settings.scale * (1 - kept * kept).squareRoot()
    let x = state.mutablePointer
    for c in 0..<state.count { x[c] = kept * x[c] + fresh * random.normal() }
    return UnsafePointer(x)
  }
}

extension ExplorationNoise: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) { try fields.field("state", &state) }
}
