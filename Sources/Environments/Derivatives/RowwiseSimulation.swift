import Interfaces
import Kernels

/// What is wanted of every row of a call, and where it goes.
enum RowOutput {
  case successors(UnsafeMutablePointer<Double>)
  case jacobians(state: UnsafeMutablePointer<Double>, action: UnsafeMutablePointer<Double>)
  case costs(UnsafeMutablePointer<Double>)
  case expansions(QuadraticCosts.Pointers)
  case curvature(multipliers: UnsafePointer<Double>, QuadraticCosts.Pointers)
}

/// One call's rows: states [count, n] and actions [count, m].
struct Rows {
  let count: Int
  let states: UnsafePointer<Double>
  let actions: UnsafePointer<Double>
  let output: RowOutput
}

/// A simulation that answers every call row by row. Rows are shared among the threads in shards of eight.
protocol RowwiseSimulation: CostSimulation {
  /// Does one row of a call.
  func run(_ row: Int, of rows: Rows)
}

extension RowwiseSimulation {
  public mutating func step(
    count: Int, states: UnsafePointer<Double>, actions: UnsafePointer<Double>, next: UnsafeMutablePointer<Double>
  ) {
    run(Rows(count: count, states: states, actions: actions, output: .successors(next)))
  }

  public mutating func linearize(
    count: Int, states: UnsafePointer<Double>, actions: UnsafePointer<Double>,
    stateJacobians: UnsafeMutablePointer<Double>, actionJacobians: UnsafeMutablePointer<Double>
  ) {
    run(
      Rows(
        count: count, states: states, actions: actions,
        output: .jacobians(state: stateJacobians, action: actionJacobians)))
  }

  public mutating func evaluateCosts(
    count: Int, states: UnsafePointer<Double>, actions: UnsafePointer<Double>, costs: UnsafeMutablePointer<Double>
  ) {
    run(Rows(count: count, states: states, actions: actions, output: .costs(costs)))
  }

  public mutating func quadratize(
    count: Int, states: UnsafePointer<Double>, actions: UnsafePointer<Double>, into costs: inout QuadraticCosts
  ) {
    withPointers(to: &costs, count: count) {
      run(Rows(count: count, states: states, actions: actions, output: .expansions($0)))
    }
  }

  /// Calls `body` with where the expansion of `count` steps goes.
  func withPointers(to costs: inout QuadraticCosts, count: Int, _ body: (QuadraticCosts.Pointers) -> Void) {
    precondition(count <= costs.count, "\(count) steps in an expansion for \(costs.count)")
    precondition(costs.tangentSize == tangentSize && costs.actionSize == actionSize, "an expansion of other costs")
    costs.withUnsafePointers(body)
  }

  func run(_ rows: Rows) {
    withUnsafePointer(to: self) { simulation in
      withUnsafePointer(to: rows) { rows in
        WorkerPool.run(
          shards: (rows.pointee.count + RowShards<Self>.size - 1) / RowShards<Self>.size,
          RowShards(simulation: simulation, rows: rows))
      }
    }
  }
}

/// Rows in shards of eight, whatever the number of threads.
private struct RowShards<Simulation: RowwiseSimulation>: ShardedWork {
  static var size: Int { 8 }
  let simulation: UnsafePointer<Simulation>
  let rows: UnsafePointer<Rows>

  func run(shard: Int, worker: Int) {
    for row in shard * Self.size..<min((shard + 1) * Self.size, rows.pointee.count) {
      simulation.pointee.run(row, of: rows.pointee)
    }
  }
}
