// The part of the vector vocabulary that clang's vector extensions express for every width.
//
// simd_<isa>.h defines VF_LANES and how its registers and instructions want a product,
//
//   VF_TILE_ROWS            rows of the tallest tile, 6, 8 or 12, by two vectors of columns
//   VF_UNROLLED             rounds of the inner loop over such a tile that are written out
//   VF_MULTIPLIES_BY_LANE   whether a multiply–add takes one lane of a register as its factor
//
// includes this file and adds what needs instructions of its own: vf_fma, vf_fnma,
// vf_fma_single_rounding, vf_max, vf_min, vf_load_n, vf_store_n, vf_load_f16, vi_dot; with 16
// lanes vf_complete.
//
// Wherever there is an instruction for it vf_load_f16 is one, and else vf_load_f16_by_integers;
// vi_dot likewise, and vi_dot_by_multiplications.
//
//   VF  VF_LANES floats        VI  as many int32_t        VD  half as many doubles
//
// Comparisons (a < b, a == b, ...) give a VI whose lanes are -1 where they hold and 0 elsewhere.
#include <float.h>
#include <stddef.h>
#include <stdint.h>

// Only vf_fma fuses: what a kernel computes is decided by its source, not by the compiler.
#pragma STDC FP_CONTRACT OFF

#define VF_INLINE static inline __attribute__((always_inline, unused))

typedef float VF __attribute__((vector_size(VF_LANES * 4)));
typedef int32_t VI __attribute__((vector_size(VF_LANES * 4)));
typedef double VD __attribute__((vector_size(VF_LANES * 4)));
typedef float VF_HALF __attribute__((vector_size(VF_LANES * 2)));

// ThreadSanitizer sees no access of more than 16 bytes by itself.
#if __has_feature(thread_sanitizer)
void __tsan_read_range(const void *p, size_t size);
void __tsan_write_range(void *p, size_t size);
#define VF_READS_BYTES(p, n) __tsan_read_range((void *)(p), n)
#define VF_WRITES(p, n) __tsan_write_range(p, (n) * sizeof(float))
#else
#define VF_READS_BYTES(p, n) ((void)0)
#define VF_WRITES(p, n) ((void)0)
#endif

#define VF_READS(p, n) VF_READS_BYTES(p, (n) * sizeof(float))

// Neither needs p to be aligned.
VF_INLINE VF vf_load(const float *p) {
  VF_READS(p, VF_LANES);
  VF v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}

VF_INLINE void vf_store(float *p, VF v) {
  VF_WRITES(p, VF_LANES);
  __builtin_memcpy(p, &v, sizeof v);
}

// x - 0 is x for every x, also for -0, where 0 + x is not.
VF_INLINE VF vf_set1(float x) { return x - (VF){0}; }
VF_INLINE VI vi_set1(int32_t x) { return x - (VI){0}; }

// The same bits as the other type.
VF_INLINE VI vf_bits(VF x) { return (VI)x; }
VF_INLINE VF vf_from_bits(VI x) { return (VF)x; }

// The same numbers as the other type.
VF_INLINE VF vf_from_int(VI x) { return __builtin_convertvector(x, VF); }

VF_INLINE VD vf_low_to_double(VF x) {
  VF_HALF half;
  __builtin_memcpy(&half, &x, sizeof half);
  return __builtin_convertvector(half, VD);
}

VF_INLINE VD vf_high_to_double(VF x) {
  VF_HALF half;
  __builtin_memcpy(&half, (const char *)&x + sizeof half, sizeof half);
  return __builtin_convertvector(half, VD);
}

VF_INLINE VF vf_from_doubles(VD low, VD high) {
  VF_HALF halves[2] = {__builtin_convertvector(low, VF_HALF),
                       __builtin_convertvector(high, VF_HALF)};
  VF x;
  __builtin_memcpy(&x, halves, sizeof x);
  return x;
}

