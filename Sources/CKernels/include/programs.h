// Elementwise programs: what a cell that is given as data computes between its products.
//
// A program is a list of instructions over operands. It runs block by block, a block being some
// rows by some units that fit the first-level cache with all registers, so that an intermediate
// value never leaves it and reading an instruction is paid for once in a few hundred elements.
#ifndef CKERNELS_PROGRAMS_H
#define CKERNELS_PROGRAMS_H

#include <stddef.h>
#include <stdint.h>

#include "activations.h"

// Where an operand of a program lies: in the program's own registers, or in memory of the caller.
typedef enum ck_space {
  CK_SPACE_REGISTERS,
  CK_SPACE_PARAMETERS,
  CK_SPACE_GATES,
  CK_SPACE_PREVIOUS_HIDDEN,
  CK_SPACE_HIDDEN,
  CK_SPACE_PREVIOUS_CELL,
  CK_SPACE_CELL,
  CK_SPACE_D_OUTPUT,
  CK_SPACE_D_HIDDEN,
  CK_SPACE_D_CELL,
  CK_SPACE_SCRATCH,
  CK_SPACE_COUNT
} ck_space;

// `dst = …` for each element; what an instruction does not name in its comment it ignores.
typedef enum ck_opcode {
  CK_OP_FILL,   // α
  CK_OP_COPY,   // a
  CK_OP_AFFINE, // α·a + β
  CK_OP_ADD,    // a + b
  CK_OP_SUB,    // a − b
  CK_OP_MUL,    // a·b
  CK_OP_FMA,    // a·b + c
  CK_OP_FNMA,   // c − a·b
  CK_OP_MIX,    // c + a·(b − c)
// Of each activation f(a), and then a·f′ from its output b; with α and β where it has them.
#define CK_ACTIVATION(name, NAME, value, gradient) CK_OP_##NAME, CK_OP_D_##NAME,
#include "activation_list.inc"
#undef CK_ACTIVATION
  CK_OP_TANH_SUM,          // f(a + b)
  CK_OP_SIGMOID_SUM,       //
  CK_OP_D_TANH_PRODUCT,    // a·c·f′ from the function's output b
  CK_OP_D_SIGMOID_PRODUCT, //
  CK_OP_THRESHOLD,         // a where a > α, else 0
  CK_OP_CLIP,              // a limited to [−α, α]
  CK_OP_D_THRESHOLD,       // a·f′ from the function's input b
  CK_OP_D_CLIP,            // a·f′ from its output b
  // Random numbers, which depend on the noise, the stream, the sequence, the unit and, where
  // per_step is set, the step. Without noise, what they are on average.
  CK_OP_DROPOUT, // 0 with probability α, else β = 1 / (1 − α); without noise 1
  CK_OP_ZONEOUT, // 1 with probability α, else 0; without noise α
  CK_OP_COUNT
} ck_opcode;

// The instruction for f(a), and the one for a·f′.
static inline ck_opcode ck_opcode_of_value(ck_activation f) {
  return (ck_opcode)(CK_OP_IDENTITY + 2 * (int)f);
}
static inline ck_opcode ck_opcode_of_gradient(ck_activation f) {
  return (ck_opcode)(CK_OP_D_IDENTITY + 2 * (int)f);
}

typedef struct ck_instruction {
  uint16_t opcode;
  uint16_t dst, a, b, c; // operands
  uint16_t stream, per_step;
  double alpha, beta;
} ck_instruction;

// `offset` scalars into its space; for registers, the register's number.
typedef struct ck_operand {
  ptrdiff_t offset;
  int32_t space;
} ck_operand;

enum { CK_PROGRAM_MAX_OPERANDS = 1024, CK_PROGRAM_MAX_REGISTERS = 256 };

// `count` instructions for the rows that are active, and behind them `padding_count` for those that
// are not. An operand's number is its place in `operands`.
typedef struct ck_program {
  const ck_instruction *_Nonnull code;
  const ck_operand *_Nonnull operands;
  int32_t count, padding_count, operand_count, register_count;
} ck_program;

// What random numbers depend on besides their place. Row n is of sequence `sequences[n]`, or
// `first_sequence + n` where that is NULL; step t of a pass is step `first_step + t`.
typedef struct ck_noise {
  uint64_t seed;
  const int64_t *_Nullable sequences;
  int64_t first_sequence, first_step;
} ck_noise;

// For each space the address of unit 0 in row 0, or NULL for a space that reads as zeros, and how
// many scalars its rows are apart: 0 where all rows read the same. float or double, as the kernel.
typedef struct ck_bases {
  void *_Nullable base[CK_SPACE_COUNT];
  ptrdiff_t row[CK_SPACE_COUNT];
  const ck_noise *_Nullable noise;
} ck_bases;

// Puts a space where `first` is unit 0 of row 0 and rows are `row` scalars apart. What a program
// only reads may be constant memory.
static inline void ck_bases_set(ck_bases *_Nonnull bases, ck_space space,
                                const void *_Nullable first, ptrdiff_t row) {
  bases->base[space] = (void *)first;
  bases->row[space] = row;
}

#endif
