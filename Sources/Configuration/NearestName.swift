/// The known name a user most likely meant, or `nil` when none is similar.
///
/// A candidate is similar when few edits (`editDistance`, letter case ignored) lead to it or to its last components,
/// so that `horizon` finds `planner.horizon`, or when one of the two names contains the other, so that `pendulum`
/// finds `Pendulum-v1`. The closest wins, and the first listed among equals.
///
/// Complexity: O(candidates x lengths squared).
public func nearestName(to name: String, among candidates: [String]) -> String? {
  var best: (rank: Int, distance: Int, name: String)?
  for candidate in candidates {
    guard let (rank, distance) = similarity(of: name.lowercased(), to: candidate.lowercased()) else { continue }
    if let best, (best.rank, best.distance) <= (rank, distance) { continue }
    best = (rank, distance, candidate)
  }
  return best?.name
}

/// How close two lower-case names are: a rank (0 by edits, 1 by the last components, 2 by containment), then a
/// distance within it.
private func similarity(of name: String, to candidate: String) -> (rank: Int, distance: Int)? {
  let distance = editDistance(name, candidate)
  if distance <= tolerance(name, candidate) { return (0, distance) }

  let depth = name.split(separator: ".").count
  let components = candidate.split(separator: ".")
  if components.count > depth {
    let suffix = components.suffix(depth).joined(separator: ".")
    let distance = editDistance(name, suffix)
    if distance <= tolerance(name, suffix) { return (1, distance) }
  }
  if min(name.count, candidate.count) >= 3, name.contains(candidate) || candidate.contains(name) {
    return (2, distance)
  }
  return nil
}

/// Two edits, or two fifths of the longer name; one for names of three letters or fewer.
private func tolerance(_ a: String, _ b: String) -> Int {
  let length = max(a.count, b.count)
  return length <= 3 ? 1 : max(2, 2 * length / 5)
}

/// The restricted Damerau-Levenshtein distance: the fewest insertions, deletions, substitutions and exchanges of
/// neighbors that turn `a` into `b`, no character being edited twice.
///
/// Complexity: O(n m) time and O(m) memory for names of n and m characters.
package func editDistance(_ a: String, _ b: String) -> Int {
  let a = Array(a)
  let b = Array(b)
  if a.isEmpty || b.isEmpty { return max(a.count, b.count) }
  var beforePrevious = [Int](repeating: 0, count: b.count + 1)
  var previous = Array(0...b.count)
  var current = beforePrevious
  for i in 1...a.count {
    current[0] = i
    for j in 1...b.count {
      let substitution = previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)
      current[j] = min(previous[j] + 1, current[j - 1] + 1, substitution)
      if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
        current[j] = min(current[j], beforePrevious[j - 2] + 1)
      }
    }
    (beforePrevious, previous, current) = (previous, current, beforePrevious)
  }
  return previous[b.count]
}
