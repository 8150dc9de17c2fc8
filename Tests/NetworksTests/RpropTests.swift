import Kernels
import Networks
import TestSupport
import Testing

@Suite struct RpropTests {
  private struct Request: Encodable {
    var parameters: [Double]
    var gradients: [[Double]]
    var step: Double
  }

  private struct Answer: Decodable { var parameters: [[Double]] }

  /// 200 steps on gradients that keep and change their signs, some of them 0, as NumPy takes them.
  @Test func followsTheNumpyTranscription() throws {
    let count = 50
    var random = RandomStream(seed: 4)
    var request = Request(parameters: [], gradients: [], step: 0.1)
    request.parameters = (0..<count).map { _ in Double(random.uniform(-1, 1)) }
    for round in 0..<200 {
      request.gradients.append(
        (0..<count).map { index in
          let kind = (index + round) % 7
          if kind == 0 && index % 2 == 0 { return 0 }
          let noise = Double(random.uniform(-1, 1))
          // the more a parameter's number, the steadier its signs
          return noise + Double(index) / 25
        })
    }
    let answer = try PeerProcess.ask("rprop.py", of: "NetworksTests", request, as: Answer.self)
    var (parameters, optimizer) = (
      Vector(request.parameters.map { Float($0) }), Rprop(count: count, initialStep: 0.1)
    )
    for (gradient, wanted) in zip(request.gradients, answer.parameters) {
      optimizer.step(&parameters, gradient: Vector(gradient.map { Float($0) }))
      for index in 0..<count {
        let scale = max(1, abs(wanted[index]))
        #expect(abs(Double(parameters[index]) - wanted[index]) < 1e-4 * scale)
      }
    }
    // one that forgets is as a new one
    optimizer.restart()
    #expect(OracleState(optimizer) == OracleState(Rprop(count: count, initialStep: 0.1)))
  }
}
