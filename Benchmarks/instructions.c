// Calls every pointwise kernel of the AVX2 table once, on the operands of Bench's rows, each in a
// function of its own, and prints how many elements each has: what count-instructions.sh counts.
#include "CKernels.h"

#include <stdio.h>
#include <stdlib.h>

enum {
  SPAN = 16000, // elements of a span
  N = 16,       // rows of a cell's step
  H = 128,      // its units
  STEP = N * H,
  ROWS = 16, // rows and columns of softmax and normalization
  COLUMNS = 125,
  TABLE = ROWS * COLUMNS,
  SUM_ROWS = 96, // rows and columns of sums
  SUM_COLUMNS = 512,
};

static const ck_kernels *k;
static float *x;
// Operands of a step behind its gates: biases, then blocks of [N, H].
static float *b, *p, *q, *r, *s, *t;
static double total;

#define UNITS N, H, 0, H
#define NEVER NULL, 0

#define ACTIVATION(COUNT, NAME, alpha, beta)                                                       \
  COUNT(NAME, SPAN, k->activations[CK_ACTIVATION_##NAME].value(x, x + SPAN, SPAN, alpha, beta))    \
  COUNT(                                                                                           \
      NAME##_backward, SPAN,                                                                       \
      k->activations[CK_ACTIVATION_##NAME].gradient(x, x + SPAN, x + 2 * SPAN, SPAN, alpha, beta))

// COUNT(name, elements, call)
#define KERNELS(COUNT)                                                                             \
  ACTIVATION(COUNT, IDENTITY, 0, 0)                                                                \
  ACTIVATION(COUNT, TANH, 0, 0)                                                                    \
  ACTIVATION(COUNT, SIGMOID, 0, 0)                                                                 \
  ACTIVATION(COUNT, RELU, 0, 0)                                                                    \
  ACTIVATION(COUNT, LEAKY_RELU, 0.1, 0)                                                            \
  ACTIVATION(COUNT, ELU, 1, 0)                                                                     \
  ACTIVATION(COUNT, SOFTPLUS, 0, 0)                                                                \
  ACTIVATION(COUNT, SOFTSIGN, 0, 0)                                                                \
  ACTIVATION(COUNT, HARD_SIGMOID, 0.2, 0.5)                                                        \
  ACTIVATION(COUNT, EXP, 0, 0)                                                                     \
  COUNT(log, SPAN, k->log(x, x + SPAN, SPAN))                                                      \
  COUNT(log_backward, SPAN, k->log_backward(x, x + SPAN, x + 2 * SPAN, SPAN))                      \
  COUNT(softmax_rows, TABLE, k->softmax_rows(x, x + TABLE, ROWS, COLUMNS))                         \
  COUNT(log_softmax_rows, TABLE, k->log_softmax_rows(x, x + TABLE, ROWS, COLUMNS))                 \
  COUNT(softmax_rows_backward, TABLE,                                                              \
        k->softmax_rows_backward(x, x + TABLE, x + 2 * TABLE, ROWS, COLUMNS))                      \
  COUNT(log_softmax_rows_backward, TABLE,                                                          \
        k->log_softmax_rows_backward(x, x + TABLE, x + 2 * TABLE, ROWS, COLUMNS))                  \
  COUNT(standardize, TABLE,                                                                        \
        k->standardize(ROWS, COLUMNS, 0, COLUMNS, x, COLUMNS, x + TABLE, COLUMNS, 1e-5))           \
  COUNT(standardize_backward, TABLE,                                                               \
        k->standardize_backward(ROWS, COLUMNS, 0, COLUMNS, x, x + TABLE, COLUMNS, x + 2 * TABLE,   \
                                COLUMNS, 1e-5, 0))                                                 \
  COUNT(pair_sum, SPAN, k->pair_sum(x, x + SPAN, x + 2 * SPAN, SPAN))                              \
  COUNT(pair_mean, SPAN, k->pair_mean(x, x + SPAN, x + 2 * SPAN, SPAN))                            \
  COUNT(pair_product, SPAN, k->pair_product(x, x + SPAN, x + 2 * SPAN, SPAN))                      \
  COUNT(sum_squares, SPAN, k->sum_squares(SPAN, x, &total))                                        \
  COUNT(sgd, SPAN, k->sgd(SPAN, x, x + SPAN, 1e-9, 1e-4))                                          \
  COUNT(momentum, SPAN, k->momentum(SPAN, x, x + SPAN, x + 2 * SPAN, 1e-9, 0.9, 1e-4, 0))          \
  COUNT(                                                                                           \
      adam, SPAN,                                                                                  \
      k->adam(SPAN, x, x + SPAN, x + 2 * SPAN, x + 3 * SPAN, 0.9, 0.999, 1e-9, 1, 1e-8, 1, 1e-4))  \
  COUNT(dropout, SPAN, k->dropout(SPAN, x, x + SPAN, 1, 49152, 4.0 / 3))                           \
  COUNT(column_sums, SUM_ROWS *SUM_COLUMNS,                                                        \
        k->column_sums(SUM_ROWS, SUM_COLUMNS, x, SUM_COLUMNS, x + SUM_ROWS * SUM_COLUMNS))         \
  COUNT(placed_column_sums, SUM_ROWS *SUM_COLUMNS,                                                 \
        k->placed_column_sums(SUM_ROWS, SUM_COLUMNS, x, SUM_COLUMNS, NULL, 0, SUM_ROWS,            \
                              x + SUM_ROWS * SUM_COLUMNS))                                         \
  COUNT(lstm_forward, STEP, k->lstm_forward(UNITS, x, b, p, q, r, NEVER))                          \
  COUNT(lstm_backward, STEP, k->lstm_backward(UNITS, x, p, q, r, s, t, NEVER))                     \
  COUNT(gru_after_forward, STEP, k->gru_after_forward(UNITS, x, b, p, q, NEVER))                   \
  COUNT(gru_after_backward, STEP, k->gru_after_backward(UNITS, x, p, q, r, NEVER))                 \
  COUNT(gru_before_forward_reset, STEP, k->gru_before_forward_reset(UNITS, x, b, p, NEVER))        \
  COUNT(gru_before_forward_candidate, STEP,                                                        \
        k->gru_before_forward_candidate(UNITS, x, b, p, q, NEVER))                                 \
  COUNT(gru_before_backward_candidate, STEP,                                                       \
        k->gru_before_backward_candidate(UNITS, x, p, q, r, NEVER))                                \
  COUNT(gru_before_backward_reset, STEP, k->gru_before_backward_reset(UNITS, x, p, q, r, NEVER))   \
  COUNT(rnn_tanh_forward, STEP, k->rnn_tanh_forward(UNITS, x, b, p, NEVER))                        \
  COUNT(rnn_relu_forward, STEP, k->rnn_relu_forward(UNITS, x, b, p, NEVER))                        \
  COUNT(rnn_tanh_backward, STEP, k->rnn_tanh_backward(UNITS, x, p, q, r, NEVER))                   \
  COUNT(rnn_relu_backward, STEP, k->rnn_relu_backward(UNITS, x, p, q, r, NEVER))                   \
  COUNT(program, STEP, k->program(&program, &bases, N, 0, H, NEVER))

// An LSTM with peepholes and a clipped cell, forward.
static ck_instruction code[] = {
    {.opcode = CK_OP_FMA, .dst = 0, .a = 4, .b = 7, .c = 0},
    {.opcode = CK_OP_SIGMOID, .dst = 0, .a = 0},
    {.opcode = CK_OP_FMA, .dst = 1, .a = 5, .b = 7, .c = 1},
    {.opcode = CK_OP_SIGMOID, .dst = 1, .a = 1},
    {.opcode = CK_OP_TANH, .dst = 2, .a = 2},
    {.opcode = CK_OP_MUL, .dst = 9, .a = 0, .b = 2},
    {.opcode = CK_OP_FMA, .dst = 7, .a = 1, .b = 7, .c = 9},
    {.opcode = CK_OP_CLIP, .dst = 7, .a = 7, .alpha = 3},
    {.opcode = CK_OP_FMA, .dst = 3, .a = 6, .b = 7, .c = 3},
    {.opcode = CK_OP_SIGMOID, .dst = 3, .a = 3},
    {.opcode = CK_OP_TANH, .dst = 10, .a = 7},
    {.opcode = CK_OP_MUL, .dst = 8, .a = 3, .b = 10},
};
static ck_operand operands[] = {
    {0, CK_SPACE_GATES},          {H, CK_SPACE_GATES},      {2 * H, CK_SPACE_GATES},
    {3 * H, CK_SPACE_GATES},      {0, CK_SPACE_PARAMETERS}, {H, CK_SPACE_PARAMETERS},
    {2 * H, CK_SPACE_PARAMETERS}, {0, CK_SPACE_CELL},       {0, CK_SPACE_HIDDEN},
    {0, CK_SPACE_REGISTERS},      {1, CK_SPACE_REGISTERS},
};
static const ck_program program = {.code = code,
                                   .operands = operands,
                                   .count = sizeof code / sizeof *code,
                                   .operand_count = sizeof operands / sizeof *operands,
                                   .register_count = 2};
static ck_bases bases;

#define DEFINE(name, elements, call)                                                               \
  static __attribute__((noinline)) void count_##name(void) {                                       \
    call;                                                                                          \
    __asm__ volatile("");                                                                          \
  }
KERNELS(DEFINE)

#define RUN(name, elements, call)                                                                  \
  count_##name();                                                                                  \
  printf("%s %d\n", #name, (int)(elements));

int main(void) {
  const ck_instruction_set *set = ck_instruction_set_for(CK_ISA_AVX2);
  if (!set)
    return 1;
  k = set->f32;
  const size_t count = 5 * SPAN + 16 * STEP;
  x = aligned_alloc(4096, (count * sizeof(float) + 4095) / 4096 * 4096);
  if (!x)
    return 1;
  for (size_t i = 0; i < count; i++)
    x[i] = (float)rand() / (float)RAND_MAX;
  b = x + 4 * STEP, p = b + 4 * H, q = p + STEP, r = q + STEP, s = r + STEP, t = s + STEP;
  ck_bases_set(&bases, CK_SPACE_GATES, x, 4 * H);
  ck_bases_set(&bases, CK_SPACE_PARAMETERS, b, 0);
  ck_bases_set(&bases, CK_SPACE_CELL, p, H);
  ck_bases_set(&bases, CK_SPACE_HIDDEN, q, H);
  KERNELS(RUN)
}
