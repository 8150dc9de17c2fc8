import Experience
import Interfaces
import Kernels

/// Replayed states with what teachers say of them.
struct DistillationSampler<Learner: TeachingLearner> {
  private(set) var batch: DistillationBatch
  private var transitions: TransitionBatch
  private var teacherOutputs: Matrix  // [teachers * N, T]
  private let workspace: Learner.Teacher.Workspace

  /// Room for `count` states of an environment of `spec`, taught by as many teachers as there are parts.
  init(count: Int, _ learners: PartitionedLearners<Learner>, featureSize: Int, spec: EnvironmentSpec) {
    let teacher = learners.teacher(0)
    batch = DistillationBatch(
      count: count, observationSize: spec.observationSize, targetSize: teacher.outputSize, featureSize: featureSize)
    transitions = TransitionBatch(
      count: count, observationSize: spec.observationSize, actionSize: spec.action.size)
    teacherOutputs = Matrix(rows: count * learners.learners.count, columns: teacher.outputSize)
    workspace = teacher.makeWorkspace()
  }

  /// Draws states uniformly from the replays, as many from each that holds any. Taught by all teachers together, or
  /// each by the teacher of its part. One at least must hold some (`PartitionedLearners.holdsStates`). No allocation.
  mutating func draw(
    from learners: PartitionedLearners<Learner>, together: Bool, for student: some PolicyStudent,
    using random: inout RandomStream
  ) {
    var filled = 0
    for learner in learners.learners where learner.replay.count > 0 { filled += 1 }
    precondition(filled > 0, "no states to draw lessons from")
    let (count, size) = (batch.count, transitions.observations.columns)
    var (row, place) = (0, 0)
    for part in learners.learners.indices where learners.learners[part].replay.count > 0 {
      place += 1
      let end = count * place / filled
      learners.learners[part].replay.sample(row..<end, of: &transitions, using: &random)
      for r in row..<end { batch.teachers[r] = part }
      if !together && end > row { describe(learners.teacher(part), from: row, count: end - row, block: 0) }
      row = end
    }
    batch.observations.mutablePointer.update(from: transitions.observations.pointer, count: count * size)
    if together {
      for part in learners.learners.indices { describe(learners.teacher(part), from: 0, count: count, block: part) }
    }
    student.blend(
      teacherOutputs.pointer, teachers: together ? learners.learners.count : 1, rows: count,
      into: batch.targets.mutablePointer)
  }

  private mutating func describe(_ teacher: Learner.Teacher, from first: Int, count: Int, block: Int) {
    let (size, features) = (transitions.observations.columns, batch.features.columns)
    let target = teacherOutputs.mutablePointer + (block * batch.count + first) * teacherOutputs.columns
    teacher.describe(
      count: count, observations: transitions.observations.pointer + first * size, outputs: target,
      features: features > 0 ? batch.features.mutablePointer + first * features : nil, workspace)
  }

  /// Writes what all teachers together would do. No allocation.
  mutating func decide(
    on observation: [Float], with learners: PartitionedLearners<Learner>, for student: some PolicyStudent,
    action: inout [Float]
  ) {
    observation.withUnsafeBufferPointer { x in
      guard let x = x.baseAddress else { return }
      for part in learners.learners.indices {
        learners.teacher(part).describe(
          count: 1, observations: x, outputs: teacherOutputs.mutablePointer + part * teacherOutputs.columns,
          features: nil, workspace)
      }
    }
    student.blend(
      teacherOutputs.pointer, teachers: learners.learners.count, rows: 1, into: batch.targets.mutablePointer)
    student.decide(by: batch.targets.pointer, action: &action)
  }
}
