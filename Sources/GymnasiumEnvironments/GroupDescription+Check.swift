extension GroupDescription {
  /// What in this description makes no sense, for `copies` environments and `scores` scored steps at a time; nil if all
  /// does. Whatever else runs in the worker's process could have sent it, and memory is addressed by it.
  func problem(copies: Int, scores: Int?) -> String? {
    let most = 1 << 40
    guard (1...most / copies).contains(observation.size) else { return "observations of \(observation.size) numbers" }
    if let image = observation.image {
      let isWhole = image.count == 3 && image.allSatisfy { (1...1 << 20).contains($0) }
      guard isWhole, image[0] * image[1] * image[2] == observation.size, observation.maximum ?? 255 > 0 else {
        return "images of the shape \(image)"
      }
    }
    guard (stepLimit ?? 1) >= 1, timeStep.isFinite else { return "a step limit or a time step that is none" }
    guard let width = actionSize else { return "actions of no known form" }
    guard width <= most / copies else { return "actions of \(width) numbers" }
    return placeProblem(copies: copies, scores: scores, width: width)
  }

  /// Numbers of an action; nil where its description makes no sense.
  private var actionSize: Int? {
    switch action.kind {
    case "choice", "choices":
      guard let counts = action.counts, !counts.isEmpty, counts.allSatisfy({ (1...1 << 24).contains($0) }),
        action.kind == "choices" || counts.count == 1
      else { return nil }
      return counts.count
    case "box":
      guard let low = action.low, let high = action.high, !low.isEmpty, low.count == high.count,
        zip(low, high).allSatisfy({ $0 <= $1 })
      else { return nil }
      return low.count
    default: return nil
    }
  }

  /// Whether all blocks lie within the memory.
  private func placeProblem(copies: Int, scores: Int?, width: Int) -> String? {
    let row = observation.size * (observation.bytes ? 1 : 4)
    let taken = copies * width * (action.kind == "box" ? 4 : 8)
    let shown = copies * row
    var blocks: [(offset: Int, bytes: Int)] = [
      (offsets.actions, taken), (offsets.seeds, copies * 8), (offsets.rewards, copies * 8), (offsets.endings, copies),
      (offsets.observations, shown), (offsets.finals, shown),
    ]
    if let scores {
      guard let states = offsets.scoreStates, let actions = offsets.scoreActions, let next = offsets.scoreNext,
        let rewards = offsets.scoreRewards, let terminations = offsets.scoreTerminations
      else { return "no memory for scores" }
      let largest = scores.multipliedReportingOverflow(by: 4 * max(observation.size, width))
      guard !largest.overflow else { return "scores of steps beyond all memory" }
      let (stateBytes, actionBytes) = (4 * scores * observation.size, 4 * scores * width)
      blocks.append((states, stateBytes))
      blocks.append((actions, actionBytes))
      blocks.append((next, stateBytes))
      blocks.append((rewards, 4 * scores))
      blocks.append((terminations, scores))
    }
    for (offset, bytes) in blocks where offset < 0 || offset % 8 != 0 || bytes > size || offset > size - bytes {
      return "a block of \(bytes) bytes at byte \(offset) of \(size)"
    }
    return nil
  }
}