// VF_LANES numbers of fewer bits as the same floats; p need not be aligned.
typedef uint16_t VU_HALF __attribute__((vector_size(VF_LANES * 2)));
typedef uint32_t VU __attribute__((vector_size(VF_LANES * 4)));
typedef int8_t VI_QUARTER __attribute__((vector_size(VF_LANES)));

VF_INLINE VU vu_load_half(const void *p) {
  VF_READS_BYTES(p, VF_LANES * 2);
  VU_HALF v;
  __builtin_memcpy(&v, p, sizeof v);
  return __builtin_convertvector(v, VU);
}

// bfloat16: the upper half of a float.
VF_INLINE VF vf_load_bf16(const void *p) { return (VF)(vu_load_half(p) << 16); }

VF_INLINE VF vf_load_i8(const void *p) {
  VF_READS_BYTES(p, VF_LANES);
  VI_QUARTER v;
  __builtin_memcpy(&v, p, sizeof v);
  return vf_from_int(__builtin_convertvector(v, VI));
}

// IEEE 754's half precision. Its subnormal numbers are m·2⁻²⁴: they are read as 2⁻¹⁴·(1 + m/2¹⁰),
// of which 2⁻¹⁴ is taken away, so that nothing is a subnormal float on the way.
VF_INLINE VF vf_load_f16_by_integers(const void *p) {
  const VU half = vu_load_half(p), exponent = half & 0x7c00;
  const VU widened = ((half & 0x7fff) << 13) + (112u << 23);
  const VU infinite = widened + (112u << 23);
  const VU subnormal = (VU)((VF)(widened + (1u << 23)) - (VF)(VU)vi_set1(113 << 23));
  const VU is_infinite = (VU)(exponent == 0x7c00), is_subnormal = (VU)(exponent == 0);
  const VU magnitude = (is_infinite & infinite) | (is_subnormal & subnormal) |
                       (~(is_infinite | is_subnormal) & widened);
  return (VF)(magnitude | (half & 0x8000) << 16);
}

VF_INLINE VU vu_load(const void *p) {
  VF_READS_BYTES(p, VF_LANES * 4);
  VU v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}

// In each lane, sum plus the products of four unsigned bytes with four signed ones, exact but for
// what does not fit a lane.
VF_INLINE VI vi_dot_by_multiplications(VI sum, VU bytes, VI factors) {
  sum += (VI)(bytes & 0xff) * (VI)((VI)((VU)factors << 24) >> 24);
  sum += (VI)(bytes >> 8 & 0xff) * (VI)((VI)((VU)factors << 16) >> 24);
  sum += (VI)(bytes >> 16 & 0xff) * (VI)((VI)((VU)factors << 8) >> 24);
  return sum + (VI)(bytes >> 24) * (factors >> 24);
}

// mask ? a : b, lane by lane, for masks that comparisons make.
VF_INLINE VF vf_select(VI mask, VF a, VF b) { return (VF)((mask & (VI)a) | (~mask & (VI)b)); }

VF_INLINE VF vf_abs(VF x) { return (VF)((VI)x & vi_set1(INT32_MAX)); }

// x without its magnitude: the sign bit or no bit.
VF_INLINE VI vf_sign_bit(VF x) { return (VI)x & vi_set1(INT32_MIN); }

// -1 in the first n lanes and 0 in the others.
VF_INLINE VI vf_first_lanes(size_t n) {
  VI lane;
  for (int i = 0; i < VF_LANES; i++)
    lane[i] = i;
  return lane < vi_set1((int32_t)n);
}

VF_INLINE float vf_reduce_max(VF x) {
  float max = x[0];
  for (int i = 1; i < VF_LANES; i++)
    max = max > x[i] ? max : x[i];
  return max;
}

VF_INLINE double vf_sum(VF x) {
  double sum = x[0];
  for (int i = 1; i < VF_LANES; i++)
    sum += x[i];
  return sum;
}

