import Testing

/// A few of the inputs that `foresight-fuzz` has many of: nothing that reads what others write traps or hangs.
@Suite struct FuzzTests {
  @Test func noInputEndsTheReader() throws {
    let result = try Program.run(["--inputs", "6000", "--seed", "3"], of: Program.path + "-fuzz")
    #expect(result.status == 0, "\(result.output)\(result.errors)")
    #expect(result.output.contains("6000 inputs, 0 of them ended the reader"))
  }
}
