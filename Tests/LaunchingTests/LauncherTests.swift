import Launching
import Testing

/// The words that schedulers speak.
@Suite struct LauncherTests {
  @Test(arguments: [
    ("90", 5400), ("90:30", 5430), ("1:30:00", 5400), ("2-12", 216_000), ("2-12:30", 217_800), ("2-1:0:5", 176_405),
  ])
  func timeLimitsAreSlurms(text: String, seconds: Int) { #expect(TimeLimit.seconds(text) == seconds) }

  @Test(arguments: ["", "0", "-5", "1:2:3:4", "1-2-3", "x", "1:", "4h", "99999999"])
  func otherTextsAreNoLimits(text: String) { #expect(TimeLimit.seconds(text) == nil) }

  @Test(arguments: [("7", 7), ("1:07", 67), ("2:00:00", 7200), ("1-00:00:01", 86_401)])
  func whatIsLeftIsRead(text: String, seconds: Int) { #expect(SlurmLauncher.left(text) == seconds) }

  /// The id of the array alone would start all of its elements again.
  @Test func anElementIsRequeuedByItsOwnId() {
    #expect(
      SlurmLauncher.element(["SLURM_JOB_ID": "73", "SLURM_ARRAY_JOB_ID": "71", "SLURM_ARRAY_TASK_ID": "2"]) == "71_2")
    #expect(SlurmLauncher.element(["SLURM_JOB_ID": "73"]) == "73")
    #expect(SlurmLauncher.element([:]) == nil)
  }

  @Test func aPreemptedJobIsOverAndARequeuedOneWaits() {
    #expect(SlurmLauncher.state("PREEMPTED", reason: "None") == .ended("PREEMPTED"))
    #expect(SlurmLauncher.state("NODE_FAIL", reason: "None") == .ended("NODE_FAIL"))
    #expect(SlurmLauncher.state("PENDING", reason: "BeginTime") == .waiting("BeginTime"))
    #expect(SlurmLauncher.state("COMPLETING", reason: "None") == .running)
  }

  @Test func valuesInATemplateAreSingleWords() {
    #expect(
      CommandLauncher.filled("qsub -N {name} {script}", [("name", "it's two"), ("script", "/a/b.sh")])
        == "qsub -N 'it'\\''s two' /a/b.sh")
    #expect(throws: LaunchError.self) { try CommandLauncher(template: "qsub job.sh") }
  }
}
