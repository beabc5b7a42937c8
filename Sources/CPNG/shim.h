// One header that gives Swift the C interface of libpng.
#ifndef SWIFT_RECURRENT_CPNG_SHIM_H
#define SWIFT_RECURRENT_CPNG_SHIM_H

#include <png.h>

#endif
