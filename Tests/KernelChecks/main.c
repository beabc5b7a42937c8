// Checks every kernel of every instruction set that this machine has against plain loops in double
// precision: in C alone, so that it runs where Swift does not, such as in an emulator of another
// processor (`make test-arm`). The tests in Swift look at more lengths and shapes.
//
//   KernelChecks                 every set
//   KernelChecks --self-check    also whether each case notices that one of its kernels does
//   nothing
//
// It fails too where a kernel of the list has no case here.
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "CTestSupport.h"
#include "checks.h"

// A case and, in the words of the list of kernels, what it looks at. "*" are the activations.
static const struct {
  const char *kernels;
  void (*check)(const subject *s);
} cases[] = {
    {"*", check_activations},
    {"log log_backward", check_logarithm},
    {"softmax_rows log_softmax_rows softmax_rows_backward log_softmax_rows_backward",
     check_softmax},
    {"standardize standardize_backward", check_standardize},
    {"pair_sum pair_mean pair_product", check_pairs},
    {"rnn_tanh_forward rnn_relu_forward rnn_tanh_backward rnn_relu_backward", check_rnn},
    {"lstm_forward lstm_backward", check_lstm},
    {"gru_after_forward gru_after_backward gru_before_forward_reset "
     "gru_before_forward_candidate gru_before_backward_candidate gru_before_backward_reset",
     check_gru},
    {"program", check_programs},
    {"sum_squares sgd momentum adam", check_updates},
    {"dropout", check_dropout},
    {"row_examples", check_row_examples},
    {"column_sums placed_column_sums", check_column_sums},
    {"pack pack_transposed", check_packs},
    {"packed_product", check_packed_product},
    {"weight_gradient weight_gradient_scratch", check_weight_gradient},
    {"narrow", check_narrow},
    {"narrow_product", check_narrow_product},
};
enum { CASES = sizeof cases / sizeof cases[0] };

