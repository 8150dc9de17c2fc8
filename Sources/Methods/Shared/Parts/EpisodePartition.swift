import Archive
import Interfaces
import Kernels

/// How episodes are divided into parts.
public enum PartitionRule: Sendable, Equatable {
  /// In turns, whatever the episode.
  case turns
  /// By the task that observations show as a one-hot code there.
  case tasks(code: Range<Int>)
  /// By the cluster of the first observation; clusters are fitted to the first observations of that many episodes,
  /// which are divided in turns.
  case starts(episodes: Int)
}

/// Which of several parts the episodes under way belong to: the one collected and the one evaluated.
struct EpisodePartition {
  /// Number of parts.
  let count: Int
  private let rule: PartitionRule
  private let size: Int
  private var clusters: StartClusters
  /// First observations before the clusters are fitted, [N, D].
  private var starts: [Float] = []
  /// Whether any are held, to be clustered.
  var holdsStarts: Bool { !starts.isEmpty }
  private var episodes = 0
  /// Parts of the episodes under way in each copy; nil before their first observation.
  private var (collected, evaluated): ([Int?], [Int?]) = ([nil], [nil])
  private var random: RandomStream

  init(count: Int, rule: PartitionRule, observationSize: Int, using random: RandomStream) {
    precondition(count > 0, "\(count) parts")
    if case .starts(let episodes) = rule { precondition(episodes >= count, "\(episodes) starts for \(count) clusters") }
    if case .tasks(let code) = rule { precondition(code.count == count, "a code of \(code.count) for \(count) parts") }
    (self.count, self.rule, size, self.random) = (count, rule, observationSize, random)
    clusters = StartClusters(count: count, size: observationSize)
  }

  mutating func prepare(copies: Int, for purpose: ActPurpose) {
    let parts = [Int?](repeating: nil, count: copies)
    if purpose == .collect { collected = parts } else { evaluated = parts }
  }

  mutating func startEpisode(of copy: Int, for purpose: ActPurpose) {
    if purpose == .collect { collected[copy] = nil } else { evaluated[copy] = nil }
  }

  /// The part of the episode under way in copy `copy`, of which `observation` is the next to act on.
  mutating func part(of observation: [Float], in copy: Int, for purpose: ActPurpose) -> Int {
    if let known = purpose == .collect ? collected[copy] : evaluated[copy] { return known }
    let part = begin(observation, for: purpose)
    if purpose == .collect { collected[copy] = part } else { evaluated[copy] = part }
    return part
  }

  /// The part of the collected episode under way in copy `copy`.
  func current(_ copy: Int) -> Int { collected[copy] ?? 0 }

  private mutating func begin(_ observation: [Float], for purpose: ActPurpose) -> Int {
    if purpose == .collect { episodes += 1 }
    switch rule {
    case .turns: return (max(episodes, 1) - 1) % count
    case .tasks(let code):
      var task = 0
      for index in 0..<count where observation[code.lowerBound + index] > observation[code.lowerBound + task] {
        task = index
      }
      return task
    case .starts(let wanted):
      if purpose == .collect && episodes <= wanted {
        starts += observation
        if episodes == wanted {
          clusters.fit(to: starts, using: &random)
          starts = []
        }
        return (episodes - 1) % count
      }
      return episodes < wanted ? 0 : clusters.nearest(to: observation)
    }
  }
}

extension EpisodePartition: Checkpointable {
  func save(to writer: inout StateWriter) {
    writer.write("episodes", episodes)
    writer.write("collected", collected[0] ?? -1)
    if collected.count > 1 { writer.write("collected_copies", collected.map { $0 ?? -1 }) }
    writer.write("starts", starts)
    writer.write("clusters", clusters)
    writer.write("random", random)
  }

  mutating func restore(from reader: StateReader) throws(ArchiveError) {
    episodes = try reader.count("episodes")
    let parts = collected.count > 1 ? try reader.integers("collected_copies") : [try reader.integer("collected")]
    guard parts.count == collected.count else {
      throw .mismatch(name: "copies", expected: "\(collected.count)", found: "\(parts.count)")
    }
    collected = parts.map { (0..<count).contains($0) ? $0 : nil }
    starts = try reader.read("starts")
    if case .starts(let wanted) = rule {
      let kept = episodes < wanted ? episodes : 0
      guard starts.count % size == 0, starts.count / size == kept else {
        throw .mismatch(name: "starts", expected: "\(kept) of \(size) numbers", found: "\(starts.count) numbers")
      }
    }
    try reader.read("clusters", into: &clusters)
    random = try reader.stream("random")
  }
}
