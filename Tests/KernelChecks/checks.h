// Checks of the kernels in C alone, for machines that Swift is not built for: see main.c.
#ifndef KERNEL_CHECKS_H
#define KERNEL_CHECKS_H

#include <stddef.h>
#include <stdint.h>

#include "CKernels.h"

// The kernels under test, in single and in double precision.
typedef struct subject {
  const ck_instruction_set *set; // the one they belong to
  const ck_kernels *tables[2];
  const ck_pack_format *pack;
} subject;

// The cases: what each of them looks at stands in main.c.
void check_activations(const subject *s);
void check_logarithm(const subject *s);
void check_softmax(const subject *s);
void check_standardize(const subject *s);
void check_pairs(const subject *s);
void check_rnn(const subject *s);
void check_lstm(const subject *s);
void check_gru(const subject *s);
void check_programs(const subject *s);
void check_updates(const subject *s);
void check_dropout(const subject *s);
void check_row_examples(const subject *s);
void check_column_sums(const subject *s);
void check_packs(const subject *s);
void check_packed_product(const subject *s);
void check_narrow(const subject *s);
void check_narrow_product(const subject *s);
void check_weight_gradient(const subject *s);

// Counts a check, and says what failed where `holds` is 0.
void expect(int holds, const char *format, ...) __attribute__((format(printf, 2, 3)));
// The failures until now, and whether they are printed.
extern size_t failures;
extern int prints_failures;

// The random numbers of a case start here.
void seed_random(uint64_t seed);
uint64_t random_bits(void);
double random_in(double low, double high);
size_t random_below(size_t limit);

// At least `bytes` that end at a page that nobody may touch, until the next forget_operands().
void *guarded_bytes(size_t bytes);

// One operand three times: what the kernels are given in single and in double precision, which
// begin with the same values, and what plain loops in double make of it.
typedef struct operand {
  size_t count;
  void *at[2]; // float and double
  double *r;
} operand;

// An operand that a kernel is not given.
extern const operand none;

// Random values, the same in all three. They end where nobody may read, behind guards.
operand draw(size_t count, double low, double high);
// Sets element i of all three.
void put(operand o, size_t i, double value);
// Puts values into some of the elements: one in sixteen.
void sprinkle(operand o, const double *values, size_t count);

// Expects that both kernels left what the loops did, relative to numbers of 1 and more, NaN where
// they have NaN, and the guards.
void agree(const char *what, operand o, double tolerance_f32, double tolerance_f64);

// Expects that nothing was written before the operand.
void guards_hold(const char *what, operand o);

// Takes back all operands.
void forget_operands(void);

// Every remainder of the widest vectors, and a few that are longer.
enum { WIDTHS = 33 };
extern const size_t widths[WIDTHS];

// As float, how far a result lies from the exact one in units of its last place.
double float_ulps(float y, double exact);

#define FOR_BOTH(p) for (int p = 0; p < 2; p++)

#endif
