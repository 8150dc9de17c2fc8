#ifndef FORESIGHT_PROCESSOR_CHECK_H
#define FORESIGHT_PROCESSOR_CHECK_H

/// The first instruction set that this build uses and the processor lacks; null if it has all.
const char *_Nullable foresight_missing_instructions(void);

#endif
