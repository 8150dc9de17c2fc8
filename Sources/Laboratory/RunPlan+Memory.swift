internal import Configuration
internal import Interfaces
internal import Kernels

extension RunPlan {
  /// Throws `ConfigurationError`, naming the setting that takes most, if `agent` needs more memory for the plan's steps than
  /// there is.
  func checkMemory(of agent: any Agent, limit: MemoryLimit? = .available()) throws(ConfigurationError) {
    // the last steps may go beyond the budget by some of the copies
    let needs = agent.memoryNeeds(after: steps + settings.run.copies - 1)
    let total = needs.reduce(0) { $0 + $1.bytes }
    guard let limit, total > limit.bytes, let largest = needs.max(by: { $0.bytes < $1.bytes }) else { return }
    throw ConfigurationError(
      kind: .outOfRange, key: largest.setting, value: resolved.subtree(at: largest.setting)?.scalarText,
      problem: "\(largest.what) need \(Memory.gigabytes(largest.bytes))"
        + (needs.count > 1 ? ", with the rest \(Memory.gigabytes(total))" : "")
        + "; there are \(Memory.gigabytes(limit.bytes)) of \(limit.source)")
  }
}
