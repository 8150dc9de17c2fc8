// Ends a program that was built for another processor with a sentence, before it meets an instruction that this one
// does not have.
#include "processor_check.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if defined(__x86_64__)

// Compiled for any x86-64 processor, whatever the rest is compiled for.
#define FORESIGHT_BASELINE \
  __attribute__((noinline, target("no-avx,no-bmi,no-bmi2,no-lzcnt,no-movbe,no-popcnt,no-sse4.1,no-ssse3,no-sse3")))

#define FORESIGHT_NEED(name) \
  if (!__builtin_cpu_supports(name) || is_denied(name)) return name;

/// Whether a test says that the processor lacks it.
FORESIGHT_BASELINE static int is_denied(const char *name) {
  const char *denied = getenv("FORESIGHT_WITHOUT");
  return denied && strcmp(denied, name) == 0;
}

FORESIGHT_BASELINE const char *foresight_missing_instructions(void) {
  __builtin_cpu_init();
#ifdef __AVX2__
  FORESIGHT_NEED("avx2")
#endif
#ifdef __FMA__
  FORESIGHT_NEED("fma")
#endif
#ifdef __BMI2__
  FORESIGHT_NEED("bmi2")
#endif
#ifdef __AVX512F__
  FORESIGHT_NEED("avx512f")
#endif
#ifdef __AVX512BW__
  FORESIGHT_NEED("avx512bw")
#endif
#ifdef __AVX512CD__
  FORESIGHT_NEED("avx512cd")
#endif
#ifdef __AVX512DQ__
  FORESIGHT_NEED("avx512dq")
#endif
#ifdef __AVX512VL__
  FORESIGHT_NEED("avx512vl")
#endif
#ifdef __AVX512IFMA__
  FORESIGHT_NEED("avx512ifma")
#endif
#ifdef __AVX512VBMI__
  FORESIGHT_NEED("avx512vbmi")
#endif
#ifdef __AVX512VBMI2__
  FORESIGHT_NEED("avx512vbmi2")
#endif
#ifdef __AVX512VNNI__
  FORESIGHT_NEED("avx512vnni")
#endif
#ifdef __AVX512BITALG__
  FORESIGHT_NEED("avx512bitalg")
#endif
#ifdef __AVX512VPOPCNTDQ__
  FORESIGHT_NEED("avx512vpopcntdq")
#endif
#ifdef __AVX512BF16__
  FORESIGHT_NEED("avx512bf16")
#endif
#ifdef __GFNI__
  FORESIGHT_NEED("gfni")
#endif
#ifdef __VPCLMULQDQ__
  FORESIGHT_NEED("vpclmulqdq")
#endif
  return 0;
}

FORESIGHT_BASELINE static void say(const char *text) {
  if (write(STDERR_FILENO, text, strlen(text)) < 0) return;
}

__attribute__((constructor(101))) FORESIGHT_BASELINE static void check(void) {
  const char *missing = foresight_missing_instructions();
  if (!missing) return;
  say("error: this program was built for processors with ");
  say(missing);
  say(", which this one does not have: build it here, or build it with 'make portable' where it was built\n");
  _exit(69);
}

#else

const char *foresight_missing_instructions(void) { return 0; }

#endif
