#ifndef FORESIGHT_COPENBLAS_SHIM_H
#define FORESIGHT_COPENBLAS_SHIM_H

#if !__has_include(<cblas.h>)
#error "OpenBLAS was not found. On Debian or Ubuntu: sudo apt-get install libopenblas-dev liblapacke-dev"
#elif !__has_include(<lapacke.h>)
#error "LAPACKE was not found. On Debian or Ubuntu: sudo apt-get install libopenblas-dev liblapacke-dev"
#else
#include <cblas.h>
#include <lapacke.h>
#endif

#endif