static int is_activation(const char *name) {
#define CK_ACTIVATION(known, NAME, value, gradient)                                                \
  if (!strcmp(name, #known) || !strcmp(name, #known "_backward"))                                  \
    return 1;
#include "activation_list.inc"
#undef CK_ACTIVATION
  return 0;
}

// The case of a kernel, or CASES.
static size_t case_of(const char *name) {
  for (size_t i = 0; i < CASES; i++) {
    if (!strcmp(cases[i].kernels, "*")) {
      if (is_activation(name))
        return i;
      continue;
    }
    const size_t length = strlen(name);
    for (const char *at = cases[i].kernels; (at = strstr(at, name)); at += length)
      if ((at == cases[i].kernels || at[-1] == ' ') && (at[length] == ' ' || !at[length]))
        return i;
  }
  return CASES;
}

// Kernels that do nothing.
static void no_value(const void *x, void *y, size_t n, double alpha, double beta) {}
static void no_gradient(const void *y, const void *dy, void *dx, size_t n, double alpha,
                        double beta) {}
#define CK_KERNEL(name, parameters, arguments)                                                     \
  static void no_##name parameters {}
#include "kernels.inc"
#undef CK_KERNEL
#define CK_PACK_KERNEL(name, parameters, arguments)                                                \
  static void no_##name parameters {}
#include "pack_kernels.inc"
#undef CK_PACK_KERNEL
#define CK_NARROW_KERNEL(name, parameters, arguments)                                              \
  static void no_##name parameters {}
#include "narrow_kernels.inc"
#undef CK_NARROW_KERNEL

// Puts one of them in the place of the kernel with this number in the list; returns its name.
static const char *plant(size_t number, ck_kernels *table, ck_pack_format *pack) {
  size_t i = 0;
#define CK_ACTIVATION(name, NAME, of_x, of_y)                                                      \
  if (i++ == number)                                                                               \
    return table->activations[CK_ACTIVATION_##NAME].value = no_value, #name;                       \
  if (i++ == number)                                                                               \
    return table->activations[CK_ACTIVATION_##NAME].gradient = no_gradient, #name "_backward";
#include "activation_list.inc"
#undef CK_ACTIVATION
#define CK_KERNEL(name, parameters, arguments)                                                     \
  if (i++ == number)                                                                               \
    return table->name = no_##name, #name;
#include "kernels.inc"
#undef CK_KERNEL
#define CK_PACK_KERNEL(name, parameters, arguments)                                                \
  if (i++ == number)                                                                               \
    return pack ? (pack->name = no_##name, #name) : NULL;
#include "pack_kernels.inc"
#undef CK_PACK_KERNEL
  static ck_narrow_format formats[CK_NARROW_COUNT];
  if (pack) {
    memcpy(formats, pack->narrow, sizeof formats);
    pack->narrow = formats;
  }
#define CK_NARROW_KERNEL(name, parameters, arguments)                                              \
  if (i++ == number) {                                                                             \
    for (int kind = 0; kind < CK_NARROW_COUNT; kind++)                                             \
      formats[kind].name = no_##name;                                                              \
    return pack ? #name : NULL;                                                                    \
  }
#include "narrow_kernels.inc"
#undef CK_NARROW_KERNEL
  return NULL;
}

static size_t passed, failed;

static void report(const char *set, const char *what, size_t before) {
  if (failures == before) {
    passed++;
    return;
  }
  failed++;
  printf("%s: %s: %zu checks failed\n", set, what, failures - before);
  fflush(stdout);
}

// What runs, for whoever touches a page that nobody may touch.
static char running[200];

static void say_where(int number) {
  (void)number;
  static const char what[] = "memory beyond an operand was touched in ";
  // What write returns changes nothing any more.
  if (write(1, what, sizeof what - 1) < 0 || write(1, running, strlen(running)) < 0)
    _exit(2);
  _exit(1);
}

static void run(const subject *s, size_t number) {
  snprintf(running, sizeof running, "%s: %s\n", s->set->name, cases[number].kernels);
  seed_random(1000 + number);
  cases[number].check(s);
  forget_operands();
}

// Whether the case of each kernel fails when the kernel does nothing, in either precision.
static void self_check(const ck_instruction_set *set) {
  for (size_t number = 0; number < ck_kernel_count(); number++)
    for (int precision = 0; precision < 2; precision++) {
      ck_kernels table = *(precision ? set->f64 : set->f32);
      ck_pack_format pack = *set->f32->pack;
      const char *const name = plant(number, &table, precision ? NULL : &pack);
      if (!name || case_of(name) == CASES)
        continue;
      subject s = {set, {set->f32, set->f64}, &pack};
      s.tables[precision] = &table;
      const size_t before = failures;
      prints_failures = 0;
      run(&s, case_of(name));
      prints_failures = 1;
      const int noticed = failures > before;
      failures = before;
      expect(noticed, "%s, %s: nothing notices that it does nothing", name,
             precision ? "f64" : "f32");
      report(set->name, name, before);
    }
}

int main(int count, char **words) {
  const int checks_itself = count == 2 && !strcmp(words[1], "--self-check");
  if (count > 1 && !checks_itself) {
    fprintf(stderr, "usage: %s [--self-check]\n", words[0]);
    return 64;
  }
  signal(SIGSEGV, say_where);
  signal(SIGBUS, say_where);
  for (size_t number = 0; ck_kernel_name(number); number++) {
    const char *const name = ck_kernel_name(number);
    ck_kernels table = *ck_instruction_set_for(CK_ISA_PORTABLE)->f32;
    ck_pack_format pack = *table.pack;
    const char *const planted = plant(number, &table, &pack);
    const size_t before = failures;
    expect(planted && !strcmp(planted, name), "kernel %zu is %s here and %s in the list", number,
           planted ? planted : "none", name);
    expect(case_of(name) < CASES, "%s has no case", name);
    report("list of kernels", name, before);
  }
  const ck_instruction_set *set;
  for (size_t i = 0; (set = ct_instruction_set(i)); i++) {
    const subject s = {set, {set->f32, set->f64}, set->f32->pack};
    printf("%s%s%s, %d lanes\n", set->name, *set->features ? " with " : "", set->features,
           set->lanes);
    fflush(stdout);
    for (size_t number = 0; number < CASES; number++) {
      const size_t before = failures;
      run(&s, number);
      report(set->name, cases[number].kernels, before);
    }
    if (checks_itself)
      self_check(set);
  }
  printf("best here: %s\n%zu passed, %zu failed\n", ck_instruction_set_best()->name, passed,
         failed);
  return failed != 0;
}
