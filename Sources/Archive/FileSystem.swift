import Foundation

/// The few file operations that must survive a kill or a power cut at any instant.
public enum FileSystem {
  /// Whether there is a file or folder.
  public static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// Reads a whole file.
  public static func read(_ path: String) throws(ArchiveError) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure("open", path) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure("read", path) }
    var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
    var done = 0
    while done < bytes.count {
      let got = bytes.withUnsafeMutableBytes { raw in
        Glibc.read(descriptor, raw.baseAddress.map { $0 + done }, raw.count - done)
      }
      if got < 0 && errno == EINTR { continue }
      guard got >= 0 else { throw failure("read", path) }
      if got == 0 { break }
      done += got
    }
    bytes.removeLast(bytes.count - done)
    return bytes
  }

  /// Puts `bytes` at `path` so that at every instant either the old or the new contents are there: temporary file in
  /// the same folder, write, fsync, rename, fsync of the folder. On an error the old file is untouched.
  ///
  /// - Parameter amongOthers: whether other processes may write the same file now: each then has a temporary file of
  ///   its own, and the last one wins.
  public static func replace(_ path: String, with bytes: [UInt8], amongOthers: Bool = false) throws(ArchiveError) {
    try replace(path, amongOthers: amongOthers) { write throws(ArchiveError) in try write(bytes) }
  }

  /// The same with contents that `body` hands over part by part.
  public static func replace(
    _ path: String, amongOthers: Bool = false,
    _ body: (_ write: ([UInt8]) throws(ArchiveError) -> Void) throws(ArchiveError) -> Void
  ) throws(ArchiveError) {
    let temporary = amongOthers ? "\(path).\(UUID().uuidString).partial" : path + ".partial"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw failure("create", temporary) }
    do throws(ArchiveError) {
      try body { (bytes) throws(ArchiveError) in try write(bytes, to: descriptor, path: temporary) }
      guard fsync(descriptor) == 0 else { throw failure("flush", temporary) }
    } catch {
      close(descriptor)
      unlink(temporary)
      throw error
    }
    close(descriptor)
    guard rename(temporary, path) == 0 else {
      let error = failure("rename to", path)
      unlink(temporary)
      throw error
    }
    try synchronizeFolder(of: path)
  }

  /// Appends all of `bytes` to an open file.
  public static func write(_ bytes: [UInt8], to descriptor: Int32, path: String) throws(ArchiveError) {
    var done = 0
    while done < bytes.count {
      let put = bytes.withUnsafeBytes { raw in
        Glibc.write(descriptor, raw.baseAddress.map { $0 + done }, raw.count - done)
      }
      if put < 0 && errno == EINTR { continue }
      guard put > 0 else { throw failure("write", path) }
      done += put
    }
  }

  /// Makes a folder and its parents; an existing one is fine.
  public static func makeFolder(_ path: String) throws(ArchiveError) {
    var status = stat()
    if stat(path, &status) == 0 {
      guard status.st_mode & S_IFMT == S_IFDIR else {
        throw .system(action: "create folder", path: path, reason: "a file has that name")
      }
      return
    }
    let end = path.lastIndex { $0 != "/" } ?? path.startIndex
    if let slash = path[..<end].lastIndex(of: "/"), slash > path.startIndex { try makeFolder(String(path[..<slash])) }
    // somebody else may make it at the same time
    guard mkdir(path, 0o777) == 0 || errno == EEXIST else { throw failure("create folder", path) }
  }

  /// The error of the last failed call, with the system's words.
  public static func failure(_ action: String, _ path: String) -> ArchiveError {
    .system(action: action, path: path, reason: String(cString: strerror(errno)))
  }

  private static func synchronizeFolder(of path: String) throws(ArchiveError) {
    let folder = (path as NSString).deletingLastPathComponent
    let descriptor = open(folder.isEmpty ? "." : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure("open", folder) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw failure("flush", folder) }
  }
}
