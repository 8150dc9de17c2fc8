import Archive
import Kernels

/// Which actions were taken in which states and when, and draws among them.
struct TriedActions: Sendable {
  private let actionCount: Int
  /// States in the order of their first visit.
  private var visited: [Int] = []
  /// How many different actions were tried in each state [S], and which, in order [S, A].
  private var counts: [Int]
  private var actions: [Int]
  /// Step at which each pair was last tried [S, A]; 0 where it never was.
  private var times: [Int]
  /// Real steps so far.
  private(set) var time = 0

  init(states: Int, actions count: Int) {
    actionCount = count
    counts = Array(repeating: 0, count: states)
    actions = Array(repeating: 0, count: states * count)
    times = Array(repeating: 0, count: states * count)
  }

  /// Pairs that were tried.
  private var tried: Int { times.count { $0 != 0 } }

  /// Whether any step was taken.
  var isEmpty: Bool { visited.isEmpty }

  /// Notes the next real step. O(1).
  mutating func note(_ state: Int, _ action: Int) {
    time += 1
    let pair = state * actionCount + action
    if times[pair] == 0 {
      if counts[state] == 0 { visited.append(state) }
      actions[state * actionCount + counts[state]] = action
      counts[state] += 1
    }
    times[pair] = time
  }

  /// Real steps since the pair was last tried; all steps where it never was.
  func age(of state: Int, _ action: Int) -> Int { time - times[state * actionCount + action] }

  /// A visited state, each with the same probability, and one of its tried actions, or with `untried` of all.
  func draw(untried: Bool, using random: inout RandomStream) -> (state: Int, action: Int) {
    let state = visited[random.index(below: visited.count)]
    if untried { return (state, random.index(below: actionCount)) }
    return (state, actions[state * actionCount + random.index(below: counts[state])])
  }
}

extension TriedActions: Checkpointable {
  func save(to writer: inout StateWriter) {
    writer.write("visited", visited)
    writer.write("counts", counts)
    writer.write("actions", actions)
    writer.write("times", times)
    writer.write("time", time)
  }

  mutating func restore(from reader: StateReader) throws(ArchiveError) {
    let states = counts.count
    visited = try reader.integers("visited", in: 0...states - 1)
    counts = try reader.integers("counts", count: states, in: 0...actionCount)
    actions = try reader.integers("actions", count: actions.count, in: 0...actionCount - 1)
    times = try reader.counts("times", count: times.count)
    for state in visited where counts[state] == 0 {
      throw .mismatch(name: "counts", expected: "a tried action in state \(state)", found: "none")
    }
    // a state is noted once, at its first visit
    guard visited.count == counts.count(where: { $0 > 0 }), Set(visited).count == visited.count,
      tried == counts.reduce(0, +)
    else { throw .mismatch(name: "visited", expected: "every state once", found: "\(visited.count) states") }
    time = try reader.count("time")
  }
}
