import Kernels

/// Rows of a rollout in order of the member that advances them, so that each member's network sees one block of rows.
struct MemberGroups {
  /// Position in the model's `elites` of each row's member.
  private var choice: [Int32]
  /// The rows in order of it: those of elite g are `order[starts[g]..<starts[g + 1]]`.
  private(set) var order: [Int32]
  private(set) var starts: [Int]

  /// Room for `capacity` rows and `elites` members.
  init(capacity: Int, elites: Int) {
    choice = Array(repeating: 0, count: capacity)
    order = (0..<Int32(capacity)).map { $0 }
    starts = Array(repeating: 0, count: elites + 1)
  }

  /// Number of members, E.
  var elites: Int { starts.count - 1 }

  /// Gives particle p, rows p * `rowsPerParticle` on, elite (`firstParticle` + p) modulo E.
  mutating func assign(count: Int, rowsPerParticle: Int, firstParticle: Int) {
    for row in 0..<count { choice[row] = Int32((firstParticle + row / rowsPerParticle) % elites) }
    sort(count)
  }

  /// Draws every row's elite uniformly.
  mutating func draw(count: Int, using random: inout RandomStream) {
    let elites = UInt64(elites)
    // A 32-bit word times the number of elites: the bias is below 2^-25.
    var stream = random
    choice.withUnsafeMutableBufferPointer { choice in
      for row in 0..<count { choice[row] = Int32(truncatingIfNeeded: (UInt64(stream.nextWord()) &* elites) &>> 32) }
    }
    random = stream
    sort(count)
  }

  /// Counting sort of the rows by `choice`.
  private mutating func sort(_ count: Int) {
    choice.withUnsafeBufferPointer { choice in
      order.withUnsafeMutableBufferPointer { order in
        starts.withUnsafeMutableBufferPointer { starts in
          starts.update(repeating: 0)
          for row in 0..<count { starts[Int(choice[row]) + 1] += 1 }
          for group in 1..<starts.count { starts[group] += starts[group - 1] }
          for row in 0..<count {
            let group = Int(choice[row])
            order[starts[group]] = Int32(row)
            starts[group] += 1
          }
          // Each entry now holds its group's end, which is the next one's start.
          for group in stride(from: starts.count - 1, to: 0, by: -1) { starts[group] = starts[group - 1] }
          starts[0] = 0
        }
      }
    }
  }
}
