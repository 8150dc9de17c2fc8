#if MuJoCo

import CMuJoCo
import Synchronization

/// A compiled model: bodies, joints, actuators. Immutable, shared by all environments that are made from one file.
public final class MuJoCoModel: @unchecked Sendable {
  // Sendable: nothing writes to the model after `init`, and MuJoCo takes it as constant.
  let pointer: UnsafeMutablePointer<mjModel>
  /// The file it was loaded from.
  public let file: String

  private static let loaded = Mutex<[String: Weak]>([:])
  private struct Weak { weak var model: MuJoCoModel? }

  /// The model in `name`, which is a path, or without a `/` one of Gymnasium's files. Loaded once as long as someone
  /// holds it. Its simulations have `ownNumbers` numbers in their state that no dynamics depend on.
  public static func load(_ name: String, ownNumbers: Int = 0) throws(MuJoCoError) -> MuJoCoModel {
    try MuJoCoLibrary.prepare()
    let path = try ModelFiles.path(of: name)
    return try loaded.withLock { (models) throws(MuJoCoError) in
      let key = ownNumbers == 0 ? path : "\(path)+\(ownNumbers)"
      if let model = models[key]?.model { return model }
      let model = try MuJoCoModel(path: path, ownNumbers: ownNumbers)
      models[key] = Weak(model: model)
      return model
    }
  }

  private init(path: String, ownNumbers: Int) throws(MuJoCoError) {
    var message = [CChar](repeating: 0, count: 1000)
    func compile() -> UnsafeMutablePointer<mjModel>? {
      guard let description = mj_parseXML(path, nil, &message, Int32(message.count)) else { return nil }
      defer { mj_deleteSpec(description) }
      if ownNumbers > 0 { description.pointee.nuserdata = Int32(ownNumbers) }
      Self.shrinkTextures(of: description)
      if let model = mj_compile(description, nil) { return model }
      if let problem = mjs_getError(description) {
        message = Array(String(cString: problem).utf8.map { CChar(bitPattern: $0) })
      }
      return nil
    }
    guard let pointer = compile() else {
      let text = String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      let lines = text.split(whereSeparator: \.isNewline)
      throw .rejected(file: path, message: lines.isEmpty ? "no reason given" : lines.joined(separator: ", "))
    }
    self.pointer = pointer
    file = path
  }

  /// Makes every texture one of single pixels. No step depends on them, recordings read the file anew, and drawing them
  /// was most of what compiling a model took.
  private static func shrinkTextures(of description: UnsafeMutablePointer<mjSpec>) {
    var element = mjs_firstElement(description, mjOBJ_TEXTURE)
    while let current = element {
      if let texture = mjs_asTexture(current) {
        texture.pointee.builtin = mjBUILTIN_FLAT
        texture.pointee.mark = mjMARK_NONE
        (texture.pointee.width, texture.pointee.height) = (1, 1)
        mjs_setString(texture.pointee.file, "")
        mjs_setStringVec(texture.pointee.cubefiles, "")
      }
      element = mjs_nextElement(description, current)
    }
  }

  deinit { mj_deleteModel(pointer) }

  /// Numbers in a position, nq.
  public var positionSize: Int { Int(pointer.pointee.nq) }
  /// Degrees of freedom, nv.
  public var velocitySize: Int { Int(pointer.pointee.nv) }
  /// Numbers that actuators keep, na.
  public var activationSize: Int { Int(pointer.pointee.na) }
  /// Controls, nu.
  public var controlSize: Int { Int(pointer.pointee.nu) }
  /// Bodies, the world included.
  public var bodyCount: Int { Int(pointer.pointee.nbody) }
  /// The pose that episodes start around, [nq].
  package var initialPositions: [Double] {
    Array(UnsafeBufferPointer(start: pointer.pointee.qpos0, count: positionSize))
  }
  /// Seconds of one integration step.
  public var timeStep: Double { pointer.pointee.opt.timestep }

  /// The number of the body called `name`.
  public func body(_ name: String) throws(MuJoCoError) -> Int {
    let id = mj_name2id(pointer, Int32(mjOBJ_BODY.rawValue), name)
    guard id >= 0 else { throw .unsuitable(file: file, problem: "it has no body '\(name)'") }
    return Int(id)
  }

  /// The number of the geometry, site or sensor called `name`.
  func number(of name: String, _ kind: mjtObj, _ title: String) throws(MuJoCoError) -> Int {
    let id = mj_name2id(pointer, Int32(kind.rawValue), name)
    guard id >= 0 else { throw .unsuitable(file: file, problem: "it has no \(title) '\(name)'") }
    return Int(id)
  }

  /// Where the frame of a body is in that of its parent when its joints are at zero, [3], in m.
  func bodyOrigin(_ body: Int) -> [Double] { (0..<3).map { pointer.pointee.body_pos[3 * body + $0] } }

  /// The axis of a joint in the frame of its body, [3].
  func jointAxis(_ joint: Int) -> [Double] { (0..<3).map { pointer.pointee.jnt_axis[3 * joint + $0] } }

  /// Requires at least so many positions and degrees of freedom.
  public func require(positions: Int = 0, velocities: Int = 0, sites: Int = 0) throws(MuJoCoError) {
    guard positionSize >= positions, velocitySize >= velocities, Int(pointer.pointee.nsite) >= sites else {
      throw .unsuitable(
        file: file,
        problem: "it has \(positionSize) positions, \(velocitySize) velocities and \(pointer.pointee.nsite) sites; "
          + "the task reads \(positions), \(velocities) and \(sites)")
    }
  }

  /// Bounds of the controls.
  var exactControlBounds: (low: [Double], high: [Double]) {
    let range = UnsafeBufferPointer(start: pointer.pointee.actuator_ctrlrange, count: 2 * controlSize)
    return ((0..<controlSize).map { range[2 * $0] }, (0..<controlSize).map { range[2 * $0 + 1] })
  }

  /// Bounds of the controls, rounded to single precision as Gymnasium's action spaces are.
  func controlBounds() throws(MuJoCoError) -> (low: [Float], high: [Float]) {
    guard controlSize > 0 else { throw .unsuitable(file: file, problem: "it has no actuators") }
    let (low, high) = exactControlBounds
    for index in low.indices where low[index] >= high[index] {
      throw .unsuitable(file: file, problem: "actuator \(index) has no control range")
    }
    return (low.map { Float($0) }, high.map { Float($0) })
  }

  /// The change [2 nv + na] from one state [nq + nv + na] to another.
  func difference(
    from origin: UnsafePointer<Double>, to target: UnsafePointer<Double>, into change: UnsafeMutablePointer<Double>
  ) {
    mj_differentiatePos(pointer, change, 1, origin, target)
    for index in 0..<velocitySize + activationSize {
      change[velocitySize + index] = target[positionSize + index] - origin[positionSize + index]
    }
  }
}

#endif
