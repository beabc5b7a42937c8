// The C microkernels of the engine, chosen at run time by instruction set.
#ifndef CKERNELS_H
#define CKERNELS_H

#endif
