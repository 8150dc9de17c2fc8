#if MuJoCo

import Interfaces
import Kernels

/// A task's dynamics on physical states, with derivatives by finite differences.
///
/// A state is positions, velocities and actuator activations (nq + nv + na numbers); a change of it has 2 nv + na
/// numbers, fewer where a rotation is a quaternion. The successor is a pure function of state and action: the
/// constraint solver starts cold, so that it agrees with the environment, which starts it warm, within the solver's
/// tolerance.
///
/// Derivatives are centered differences of 1e-6. They are MuJoCo's `mjd_transitionFD`, chained over the integration
/// steps of an action, where the model's integrator allows it (`HalfCheetah`); of models integrated with Runge-Kutta,
/// which it does not take, they are differences of whole steps. Across a contact that begins or ends they mean little.
/// Linearizing one step costs about 2 (2 nv + na + nu) `frameSkip` integration steps.
///
/// Costs are minus the task's reward, with what follows from positions (places of bodies, centers of mass) taken at the
/// end of the step, where the task has it from the integrator's last evaluation shortly before; plus
/// `MuJoCoTask.guidance`. Their expansion goes through the linearized step, whose curvature is left out, takes contact
/// forces as constant, and does not look beyond the end of the task.
public struct MuJoCoDynamics<Task: MuJoCoTask>: DifferentiableDynamics {
  private let environment: MuJoCoEnvironment<Task>

  /// The dynamics of `environment`, whose own episode plays no part.
  public init(_ environment: MuJoCoEnvironment<Task>) { self.environment = environment }

  private var model: MuJoCoModel { environment.model }

  public var stateSize: Int { model.positionSize + model.velocitySize + model.activationSize }
  public var tangentSize: Int { 2 * model.velocitySize + model.activationSize }
  public var actionSize: Int { model.controlSize }
  public var observationSize: Int { environment.spec.observationSize }
  public var actionBounds: (low: [Double], high: [Double]) { model.exactControlBounds }

  public func makeSimulation() -> MuJoCoLinearizer<Task> { MuJoCoLinearizer(environment, self) }

  public func difference(
    from origin: UnsafePointer<Double>, to target: UnsafePointer<Double>, into change: UnsafeMutablePointer<Double>
  ) {
    model.difference(from: origin, to: target, into: change)
  }
}

extension MuJoCoEnvironment: ImaginableEnvironment {
  /// With derivatives by finite differences.
  public var dynamics: MuJoCoDynamics<Task> { MuJoCoDynamics(self) }

  public var trueWorld: any LearnedWorld {
    TrueWorld(KnownRewards(MuJoCoTrueModel(self), UnknownObjective()), dynamics: SharedDynamics(dynamics))
  }
}

#endif
