// One header that gives Swift the C interface of zlib.
#ifndef SWIFT_RECURRENT_CZLIB_SHIM_H
#define SWIFT_RECURRENT_CZLIB_SHIM_H

#include <zlib.h>

#endif
