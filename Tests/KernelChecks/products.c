#include <math.h>
#include <string.h>

#include "CTestSupport.h"
#include "checks.h"

// Elements of B [K, M] in packed form.
static size_t packed_count(const subject *s, size_t K, size_t M) {
  const size_t panel = (size_t)s->pack->panel;
  return (M + panel - 1) / panel * panel * K;
}

// A pack's memory, which begins as NaN and ends at a guard page.
static float *packed_memory(const subject *s, size_t K, size_t M) {
  const size_t count = packed_count(s, K, M);
  float *const packed = guarded_bytes(count * sizeof(float));
  for (size_t i = 0; i < count; i++)
    packed[i] = NAN;
  return packed;
}

static void check_pack(const subject *s, size_t K, size_t M, size_t gap) {
  forget_operands();
  const size_t panel = (size_t)s->pack->panel;
  const size_t ldb = M + gap, ldt = K + gap;
  const operand b = draw((K - 1) * ldb + M, -1, 1), turned = draw((M - 1) * ldt + K, -1, 1);
  // The first rows are behind the others.
  const size_t split = (K + 1) / 3, split_turned = (M + 1) / 3;
  const float *const rest = b.at[0], *const rest_turned = turned.at[0];
  float *const packed = packed_memory(s, K, M), *const transposed = packed_memory(s, K, M);
  s->pack->pack(K, M, rest + (K - split) * ldb, split, rest, ldb, packed);
  s->pack->pack_transposed(K, M, rest_turned + (M - split_turned) * ldt, split_turned, rest_turned,
                           ldt, transposed);
  for (size_t p = 0; p * panel < M; p++)
    for (size_t k = 0; k < K; k++)
      for (size_t j = 0; j < panel; j++) {
        const size_t column = p * panel + j, place = (p * K + k) * panel + j;
        const size_t row = (k + K - split) % K, row_turned = (column + M - split_turned) % M;
        const float expected = column < M ? rest[row * ldb + column] : 0;
        const float other = column < M ? rest_turned[row_turned * ldt + k] : 0;
        expect(packed[place] == expected, "pack %zu × %zu, element %zu, %zu", K, M, k, column);
        expect(transposed[place] == other, "pack_transposed %zu × %zu, element %zu, %zu", K, M, k,
               column);
      }
}

void check_packs(const subject *s) {
  expect(s->pack->element_size == sizeof(float), "elements of %zu bytes", s->pack->element_size);
  for (size_t K = 1; K <= 35; K++)
    for (size_t M = 1; M <= 35; M++)
      check_pack(s, K, M, (K + M) % 3);
  check_pack(s, 5, 131, 0);
  check_pack(s, 130, 19, 1);
}

// Every sum is one chain in order, so the bits are those of the loops; nothing lies behind the last
// elements, and what lies between the rows stays.
static void check_product(const subject *s, size_t N, size_t M, size_t K, size_t gap) {
  forget_operands();
  const size_t lda = K + gap, ldc = M + 2 * gap;
  const operand a = draw(N && K ? (N - 1) * lda + K : 0, -1, 1), b = draw(K * M, -1, 1);
  const size_t count = N && M ? (N - 1) * ldc + M : 0;
  float *const packed = packed_memory(s, K, M);
  // Packed by loops, so that this looks at the product alone.
  const size_t panel = (size_t)s->pack->panel;
  for (size_t i = 0; i < packed_count(s, K, M); i++) {
    const size_t column = i / panel / (K ? K : 1) * panel + i % panel;
    packed[i] = column < M ? ((float *)b.at[0])[i / panel % K * M + column] : 0;
  }
  for (int accumulate = 0; accumulate < 2; accumulate++)
    for (int way = 0; way < 4; way++) {
      const operand c = draw(count, -1, 1);
      float *const start = guarded_bytes(count * sizeof(float));
      memcpy(start, c.at[0], count * sizeof(float));
      s->pack->packed_product(N, M, K, a.at[0], lda, packed, c.at[0], ldc, accumulate, way & 1,
                              way >> 1);
      const ct_matrix left = {a.at[0], lda, 1}, right = {b.at[0], M, 1};
      const size_t wrong = ct_product_differences(N, M, K, left, right, start, accumulate, c.at[0],
                                                  ldc, ct_is_fused(s->set));
      expect(wrong == 0, "packed_product %zu × %zu × %zu, accumulate %d, way %d: %zu wrong bits", N,
             M, K, accumulate, way, wrong);
      const double error = ct_product_error(N, M, K, left, right, start, accumulate, c.at[0], ldc);
      expect(error <= 1, "packed_product %zu × %zu × %zu: %g of what roundings allow", N, M, K,
             error);
      guards_hold("packed_product", c);
    }
}

