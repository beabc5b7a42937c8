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
    const ck_instruction_set *set = ck_instruction_set_for((ck_isa)isa);
    if (set && index-- == 0)
      return set;
  }
  return index == 0 ? ct_pairs_set() : NULL;
}
