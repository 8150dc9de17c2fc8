// Instructions that Swift has no words for. Fused multiply-add on whole vectors: Swift's own SIMD types do it element by
// element and leave it to the optimizer to find the vector again, which it often does not.
#ifndef FORESIGHT_SIMD_H
#define FORESIGHT_SIMD_H

/// Tells the processor that this thread waits in a loop, so that its sibling on the same core has the core's resources.
static inline __attribute__((always_inline)) void foresight_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("isb");
#endif
}

#if defined(__linux__)
void *_Nullable mremap(void *_Nullable, __SIZE_TYPE__, __SIZE_TYPE__, int, ...);

/// The `size` bytes of addresses from mmap at `block` made `wanted`, moved where need be; null if there are none.
static inline void *_Nullable foresight_remap(void *_Nonnull block, long size, long wanted) {
  void *_Nullable moved = mremap(block, (__SIZE_TYPE__)size, (__SIZE_TYPE__)wanted, 1);  // MREMAP_MAYMOVE
  return moved == (void *)-1 ? (void *)0 : moved;
}
#endif

/// From now on this thread's floating-point unit takes denormal numbers for zero and writes zeros for them. Returns its
/// mode before, for `foresight_restore_mode`.
static inline __attribute__((always_inline)) unsigned long foresight_flush_denormals(void) {
#if defined(__x86_64__)
  unsigned int mode = __builtin_ia32_stmxcsr();
  __builtin_ia32_ldmxcsr(mode | 0x8040);  // flush to zero, denormals are zero
  return mode;
#elif defined(__aarch64__)
  unsigned long mode;
  __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
  __asm__ volatile("msr fpcr, %0" : : "r"(mode | 1ul << 24) : "memory");
  return mode;
#else
  return 0;
#endif
}

/// From now on this thread's floating-point unit computes with denormal numbers as the standard says. Returns its mode
/// before, for `foresight_restore_mode`.
static inline __attribute__((always_inline)) unsigned long foresight_keep_denormals(void) {
#if defined(__x86_64__)
  unsigned int mode = __builtin_ia32_stmxcsr();
  __builtin_ia32_ldmxcsr(mode & ~0x8040u);
  return mode;
#elif defined(__aarch64__)
  unsigned long mode;
  __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
  __asm__ volatile("msr fpcr, %0" : : "r"(mode & ~(1ul << 24)) : "memory");
  return mode;
#else
  return 0;
#endif
}

/// Sets the mode that `foresight_flush_denormals` or `foresight_keep_denormals` returned.
static inline __attribute__((always_inline)) void foresight_restore_mode(unsigned long mode) {
#if defined(__x86_64__)
  __builtin_ia32_ldmxcsr((unsigned int)mode);
#elif defined(__aarch64__)
  __asm__ volatile("msr fpcr, %0" : : "r"(mode) : "memory");
#endif
}

/// Asks for the line of memory that `address` lies in; never faults.
static inline __attribute__((always_inline)) void foresight_prefetch(const void *_Nonnull address) {
  __builtin_prefetch(address);
}

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

typedef unsigned foresight_uint8 __attribute__((ext_vector_type(8)));
typedef unsigned foresight_uint16 __attribute__((ext_vector_type(16)));

/// 1 / a within 1 ulp for positive normal numbers whose reciprocal is normal, at most half of what the division costs:
/// an estimate from the bits, off by 12 % at most, and three steps of Newton's method, which square the error each. The
/// same operations at every width, unlike the processor's own estimates, of which each maker has another.
#define FORESIGHT_RECIPROCAL(name, vector, bits)                                                        \
  static inline __attribute__((always_inline)) vector name(vector a) {                                  \
    const vector one = 1.0f;                                                                            \
    vector y = (vector)((bits)(0x7EF311C7u) - (bits)a);                                                 \
    y = __builtin_elementwise_fma(y, __builtin_elementwise_fma(-a, y, one), y);                         \
    y = __builtin_elementwise_fma(y, __builtin_elementwise_fma(-a, y, one), y);                         \
    return __builtin_elementwise_fma(y, __builtin_elementwise_fma(-a, y, one), y);                      \
  }

FORESIGHT_RECIPROCAL(foresight_reciprocal8, foresight_float8, foresight_uint8)
FORESIGHT_RECIPROCAL(foresight_reciprocal16, foresight_float16, foresight_uint16)

#ifdef __AVX512F__
/// The first `count` (0 to 16) floats at `p`, zeros after them; no others are touched.
static inline __attribute__((always_inline)) foresight_float16 foresight_load_part16(const float *_Nonnull p, long count) {
  foresight_float16 zeros = 0.0f;
  return __builtin_ia32_loadups512_mask(p, zeros, (unsigned short)((1u << count) - 1));
}

/// Writes the first `count` (0 to 16) floats of `v`.
static inline __attribute__((always_inline)) void foresight_store_part16(
    float *_Nonnull p, foresight_float16 v, long count) {
  __builtin_ia32_storeups512_mask(p, v, (unsigned short)((1u << count) - 1));
}
#endif

/// a * b + c, rounded once.
static inline __attribute__((always_inline)) foresight_double8 foresight_fma_double8(
    foresight_double8 a, foresight_double8 b, foresight_double8 c) {
  return __builtin_elementwise_fma(a, b, c);
}

#endif
