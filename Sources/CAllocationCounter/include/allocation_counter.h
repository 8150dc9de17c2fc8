#ifndef FORESIGHT_ALLOCATION_COUNTER_H
#define FORESIGHT_ALLOCATION_COUNTER_H

/// Number of heap allocations (malloc, calloc, realloc, aligned variants) by all threads of this process so far.
/// Linking this target replaces the C library's allocation entry points by counting ones, but for sanitizers' builds,
/// in which nothing is counted; for tests only.
long foresight_allocation_count(void);

/// As above, by the calling thread alone.
long foresight_thread_allocation_count(void);

#endif
