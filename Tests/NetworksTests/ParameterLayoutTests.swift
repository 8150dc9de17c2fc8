import Archive
import Kernels
import Networks
import Testing

@Suite struct ParameterLayoutTests {
  private let network = Perceptron(inputs: 3, hidden: [4], outputs: 2, activation: .silu, layerNormalization: true)

  private var parameters: Vector {
    var stream = RandomStream(seed: 3)
    var parameters = Vector(count: network.layout.count)
    stream.fillNormal(&parameters)
    return parameters
  }

  @Test func tensorsHaveNamesShapesAndPlaces() {
    var layout = ParameterLayout()
    #expect(layout.append("a", shape: [2, 3]) == 0)
    #expect(layout.append("b", shape: []) == 6)
    #expect(layout.append("c", shape: [4]) == 7)
    #expect(layout.count == 11 && layout.entries.map(\.range) == [0..<6, 6..<7, 7..<11])
    var nested = ParameterLayout()
    nested.append("x", shape: [5])
    #expect(nested.append("inner", layout) == 5)
    #expect(nested.entries.map(\.name) == ["x", "inner.a", "inner.b", "inner.c"] && nested.count == 16)
  }

  @Test func weightsSurviveAFile() throws {
    let file = try TensorFile(decoding: network.layout.tensors(of: parameters).encoded(), path: "f")
    #expect(try network.layout.parameters(from: file) == parameters)
    let weight = try #require(file.tensors["layers.0.weight"])
    #expect(weight.shape == [3, 4] && weight.elements(as: Float.self) == Array(parameters.elements[..<12]))
  }

  @Test func missingTensorsAreNamed() {
    for entry in network.layout.entries {
      var file = network.layout.tensors(of: parameters)
      file.tensors[entry.name] = nil
      #expect(throws: ArchiveError.missing(name: entry.name)) { try network.layout.parameters(from: file) }
    }
  }

  @Test func otherShapesAndTypesAreNamed() {
    var file = network.layout.tensors(of: parameters)
    file.tensors["layers.0.weight"] = Tensor(type: .float32, shape: [4, 3], bytes: Array(repeating: 0, count: 48))
    #expect(throws: ArchiveError.mismatch(name: "layers.0.weight", expected: "F32[3, 4]", found: "F32[4, 3]")) {
      try network.layout.parameters(from: file)
    }
    file.tensors["layers.0.weight"] = Tensor(type: .float64, shape: [3, 4], bytes: Array(repeating: 0, count: 96))
    #expect(throws: ArchiveError.mismatch(name: "layers.0.weight", expected: "F32[3, 4]", found: "F64[3, 4]")) {
      try network.layout.parameters(from: file)
    }
  }

  @Test func tensorsOfAnotherNetworkAreNamed() {
    var file = network.layout.tensors(of: parameters)
    file.tensors["layers.9.bias"] = Tensor(type: .float32, shape: [1], bytes: [0, 0, 0, 0])
    #expect {
      try network.layout.parameters(from: file)
    } throws: { error in
      if case .mismatch("layers.9.bias", _, _)? = error as? ArchiveError { return true }
      return false
    }
  }
}
