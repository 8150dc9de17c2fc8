/// One step of the classical fourth-order Runge-Kutta method for y' = f(y), of length `step`.
@inline(__always)
package func rungeKutta4<State: StateVector>(_ state: State, step: Double, derivative: (State) -> State) -> State {
  let k1 = derivative(state)
  let k2 = derivative(state + step / 2 * k1)
  let k3 = derivative(state + step / 2 * k2)
  let k4 = derivative(state + step * k3)
  return state + step / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
}
