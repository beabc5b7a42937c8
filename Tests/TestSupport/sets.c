#include "CTestSupport.h"

#if defined(__x86_64__)
extern const ck_instruction_set ct_set_pairs;
#endif

const ck_instruction_set *ct_pairs_set(void) {
#if defined(__x86_64__)
  return ck_instruction_set_for(CK_ISA_AVX2) ? &ct_set_pairs : NULL;
#else
  return NULL;
#endif
}

const ck_instruction_set *ct_instruction_set(size_t index) {
  for (int isa = 0; isa < CK_ISA_COUNT; isa++) {
    const ck_instruction_set *const set = ck_instruction_set_for((ck_isa)isa);
    const ck_instruction_set *const without_features = ck_instruction_set_built((ck_isa)isa);
    if (set && index-- == 0)
      return set;
    if (set && set != without_features && index-- == 0)
      return without_features;
  }
  return index == 0 ? ct_pairs_set() : NULL;
}
