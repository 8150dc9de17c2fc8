#if MuJoCo

import ControlTasks
import Interfaces

/// A task whose episodes start from conditions, and whose rewards are minus the cost of what is observed and done.
public protocol ConditionedMuJoCoTask: MuJoCoTask {
  /// What observations and actions cost.
  var cost: CostSum { get }
  /// Where episodes start, in positions [nq].
  var starts: StartRegion { get }
}

extension MuJoCoEnvironment: ConditionedEnvironment where Task: ConditionedMuJoCoTask {
  public var trajectoryCost: any TrajectoryCost { task.cost }

  public var conditions: [[Float]] {
    task.starts.conditions.map { positions in
      var (copy, observation) = (self, [Float](repeating: 0, count: spec.observationSize))
      copy.start(
        positions: positions, velocities: Array(repeating: 0, count: model.velocitySize), observation: &observation)
      return observation
    }
  }
}

#endif
