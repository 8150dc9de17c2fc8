/// What a scheduler is asked for, and how its tasks behave.
public struct JobSettings: Codable, Sendable, Equatable {
  /// Partition, or queue; the scheduler's default if nil.
  public var partition: String?
  /// Account to charge.
  public var account: String?
  /// Memory of a task, in the scheduler's words (`4G`).
  public var memory: String?
  /// Cores of a task, which are its threads too.
  public var cpus = 1
  /// Seconds that a task may take at a time; no limit if nil.
  public var seconds: Int?
  /// Tasks at a time; as many as the scheduler gives if nil.
  public var maxParallel: Int?
  /// Further words for the scheduler's command, such as `--constraint=avx512`.
  public var further: [String] = []
  /// Seconds before the limit at which a task saves its run and leaves.
  public var lead = 120
  /// Seconds between saves of a run, besides its own checkpoints.
  public var saveInterval = 600
  /// How often a task is started again before it counts as failed.
  public var maxRequeues = 50
  /// Whether runs may go on from pickled environments that another user may have written.
  public var trusts = false
  /// Whether runs write TensorBoard's events too; nil is no.
  public var writesEvents: Bool?
  /// Exit status of a task whose runs are not finished and that the launcher does not bring back itself.
  public var unfinishedStatus: Int32 = 75

  /// One core, no limits.
  public init() {}
}
