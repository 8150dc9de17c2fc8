/// Something that reads what others have written.
struct FuzzTarget {
  let name: String
  /// Inputs of a thousand that are for it.
  let share: Int
  /// What it reads when all is well.
  let examples: [[UInt8]]
  /// Words that mean something to it.
  let tokens: [String]
  /// Reads an input, which it may refuse by throwing. The mutator is for targets that change what they read further in.
  let read: (_ input: [UInt8], _ mutator: inout Mutator) throws -> Void

  init(
    _ name: String, share: Int, examples: [[UInt8]], tokens: [String] = [],
    _ read: @escaping (_ input: [UInt8], _ mutator: inout Mutator) throws -> Void
  ) {
    (self.name, self.share, self.examples, self.tokens, self.read) = (name, share, examples, tokens, read)
  }

  /// The same for texts.
  init(
    _ name: String, share: Int, texts: [String], tokens: [String] = [],
    _ read: @escaping (_ input: [UInt8], _ mutator: inout Mutator) throws -> Void
  ) {
    self.init(name, share: share, examples: texts.map { Array($0.utf8) }, tokens: tokens, read)
  }
}
