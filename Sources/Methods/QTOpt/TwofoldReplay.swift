import Archive
import Experience
import Interfaces
import Kernels

/// Online replay, of the newest transitions, and log replay, of what online replay has let go of and of episode files.
package struct TwofoldReplay: Sendable {
  /// The newest transitions.
  package private(set) var online: ReplayBuffer
  /// Those of other collectors, and all that are no longer among the newest.
  package private(set) var log: ReplayBuffer
  private(set) var folder: EpisodeFolder?
  private let logShare: Float
  private let interval: Int
  private var steps: MultiStepReturns

  init(_ settings: QTOptSettings, observationSize: Int, actionSize: Int) {
    online = ReplayBuffer(
      capacity: settings.onlineCapacity, observationSize: observationSize, actionSize: actionSize)
    log = ReplayBuffer(capacity: settings.logCapacity, observationSize: observationSize, actionSize: actionSize)
    folder = settings.logFolder.map {
      EpisodeFolder($0, observationSize: observationSize, actionSize: actionSize)
    }
    steps = MultiStepReturns(steps: 1, discount: 1, observationSize: observationSize, actionSize: actionSize)
    (logShare, interval) = (settings.logShare, settings.logInterval)
  }

  /// Takes in a step of every copy.
  mutating func append(_ round: CopySteps) {
    for copy in 0..<round.count {
      if online.count == online.capacity { log.append(0, of: online) }
      steps.append(copy, of: round, to: &online)
    }
  }

  /// Looks for new episode files if the steps `span` say so.
  mutating func lookForFiles(_ span: StepSpan) {
    if span.crosses(interval) || span.before == 0 { folder?.takeIn(to: &log) }
  }

  /// Mean ages of transitions drawn, in transitions that came after them; nil where none came from there.
  struct Ages {
    var online: Float?
    var log: Float?
  }

  /// Fills `batch` with transitions drawn uniformly from both, their shares as set. Does not allocate.
  func draw(into batch: inout TransitionBatch, using random: inout RandomStream) -> Ages {
    let fromLog = log.count == 0 ? 0 : Int((logShare * Float(batch.count)).rounded())
    var (onlineAge, logAge) = (0, 0)
    withUnsafeTemporaryAllocation(of: Int32.self, capacity: 1) { index in
      for row in 0..<batch.count {
        if row < fromLog {
          index[0] = Int32(random.index(below: log.count))
          logAge += log.count - 1 - Int(index[0]) + online.count
          log.gather(UnsafeBufferPointer(index), into: &batch, from: row)
        } else {
          index[0] = Int32(random.index(below: online.count))
          onlineAge += online.count - 1 - Int(index[0])
          online.gather(UnsafeBufferPointer(index), into: &batch, from: row)
        }
      }
    }
    let rest = batch.count - fromLog
    return Ages(
      online: rest > 0 ? Float(onlineAge) / Float(rest) : nil,
      log: fromLog > 0 ? Float(logAge) / Float(fromLog) : nil)
  }
}

extension TwofoldReplay: Archived {
  package mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("online", &online)
    try fields.field("log", &log)
    try fields.field("folder", present: &folder)
  }
}
