// What a step's product takes with weights in each format, beside what it takes at least: reading
// the weights from where they lie, and multiplying. For x86-64 with AVX-512 and VNNI.
//
//   clang -O3 -std=gnu17 -falign-functions=64 -falign-loops=64 -ISources/CKernels/include \
//     Sources/CKernels/*.c Benchmarks/roofline.c -lm -lpthread -o roofline && ./roofline
//
// K units with 4K gate columns, as an LSTM's U. Weights are read from both ends in turn, as the
// engine does. "read" is a loop that only loads as many bytes, "multiply" one on registers, "core"
// the kernel on a matrix that the first-level cache holds, for so many multiplications. Times in
// microseconds, the least of many; the share is that of the larger of read and multiply.
#include "CKernels.h"

#include <immintrin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#pragma clang attribute push(__attribute__((target("avx512f,avx512vnni"))), apply_to = function)

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

static volatile float sink;

// Loads `bytes` from either end, four streams at a time as the kernels of one row do.
static void read_all(const char *p, size_t bytes, int reverse) {
  enum { STREAM = 1 << 15 };
  __m512i x[4] = {_mm512_setzero_si512()};
  const size_t blocks = bytes / (4 * STREAM);
  for (size_t i = 0; i < blocks; i++) {
    const char *const at = p + (reverse ? blocks - 1 - i : i) * 4 * STREAM;
    for (size_t j = 0; j < STREAM; j += 128)
#pragma clang loop unroll(full)
      for (int s = 0; s < 4; s++) {
        x[s] = _mm512_or_si512(x[s], _mm512_loadu_si512(at + s * STREAM + j));
        x[s] = _mm512_or_si512(x[s], _mm512_loadu_si512(at + s * STREAM + j + 64));
      }
  }
  sink = (float)_mm512_reduce_or_epi32(
      _mm512_or_si512(_mm512_or_si512(x[0], x[1]), _mm512_or_si512(x[2], x[3])));
}

#define IN_REGISTERS(name, instruction)                                                            \
  static void name(size_t rounds) {                                                                \
    __m512i x[16];                                                                                 \
    for (int i = 0; i < 16; i++)                                                                   \
      x[i] = _mm512_setzero_si512();                                                               \
    const __m512i a = _mm512_set1_epi32(0);                                                        \
    for (size_t n = 0; n < rounds; n++) {                                                          \
      _Pragma("clang loop unroll(full)") for (int i = 0; i < 16; i++) __asm__ volatile(            \
          instruction " %1, %1, %0" : "+v"(x[i]) : "v"(a));                                        \
    }                                                                                              \
    for (int i = 0; i < 16; i++)                                                                   \
      sink = (float)_mm512_reduce_or_epi32(x[i]);                                                  \
  }
IN_REGISTERS(multiply_floats, "vfmadd231ps")
IN_REGISTERS(multiply_bytes, "vpdpbusd")

#pragma clang attribute pop

static const ck_pack_format *pack;
static float *numbers, *results;

typedef struct {
  size_t N, K, M, bytes;
  int kind; // a ck_narrow, or -1 for floats
  const char *weights;
} product;

static void call(const product *p, int reverse, int fetch) {
  if (p->kind < 0)
    pack->packed_product(p->N, p->M, p->K, numbers, p->K, p->weights, results, p->M, 1, reverse,
                         fetch);
  else
    pack->narrow[p->kind].narrow_product(p->N, p->M, p->K, numbers, p->K, p->weights, results, p->M,
                                         1, reverse, fetch);
}

// The least time of one of many pairs of calls, in microseconds.
#define LEAST(statement)                                                                           \
  ({                                                                                               \
    double least = 1e9, start = now();                                                             \
    for (int rounds = 0; rounds < 10 || now() - start < SECONDS; rounds++) {                       \
      const double before = now();                                                                 \
      for (int reverse = 0; reverse < 2; reverse++) {                                              \
        statement;                                                                                 \
      }                                                                                            \
      const double time = (now() - before) / 2;                                                    \
      least = time < least ? time : least;                                                         \
    }                                                                                              \
    least * 1e6;                                                                                   \
  })
#define SECONDS 0.15

static product made(size_t N, size_t K, size_t M, int kind) {
  static float *floats;
  static char *narrow;
  free(floats), free(narrow);
  floats = aligned_alloc(64, K * M * sizeof(float));
  for (size_t i = 0; i < K * M; i++)
    floats[i] = (float)((double)rand() / RAND_MAX - 0.5);
  const size_t rows = kind < 0 ? 0 : pack->narrow[kind].scale_rows;
  const size_t bytes = (K + rows) * M * (kind < 0 ? 4 : pack->narrow[kind].element_size);
  narrow = aligned_alloc(64, (bytes + 63) / 64 * 64);
  if (kind < 0)
    memcpy(narrow, floats, bytes);
  else
    pack->narrow[kind].narrow(K, M, floats, narrow);
  return (product){N, K, M, bytes, kind, narrow};
}

int main(void) {
  pack = ck_instruction_set_best()->f32->pack;
  numbers = aligned_alloc(64, 64 * 4096 * sizeof(float));
  results = calloc(64 * 16384, sizeof(float));
  for (size_t i = 0; i < 64 * 4096; i++)
    numbers[i] = (float)((double)rand() / RAND_MAX - 0.5);
  const double floats = 16 * 16 / LEAST(multiply_floats(10000)) * 10000,
               bytes = 16 * 64 / LEAST(multiply_bytes(10000)) * 10000;
  printf("%s, %s: %.1f G multiply-adds/s of floats, %.1f of bytes\n",
         ck_instruction_set_best()->name, ck_instruction_set_best()->features, floats * 1e-3,
         bytes * 1e-3);
  static const char *const names[] = {"float32", "float16", "bfloat16", "int8", "int8-dynamic"};
  for (size_t K = 256; K <= 2048; K *= 2)
    for (size_t N = 1; N <= 4; N *= 2) {
      double first = 0;
      for (int kind = -1; kind < CK_NARROW_COUNT; kind++) {
        // As many columns as make 16 KB.
        const size_t small_K = 64, width = kind < 0 ? 64 : kind < 2 ? 128 : 192;
        const product small = made(N, small_K, width, kind);
        const double core = LEAST(for (int i = 0; i < 50; i++) call(&small, 0, 0)) / 50 *
                            (double)(K * 4 * K) / (double)(small_K * width);
        const product p = made(N, K, 4 * K, kind);
        const double read = LEAST(read_all(p.weights, p.bytes, reverse)),
                     multiply = (double)(N * K * 4 * K) / (kind == 3 ? bytes : floats),
                     time = LEAST(call(&p, reverse, p.bytes >= 1 << 22));
        const double bound = read > multiply ? read : multiply;
        if (kind < 0)
          first = time;
        printf("%2zu MB, N %zu, %-12s read %8.1f (%5.1f GB/s), multiply %7.1f, core %7.1f, time "
               "%8.1f, "
               "%3.0f %% of %s, %4.2f of float32's speed, at most %4.2f\n",
               K * K * 16 >> 20, N, names[kind + 1], read, (double)p.bytes / read * 1e-3, multiply,
               core, time, 100 * bound / time, read > multiply ? "reading    " : "multiplying",
               first / time, first / bound);
        fflush(stdout);
      }
    }
  return 0;
}
