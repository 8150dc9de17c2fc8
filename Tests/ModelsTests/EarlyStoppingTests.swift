import Interfaces
import Kernels
import Models
import TestSupport
import Testing

@Suite struct EarlyStoppingTests {
  private let system = LinearSystem(noise: [0.3, 0.5])

  /// A model that trains so roughly on so little that the holdout error goes up and down.
  private func rough(epochs: Int) -> ProbabilisticEnsemble {
    .small(seed: 4) {
      $0.members = 3
      $0.hidden = [16]
      $0.learningRate = 0.03
      $0.batchSize = 16
      $0.holdout = 0.3
      $0.improvement = 0
      $0.patience = 1000
      $0.epochs = epochs
    }
  }

  /// Training is the same whatever its limit, so a limit one epoch higher either leaves a member's parameters as they
  /// were or improves them; and members stop at different epochs.
  @Test func everyMemberKeepsItsBestEpoch() throws {
    let data = system.data(60, seed: 6)
    var last: (parameters: [[Double]], error: Double)?
    var (keptAlone, kept) = (0, 0)
    for epochs in 1...12 {
      var model = rough(epochs: epochs)
      let metrics = try model.fit(data)
      let all = model.parameters.doubles
      let size = all.count / 3
      let parameters = (0..<3).map { Array(all[$0 * size..<($0 + 1) * size]) }
      let error = try #require(metrics.mean(of: "model_holdout_error"))
      #expect(metrics.mean(of: "model_epochs") == Double(epochs))
      if let last {
        let same = zip(parameters, last.parameters).map { $0 == $1 }
        kept += same.count { $0 }
        keptAlone += Set(same).count == 2 ? 1 : 0
        #expect(same.allSatisfy { $0 } ? error == last.error : error < last.error, "after \(epochs) epochs")
      }
      last = (parameters, error)
    }
    #expect(kept > 3, "no epoch made anything worse: the test shows nothing")
    #expect(keptAlone > 0, "members never kept and changed in the same epoch: the test shows nothing")
  }

  @Test(arguments: [1, 3]) func stopsWhenNothingImproves(_ patience: Int) throws {
    let data = system.data(60, seed: 6)
    // an improvement of everything at once is impossible: only the first epoch counts
    var model = rough(epochs: 50)
    model = try model.with {
      $0.improvement = 1
      $0.patience = patience
    }
    #expect(try model.fit(data).mean(of: "model_epochs") == Double(1 + patience))
    var patient = ProbabilisticEnsemble.small { $0.epochs = 7 }
    #expect(try patient.fit(system.data(500, seed: 1)).mean(of: "model_epochs") == 7)
  }

  /// Without a holdout there is no holdout error, and fits work all the same.
  @Test func noHoldout() throws {
    var model = ProbabilisticEnsemble.small { $0.holdout = 0 }
    let metrics = try model.fit(LinearSystem().data(1500, seed: 1))
    #expect(metrics.mean(of: "model_holdout_error") == nil)
    #expect(try LinearSystem().predictionError(of: model) < 0.05)
  }

  /// Members whose parameters were spoiled more predict the holdout worse and rank later; a fit of hardly any learning
  /// rate leaves them so.
  @Test func elitesAreRankedByHoldoutError() throws {
    var model = ProbabilisticEnsemble.small {
      $0.members = 5
      $0.elites = 3
    }
    let data = LinearSystem().data(800, seed: 1)
    try model.fit(data)
    var parameters = model.parameters.elements
    var random = RandomStream(seed: 12)
    let size = parameters.count / 5
    for (member, spoiling) in [Float(0.1), 0, 0.2, 0.025, 0.05].enumerated() {
      for index in member * size..<(member + 1) * size { parameters[index] += spoiling * random.normal() }
    }
    model.parameters = Vector(parameters)
    model = try model.with {
      $0.learningRate = 1e-7
      $0.epochs = 1
    }
    try model.fit(data)
    #expect(model.elites == [1, 3, 4])
  }
}
