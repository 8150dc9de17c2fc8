public import Archive
import Foundation

/// Exclusive use of a folder, for as long as the value lives or the process does, on this machine and on others that
/// share the file system.
///
/// Two things keep others out. The first is a lock of the operating system on the file `.lock`, which ends with the
/// process and which NFS passes to its server. The second, for mounts that keep locks to one machine, is a lease: the
/// file `.owner`, which names machine and process and is touched every `beat` seconds. Another machine's lease counts
/// until it has not been touched for `patience` seconds by the file system's own clock; this machine's never does,
/// because here the lock decides.
public final class FolderLock: Sendable {
  private let descriptor: Int32
  private let lease: FolderLease

  private init(descriptor: Int32, lease: FolderLease) { (self.descriptor, self.lease) = (descriptor, lease) }

  deinit {
    lease.end()
    Self.release(descriptor)
  }

  /// Closes a file and gives its lock up at once. Closing alone would not: a process that another thread is starting
  /// right now has a copy of the descriptor until it executes its program, and the lock lasts until the last copy is
  /// closed.
  private static func release(_ descriptor: Int32) {
    flock(descriptor, LOCK_UN)
    close(descriptor)
  }

  /// Takes a folder; nil if another process has it and does not give it up within `seconds`. File systems without locks
  /// are guarded by the lease alone.
  ///
  /// - Throws: `ArchiveError.system` when the folder's files cannot be written.
  public static func acquire(_ path: String, patience seconds: Double) throws(ArchiveError) -> FolderLock? {
    let descriptor = open(path + "/.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw FileSystem.failure("open", path + "/.lock") }
    let deadline = ContinuousClock.now + .seconds(seconds)
    while true {
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK {
        do throws(ArchiveError) {
          if let lease = try FolderLease.take(path) { return FolderLock(descriptor: descriptor, lease: lease) }
        } catch {
          release(descriptor)
          throw error
        }
        flock(descriptor, LOCK_UN)
      }
      guard ContinuousClock.now < deadline else {
        close(descriptor)
        return nil
      }
      usleep(20_000)
    }
  }

  /// Whether some process has the folder right now.
  public static func isHeld(_ path: String) -> Bool {
    let descriptor = open(path + "/.lock", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return FolderLease.isHeldElsewhere(path) }
    defer { release(descriptor) }
    // a shared lock needs no right to write, and keeps a process that wants the folder waiting for an instant only
    if flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK { return true }
    return FolderLease.isHeldElsewhere(path)
  }

  /// Whether the folder is still this value's: not when this process stood still for so long that another machine took
  /// it for dead. Looks at the file only when the lease was last touched long ago.
  public var isValid: Bool { lease.isValid }

  /// Says now that this process is alive, as a thread does from time to time.
  package func touch() { lease.touch() }
}
