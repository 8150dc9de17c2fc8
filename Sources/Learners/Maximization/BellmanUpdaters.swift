import Interfaces
import Kernels

/// Labels transitions with the values that a critic should have there, on all threads: the Bellman updaters of QT-Opt
/// (Kalashnikov et al. 2018, section 4.3). Scratch only; whose critic it is comes with each call.
public final class BellmanUpdaters: PhasedWork {
  enum Phase { case label }

  private let search: ActionSearch
  private var workspaces: [ActionSearch.Workspace] = []
  private let states: Int
  private var job: Job?

  private struct Job {
    let pass: MaximizedPass
    let rows: FittedRows
    let discount: Float
    let root: RandomStream
    let targets: UnsafeMutablePointer<Float>
  }

  /// Scratch for the searches of `learner`.
  public init(for learner: MaximizedQLearning) {
    search = learner.search
    states = search.statesPerPass
    reserve()
  }

  /// Scratch for each thread there is now.
  private func reserve() {
    while workspaces.count < WorkerPool.threads { workspaces.append(ActionSearch.Workspace(search)) }
  }

  /// Writes r + discount * continues * V'(s') [N] of the transitions of `batch` into `targets`, V' being that of `bootstrap`;
  /// row r draws from child r of `root`. Does not allocate, nor depend on the number of threads.
  public func label(
    _ batch: TransitionBatch, by bootstrap: MaximizedBootstrap, discount: Float, using root: RandomStream,
    into targets: inout Vector
  ) {
    precondition(targets.count == batch.count, "\(targets.count) targets for \(batch.count) transitions")
    reserve()
    job = Job(
      pass: bootstrap.pass,
      rows: FittedRows(batch, observationSize: bootstrap.observationSize, actionSize: bootstrap.actionSize),
      discount: discount, root: root, targets: targets.mutablePointer)
    withExtendedLifetime(bootstrap) { run(.label, shards: (batch.count + states - 1) / states) }
    job = nil
  }

  func run(_ phase: Phase, shard: Int, worker: Int) {
    guard let job else { return }
    let first = shard * states
    let range = first..<min(first + states, job.rows.count)
    _ = job.rows.writeTargets(
      range, observationSize: job.pass.search.observationSize, discount: job.discount, into: job.targets + first
    ) { next, values in
      job.pass.values(of: next, rows: range.count, into: values, workspaces[worker]) { job.root.child(first + $0) }
    }
  }
}
