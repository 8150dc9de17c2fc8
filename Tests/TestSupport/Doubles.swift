import Kernels

extension Vector {
  /// The elements in double precision.
  package var doubles: [Double] { elements.map(Double.init) }
}
