#ifndef FORESIGHT_CMUJOCO_SHIM_H
#define FORESIGHT_CMUJOCO_SHIM_H

#if !__has_include(<mujoco/mujoco.h>)
#error "MuJoCo was not found. `make build` installs it into .venv and passes its folders; by hand: swift build --traits MuJoCo -Xcc -I<folder with mujoco/mujoco.h> -Xlinker -L<folder with libmujoco.so> -Xlinker -rpath -Xlinker <the same>. Without --traits MuJoCo the package builds without it."
#else
#include <mujoco/mujoco.h>

// How often a warning was given since the last reset: `warning` is an array inside a structure, which Swift sees as a
// tuple.
static inline int foresight_mujoco_warnings(const mjData* data, int kind) { return data->warning[kind].number; }
#endif

#endif
