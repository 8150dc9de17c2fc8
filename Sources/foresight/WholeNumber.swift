import ArgumentParser
import Configuration

/// The whole number that an option's text says, written as in settings: `10000`, `10_000`, `1e4`.
func wholeNumber(_ text: String) throws -> Int {
  do {
    return try ConfigurationTree(assignment: "number=\(text)").integer(at: "number")
  } catch {
    throw ValidationError("'\(text)' is not a whole number")
  }
}

/// Refuses an empty path, which would be that of the root folder.
func refuseEmpty(_ path: String, _ name: String) throws {
  if path.isEmpty { throw ValidationError("\(name) is empty: name a folder, such as '.' for this one") }
}
