import Archive
import Foundation
import Testing

/// Files exchanged with the Python package `safetensors`.
@Suite struct PythonTests {
  private struct Failure: Error, CustomStringConvertible { let description: String }

  /// The interpreter of `FORESIGHT_PYTHON`, or of the virtual environment at the package's root.
  private func interpreter() throws -> String {
    if let given = ProcessInfo.processInfo.environment["FORESIGHT_PYTHON"], !given.isEmpty { return given }
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let python = root.appendingPathComponent(".venv/bin/python").path
    guard FileManager.default.isExecutableFile(atPath: python) else {
      throw Failure(description: "there is no \(python): run `make setup`, or set FORESIGHT_PYTHON")
    }
    return python
  }

  private func run(_ script: String, _ arguments: String...) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: try interpreter())
    process.arguments = ["-c", script] + arguments
    let (output, errors) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    let problem = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw Failure(description: "Python failed: \(problem)") }
    return text
  }

  @Test func pythonReadsOurFile() throws {
    let folder = try ScratchFolder()
    var file = TensorFile()
    // three bytes first, so that what follows is not aligned
    [UInt8(1), 2, 250].withUnsafeBufferPointer { file.tensors["a"] = Tensor(shape: [3], $0) }
    (0..<6).map { Float($0) * 0.5 - 1 }.withUnsafeBufferPointer {
      file.tensors["b.weight"] = Tensor(shape: [2, 3], $0)
    }
    [0.1].withUnsafeBufferPointer { file.tensors["c"] = Tensor(shape: [], $0) }
    [Int64.min, 7].withUnsafeBufferPointer { file.tensors["d"] = Tensor(shape: [1, 2], $0) }
    [UInt64.max].withUnsafeBufferPointer { file.tensors["e"] = Tensor(shape: [1], $0) }
    [Float]().withUnsafeBufferPointer { file.tensors["f"] = Tensor(shape: [0, 2], $0) }
    file.metadata = ["note": "from Swift"]
    try file.write(to: folder.file("swift.safetensors"))
    let output = try run(
      """
      import sys
      from safetensors import safe_open
      with safe_open(sys.argv[1], framework="numpy") as file:
          print(file.metadata()["note"])
          for name in sorted(file.keys()):
              tensor = file.get_tensor(name)
              print(name, tensor.dtype, list(tensor.shape), tensor.reshape(-1).tolist())
      """, folder.file("swift.safetensors"))
    #expect(
      output == """
        from Swift
        a uint8 [3] [1, 2, 250]
        b.weight float32 [2, 3] [-1.0, -0.5, 0.0, 0.5, 1.0, 1.5]
        c float64 [] [0.1]
        d int64 [1, 2] [-9223372036854775808, 7]
        e uint64 [1] [18446744073709551615]
        f float32 [0, 2] []

        """)
  }

  @Test func weReadPythonsFile() throws {
    let folder = try ScratchFolder()
    _ = try run(
      """
      import sys
      import numpy
      from safetensors.numpy import save_file
      save_file({
          "weight": numpy.arange(6, dtype=numpy.float32).reshape(3, 2) / 4,
          "moments": numpy.array([0.1, -numpy.inf]),
          "steps": numpy.array(-5, dtype=numpy.int64),
          "words": numpy.array([2**64 - 1], dtype=numpy.uint64),
          "flags": numpy.array([1, 0, 255], dtype=numpy.uint8),
          "none": numpy.zeros((0, 3), dtype=numpy.float32),
      }, sys.argv[1], metadata={"note": "from Python"})
      """, folder.file("python.safetensors"))
    let file = try TensorFile(contentsOf: folder.file("python.safetensors"))
    #expect(file.metadata == ["note": "from Python"])
    #expect(file.tensors.count == 6)
    #expect(file.tensors["weight"]?.shape == [3, 2] && file.tensors["none"]?.shape == [0, 3])
    #expect(file.tensors["weight"]?.elements(as: Float.self) == [0, 0.25, 0.5, 0.75, 1, 1.25])
    #expect(file.tensors["moments"]?.elements(as: Double.self) == [0.1, -.infinity])
    #expect(file.tensors["steps"]?.elements(as: Int64.self) == [-5] && file.tensors["steps"]?.shape == [])
    #expect(file.tensors["words"]?.elements(as: UInt64.self) == [.max])
    #expect(file.tensors["flags"]?.elements(as: UInt8.self) == [1, 0, 255])
  }
}