void check_packed_product(const subject *s) {
  // Rows whose distance is one that caches dislike are cut into other tiles: 1,024 floats apart.
  for (size_t N = 5; N <= 26; N += 3)
    check_product(s, N, 37, 23, 1024 - 23);
  for (size_t N = 0; N <= 26; N++)
    for (size_t i = 0; i < WIDTHS; i += 3)
      check_product(s, N, widths[i], (N * 7 + i) % 23, N % 3);
  for (size_t K = 0; K <= 40; K++)
    check_product(s, 1 + K % 13, 37, K, 1);
  for (size_t N = 1; N <= 8; N++)
    check_product(s, N, 150, 70, 0);
  // Columns beyond whole vectors under many rows, which have tiles of their own.
  for (size_t rest = 1; rest <= 9; rest++)
    for (size_t N = 15; N <= 75; N += 4)
      check_product(s, N, rest + (N + rest) % 3 * 16, 63 + (N + rest) % 7, rest % 3);
  for (size_t N = 16; N <= 26; N += 5)
    for (size_t M = 19; M <= 24; M += 5)
      check_product(s, N, M, 66, 1024 - 66);
  // Several blocks of everything.
  check_product(s, 99, 20, 1027, 0);
  check_product(s, 67, 35, 131, 2);
  check_product(s, 14, 19, 2051, 1);
  check_product(s, 3, 0, 4, 0);
}

static void check_gradient(const subject *s, size_t M, size_t K, size_t rows, size_t gap) {
  forget_operands();
  const size_t ldg = M + gap, ldx = K + 2 * gap, lddw = K + gap;
  const operand dgates = draw(rows && M ? (rows - 1) * ldg + M : 0, -1, 1);
  const operand x = draw(rows && K ? (rows - 1) * ldx + K : 0, -1, 1);
  const operand dW = draw(M && K ? (M - 1) * lddw + K : 0, -1, 1);
  size_t size = SIZE_MAX;
  s->pack->weight_gradient_scratch(M, K, rows, &size);
  if (size == SIZE_MAX) {
    expect(0, "weight_gradient_scratch says nothing");
    return;
  }
  float *const scratch = guarded_bytes(size * sizeof(float));
  for (size_t i = 0; i < size; i++)
    scratch[i] = NAN;
  float *const start = guarded_bytes(dW.count * sizeof(float));
  memcpy(start, dW.at[0], dW.count * sizeof(float));
  // The first columns are the last rows of dW.
  const size_t split = M / 3;
  const float *const columns = dgates.at[0];
  float *const out = dW.at[0];
  s->pack->weight_gradient(M, K, rows, columns, ldg, x.at[0], ldx, out + (M - split) * lddw, split,
                           out, lddw, scratch);
  const ct_matrix right = {x.at[0], ldx, 1};
  for (int part = 0; part < 2; part++) {
    const size_t count = part ? M - split : split, row = part ? 0 : M - split;
    const ct_matrix left = {columns + (part ? split : 0), 1, ldg};
    const float *const from = start + row * lddw, *const to = out + row * lddw;
    const size_t wrong =
        ct_product_differences(count, K, rows, left, right, from, 1, to, lddw, ct_is_fused(s->set));
    expect(wrong == 0, "weight_gradient %zu × %zu of %zu rows: %zu wrong bits", M, K, rows, wrong);
    const double error = ct_product_error(count, K, rows, left, right, from, 1, to, lddw);
    expect(error <= 1, "weight_gradient %zu × %zu of %zu rows: %g of what roundings allow", M, K,
           rows, error);
  }
  guards_hold("weight_gradient", dW);
}

void check_weight_gradient(const subject *s) {
  for (size_t M = 0; M <= 29; M++)
    for (size_t i = 0; i < WIDTHS; i += 2)
      check_gradient(s, M, widths[i], (M * 5 + i) % 17, (M + i) % 3);
  for (size_t rows = 0; rows <= 20; rows++)
    check_gradient(s, 25, 37, rows, 0);
  // Several blocks of everything.
  check_gradient(s, 13, 35, 131, 1);
  check_gradient(s, 9, 17, 523, 0);
  check_gradient(s, 103, 19, 33, 1);
  check_gradient(s, 5, 1033, 6, 0);
}
