// The activations by number.
#ifndef CKERNELS_ACTIVATIONS_H
#define CKERNELS_ACTIVATIONS_H

typedef enum ck_activation {
#define CK_ACTIVATION(name, NAME, value, gradient) CK_ACTIVATION_##NAME,
#include "activation_list.inc"
#undef CK_ACTIVATION
  CK_ACTIVATION_COUNT
} ck_activation;

#endif
