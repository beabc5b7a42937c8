#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../TestSupport/reference.h"
#include "checks.h"

static const double alpha = 0.2, beta = 0.5;

// An activation, or its derivative at y = f(x).
static double plain_activation(ck_activation f, int is_derivative, double x) {
  static const ct_function functions[][2] = {
      [CK_ACTIVATION_TANH] = {CT_TANH, CT_TANH_BACKWARD},
      [CK_ACTIVATION_SIGMOID] = {CT_SIGMOID, CT_SIGMOID_BACKWARD},
      [CK_ACTIVATION_RELU] = {CT_RELU, CT_RELU_BACKWARD},
      [CK_ACTIVATION_LEAKY_RELU] = {CT_LEAKY_RELU, CT_LEAKY_RELU_BACKWARD},
      [CK_ACTIVATION_ELU] = {CT_ELU, CT_ELU_BACKWARD},
      [CK_ACTIVATION_SOFTPLUS] = {CT_SOFTPLUS, CT_SOFTPLUS_BACKWARD},
      [CK_ACTIVATION_SOFTSIGN] = {CT_SOFTSIGN, CT_SOFTSIGN_BACKWARD},
      [CK_ACTIVATION_HARD_SIGMOID] = {CT_HARD_SIGMOID, CT_HARD_SIGMOID_BACKWARD},
  };
  if (f == CK_ACTIVATION_IDENTITY)
    return is_derivative ? 1 : x;
  if (f == CK_ACTIVATION_EXP)
    return is_derivative ? x : exp(x);
  const ct_subject subject = {functions[f][is_derivative], (float)alpha, (float)beta};
  return ct_reference(subject, x);
}

// dst of one instruction; α and β are rounded to the table's type, so the loops round them too.
static double plain(ck_opcode opcode, double a, double b, double c) {
  const double low = (double)(float)alpha, shift = (double)(float)beta;
  if (opcode >= CK_OP_IDENTITY && opcode < CK_OP_IDENTITY + 2 * CK_ACTIVATION_COUNT) {
    const ck_activation f = (ck_activation)((opcode - CK_OP_IDENTITY) / 2);
    const int is_derivative = (opcode - CK_OP_IDENTITY) % 2;
    if (!is_derivative)
      return plain_activation(f, 0, a);
    // Flat is flat, also for a gradient that is NaN.
    const double slope = plain_activation(f, 1, b);
    const int is_flat = slope == 0 && (f == CK_ACTIVATION_RELU || f == CK_ACTIVATION_HARD_SIGMOID);
    return is_flat ? slope : a * slope;
  }
  switch (opcode) {
  case CK_OP_FILL:
  case CK_OP_ZONEOUT: // what it is on average
    return low;
  case CK_OP_COPY:
    return a;
  case CK_OP_AFFINE:
    return low * a + shift;
  case CK_OP_ADD:
    return a + b;
  case CK_OP_SUB:
    return a - b;
  case CK_OP_MUL:
    return a * b;
  case CK_OP_FMA:
    return a * b + c;
  case CK_OP_FNMA:
    return c - a * b;
  case CK_OP_MIX:
    return c + a * (b - c);
  case CK_OP_TANH_SUM:
    return tanh(a + b);
  case CK_OP_SIGMOID_SUM:
    return plain_activation(CK_ACTIVATION_SIGMOID, 0, a + b);
  case CK_OP_D_TANH_PRODUCT:
    return a * c * (1 - b * b);
  case CK_OP_D_SIGMOID_PRODUCT:
    return a * c * b * (1 - b);
  case CK_OP_THRESHOLD:
    return a <= low ? 0 : a;
  case CK_OP_CLIP:
    return a > low ? low : a < -low ? -low : a;
  case CK_OP_D_THRESHOLD:
    return b > low ? a : b * 0;
  case CK_OP_D_CLIP:
    return fabs(b) < low ? a : b * 0;
  case CK_OP_DROPOUT:
    return 1;
  default:
    return -777;
  }
}

static const ck_operand operands[] = {
    {0, CK_SPACE_GATES},   {0, CK_SPACE_HIDDEN},    {0, CK_SPACE_CELL},
    {0, CK_SPACE_SCRATCH}, {0, CK_SPACE_REGISTERS}, {0, CK_SPACE_PREVIOUS_CELL},
};

