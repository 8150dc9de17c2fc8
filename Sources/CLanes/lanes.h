// Fused multiply-add on whole vectors. Swift's own SIMD types do it element by element and leave it to the optimizer to find
// the vector again, which it often does not.
#ifndef FORESIGHT_LANES_H
#define FORESIGHT_LANES_H

typedef float foresight_float8 __attribute__((ext_vector_type(8)));
typedef float foresight_float16 __attribute__((ext_vector_type(16)));
typedef double foresight_double8 __attribute__((ext_vector_type(8)));

/// a * b + c, rounded once.
static inline __attribute__((always_inline)) foresight_float8 foresight_fma8(
    foresight_float8 a, foresight_float8 b, foresight_float8 c) {
  return __builtin_elementwise_fma(a, b, c);
}

/// a * b + c, rounded once.
static inline __attribute__((always_inline)) foresight_float16 foresight_fma16(
    foresight_float16 a, foresight_float16 b, foresight_float16 c) {
  return __builtin_elementwise_fma(a, b, c);
}

/// a * b + c, rounded once.
static inline __attribute__((always_inline)) foresight_double8 foresight_fma_double8(
    foresight_double8 a, foresight_double8 b, foresight_double8 c) {
  return __builtin_elementwise_fma(a, b, c);
}

#endif