// The sum of the lanes, rounded at each addition: quarters first, which are registers of their own.
VF_INLINE float vf_add_lanes(VF x) {
  typedef float QUARTER __attribute__((vector_size(16)));
  QUARTER parts[VF_LANES / 4];
  __builtin_memcpy(parts, &x, sizeof x);
  for (int step = VF_LANES / 8; step > 0; step /= 2)
    for (int i = 0; i < step; i++)
      parts[i] = parts[i] + parts[i + step];
  const QUARTER pairs = parts[0] + __builtin_shufflevector(parts[0], parts[0], 2, 3, 0, 1);
  return pairs[0] + pairs[1];
}

// An accumulator that is wider than what it adds up: doubles, to which products of floats are
// exact.
typedef struct {
  VD low, high;
} ACC;

VF_INLINE ACC acc_zero(void) { return (ACC){{0}, {0}}; }

VF_INLINE ACC acc_add(ACC sum, VF x) {
  return (ACC){sum.low + vf_low_to_double(x), sum.high + vf_high_to_double(x)};
}

VF_INLINE ACC acc_add_product(ACC sum, VF a, VF b) {
  return (ACC){sum.low + vf_low_to_double(a) * vf_low_to_double(b),
               sum.high + vf_high_to_double(a) * vf_high_to_double(b)};
}

VF_INLINE VF acc_rounded(ACC sum) { return vf_from_doubles(sum.low, sum.high); }

VF_INLINE double acc_total(ACC sum) {
  VD both = sum.low + sum.high;
  double total = both[0];
  for (int i = 1; i < VF_LANES / 2; i++)
    total += both[i];
  return total;
}

// The lanes of a and b in turn, a first: of their lower halves and of their upper halves.
#if VF_LANES == 4
VF_INLINE VF vf_zip_low(VF a, VF b) { return __builtin_shufflevector(a, b, 0, 4, 1, 5); }
VF_INLINE VF vf_zip_high(VF a, VF b) { return __builtin_shufflevector(a, b, 2, 6, 3, 7); }
#elif VF_LANES == 8
VF_INLINE VF vf_zip_low(VF a, VF b) {
  return __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}
VF_INLINE VF vf_zip_high(VF a, VF b) {
  return __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}
#else
VF_INLINE VF vf_zip_low(VF a, VF b) {
  return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}
VF_INLINE VF vf_zip_high(VF a, VF b) {
  return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15,
                                 31);
}
#endif

#if VF_LANES == 16
// Four floats, of which a vector holds several.
typedef float VQ __attribute__((vector_size(16)));

VF_INLINE VQ vq_load(const float *p) {
  VF_READS(p, 4);
  VQ v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}

// VF_LANES / 4 fours one after the other, and one of them.
VF_INLINE VF vf_of_quads(const VQ quads[VF_LANES / 4]) {
  VF v;
  __builtin_memcpy(&v, quads, sizeof v);
  return v;
}

VF_INLINE VQ vf_quad(VF x, int i) {
  VQ quads[VF_LANES / 4];
  __builtin_memcpy(quads, &x, sizeof x);
  return quads[i];
}

// The same four everywhere.
VF_INLINE VF vf_repeat(VQ x) {
  return __builtin_shufflevector(x, x, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3);
}

// Element j of each four in all of its lanes.
#define VF_SPREAD(x, j)                                                                            \
  __builtin_shufflevector(x, x, j, j, j, j, 4 + j, 4 + j, 4 + j, 4 + j, 8 + j, 8 + j, 8 + j,       \
                          8 + j, 12 + j, 12 + j, 12 + j, 12 + j)
VF_INLINE VF vf_spread(VF x, int j) {
  switch (j) {
  case 0:
    return VF_SPREAD(x, 0);
  case 1:
    return VF_SPREAD(x, 1);
  case 2:
    return VF_SPREAD(x, 2);
  default:
    return VF_SPREAD(x, 3);
  }
}
#endif