// One instruction into a register, from there into memory; rows that are over are filled.
static void check_instruction(const subject *s, ck_opcode opcode, size_t N, size_t H,
                              const int64_t *lengths) {
  forget_operands();
  const ck_instruction code[] = {
      {.opcode = (uint16_t)opcode, .dst = 4, .a = 0, .b = 1, .c = 2, .alpha = alpha, .beta = beta},
      {.opcode = CK_OP_COPY, .dst = 3, .a = 4, .b = 4, .c = 4},
      {.opcode = CK_OP_FILL, .dst = 3, .alpha = 7},
  };
  const ck_program program = {code, operands, 2, 1, 6, 1};
  const operand a = draw(N * H, -1, 1), b = draw(N * H, -1, 1), result = draw(N * H, -1, 1);
  // One row for all.
  const operand c = draw(H, -1, 1);
  const size_t first = N == 1 ? H / 3 : 0;
  const double nothing[] = {NAN, -0.0};
  if (opcode != CK_OP_FILL) {
    sprinkle(a, nothing, 2);
    sprinkle(b, nothing, 2);
  }
  for (size_t n = 0; n < N; n++)
    for (size_t j = first; j < H; j++) {
      const size_t i = n * H + j;
      result.r[i] = lengths && lengths[n] <= 3 ? 7 : plain(opcode, a.r[i], b.r[i], c.r[j]);
    }
  FOR_BOTH(p) {
    ck_bases bases = {0};
    ck_bases_set(&bases, CK_SPACE_GATES, a.at[p], (ptrdiff_t)H);
    ck_bases_set(&bases, CK_SPACE_HIDDEN, b.at[p], (ptrdiff_t)H);
    ck_bases_set(&bases, CK_SPACE_CELL, c.at[p], 0);
    ck_bases_set(&bases, CK_SPACE_SCRATCH, result.at[p], (ptrdiff_t)H);
    s->tables[p]->program(&program, &bases, N, first, H, lengths, 3);
  }
  char what[40];
  snprintf(what, sizeof what, "instruction %d", (int)opcode);
  // α and β are floats in the loops.
  agree(what, result, 3e-6, 1e-7);
}

// A space without memory reads as zeros.
static void check_missing_space(const subject *s) {
  forget_operands();
  const ck_instruction add = {.opcode = CK_OP_ADD, .dst = 1, .a = 5, .b = 1, .c = 5};
  const ck_program program = {&add, operands, 1, 0, 6, 0};
  const operand x = draw(3 * 400, -1, 1);
  FOR_BOTH(p) {
    ck_bases bases = {0};
    ck_bases_set(&bases, CK_SPACE_HIDDEN, x.at[p], 400);
    s->tables[p]->program(&program, &bases, 3, 0, 400, NULL, 0);
  }
  agree("a missing space", x, 0, 0);
}

// Random numbers are the same on every processor: what they keep of 64 elements stands here.
// Zoneout is 1 where dropout with the same probability is 0.
static void check_noise(const subject *s, int per_step, int is_zoneout, uint64_t expected) {
  forget_operands();
  const ck_noise noise = {.seed = 5, .first_sequence = 3, .first_step = 11};
  const ck_instruction code = {.opcode = is_zoneout ? CK_OP_ZONEOUT : CK_OP_DROPOUT,
                               .dst = 1,
                               .a = 1,
                               .b = 1,
                               .c = 1,
                               .stream = 2,
                               .per_step = (uint16_t)per_step,
                               .alpha = 0.25,
                               .beta = 4};
  const ck_program program = {&code, operands, 1, 0, 6, 0};
  const operand x = draw(64, -1, 1);
  FOR_BOTH(p) {
    ck_bases bases = {.noise = &noise};
    ck_bases_set(&bases, CK_SPACE_HIDDEN, x.at[p], 16);
    s->tables[p]->program(&program, &bases, 4, 0, 16, NULL, 1);
  }
  for (size_t i = 0; i < 64; i++) {
    const int kept = expected >> i & 1;
    x.r[i] = is_zoneout ? !kept : 4 * kept;
  }
  agree(is_zoneout ? "zoneout in a program" : "dropout in a program", x, 0, 0);
}

void check_programs(const subject *s) {
  static const size_t units[] = {1, 3, 4, 5, 7, 8, 15, 16, 17, 31, 33, 100, 257, 600};
  static const int64_t lengths[] = {9, 1, 9, 9, 0};
  for (int opcode = 0; opcode < CK_OP_COUNT; opcode++)
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
      check_instruction(s, (ck_opcode)opcode, 1, units[i], NULL);
      check_instruction(s, (ck_opcode)opcode, 5, units[i], NULL);
      check_instruction(s, (ck_opcode)opcode, 5, units[i], lengths);
    }
  check_missing_space(s);
  for (int is_zoneout = 0; is_zoneout < 2; is_zoneout++) {
    check_noise(s, 0, is_zoneout, UINT64_C(0x715efeffd5ffffff));
    check_noise(s, 1, is_zoneout, UINT64_C(0xe1ddff7db77dd7ba));
  }
}
