import Archive
import Configuration
import Kernels

/// Which networks a reset draws anew.
public enum ResetNetworks: String, CaseIterable, SettingValue {
  case all, actor, critics

  var includesActor: Bool { self != .critics }
  var includesCritics: Bool { self != .actor }
}

/// Settings of periodic resets (Nikishin et al., "The primacy bias in deep reinforcement learning" 2022): after a number of
/// updates networks are drawn anew, with their targets and the moments of their optimizers, while the replay stays. The
/// entropy temperature goes on as it is.
public struct NetworkResetSettings: Configuration {
  public init() {}
  @Setting("Updates of the critics between resets; 0 never resets", in: 0...1_000_000_000) public var interval: Int = 0
  @Setting("Networks that a reset draws anew: all, actor or critics") public var networks: ResetNetworks = .all
}

/// Counts updates and says when networks are drawn anew.
struct NetworkResets: Checkpointable, Sendable {
  let settings: NetworkResetSettings
  private let random: RandomStream
  private var updates = 0
  private(set) var count = 0

  init(_ settings: NetworkResetSettings, using random: RandomStream) {
    self.settings = settings
    self.random = random.child("resets")
  }

  /// Counts an update that begins. The stream that networks are to be drawn from before it, where that is due.
  mutating func countUpdate() -> RandomStream? {
    guard settings.interval > 0 else { return nil }
    updates += 1
    guard updates > settings.interval else { return nil }
    updates = 1
    count += 1
    return random.child(count)
  }

  func save(to writer: inout StateWriter) {
    guard settings.interval > 0 else { return }
    writer.write("updates_since_reset", updates)
    writer.write("resets", count)
  }

  mutating func restore(from reader: StateReader) throws(ArchiveError) {
    guard settings.interval > 0 else { return }
    updates = try reader.count("updates_since_reset")
    count = try reader.count("resets")
  }
}
