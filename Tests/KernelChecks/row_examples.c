#include <math.h>

#include "checks.h"

enum { INPUT_ROWS = 9, OUTPUT_ROWS = 7, EXAMPLES = 36, MOST_OUTPUTS = 37 };

// Examples of one input row and of several, with rows that occur twice, and with no output.
static int32_t input_starts[EXAMPLES + 1], inputs[EXAMPLES * 5];
static int32_t output_starts[EXAMPLES + 1], outputs[EXAMPLES * MOST_OUTPUTS];

static void draw_examples(void) {
  static const int input_counts[] = {1, 1, 2, 5};
  static const int output_counts[] = {6, 1, 2, 3, 4, 5, 11, 0, MOST_OUTPUTS};
  for (int e = 0; e < EXAMPLES; e++) {
    input_starts[e + 1] = input_starts[e] + input_counts[e % 4];
    output_starts[e + 1] = output_starts[e] + output_counts[e / 4];
    for (int32_t i = input_starts[e]; i < input_starts[e + 1]; i++)
      inputs[i] = (int32_t)random_below(INPUT_ROWS);
    for (int32_t o = output_starts[e]; o < output_starts[e + 1]; o++) {
      const int32_t row = (int32_t)random_below(OUTPUT_ROWS);
      outputs[o] = random_below(2) ? ~row : row;
    }
  }
}

// One example in plain loops.
static void learn(int e, size_t D, double *in, double *out, double *scores, double rate) {
  double h[200] = {0}, error[200] = {0}, steps[MOST_OUTPUTS];
  const int32_t rows = input_starts[e + 1] - input_starts[e];
  for (int32_t i = input_starts[e]; i < input_starts[e + 1]; i++)
    for (size_t j = 0; j < D; j++)
      h[j] += in[(size_t)inputs[i] * D + j] / rows;
  for (int32_t o = output_starts[e]; o < output_starts[e + 1]; o++) {
    const int right = outputs[o] >= 0;
    const double *const row = out + (size_t)(right ? outputs[o] : ~outputs[o]) * D;
    double sum = 0;
    for (size_t j = 0; j < D; j++)
      sum += h[j] * row[j];
    scores[o] = right ? -sum : sum;
    steps[o - output_starts[e]] = (right ? 1 : -1) * rate / (1 + exp(-scores[o]));
    for (size_t j = 0; j < D; j++)
      error[j] += steps[o - output_starts[e]] * row[j];
  }
  for (int32_t o = output_starts[e]; o < output_starts[e + 1]; o++) {
    const size_t row = (size_t)(outputs[o] >= 0 ? outputs[o] : ~outputs[o]);
    for (size_t j = 0; j < D; j++)
      out[row * D + j] += steps[o - output_starts[e]] * h[j];
  }
  for (int32_t i = input_starts[e]; i < input_starts[e + 1]; i++)
    for (size_t j = 0; j < D; j++)
      in[(size_t)inputs[i] * D + j] += error[j];
}

void check_row_examples(const subject *s) {
  draw_examples();
  for (size_t i = 0; i < WIDTHS; i++) {
    forget_operands();
    const size_t D = widths[i];
    const operand in = draw(INPUT_ROWS * D, -0.6, 0.6), out = draw(OUTPUT_ROWS * D, -0.6, 0.6);
    const operand scores = draw((size_t)output_starts[EXAMPLES], -1, 1);
    const operand hidden = draw(D, -1, 1), steps = draw(MOST_OUTPUTS, -1, 1);
    for (int e = 0; e < EXAMPLES; e++)
      learn(e, D, in.r, out.r, scores.r, 0.05);
    FOR_BOTH(p) {
      size_t places[MOST_OUTPUTS];
      s->tables[p]->row_examples(EXAMPLES, D, input_starts, inputs, output_starts, outputs,
                                 in.at[p], out.at[p], scores.at[p], hidden.at[p], steps.at[p],
                                 places, 0.05);
    }
    // 36 examples round a number up to 37 times each; a score sums up D products of them.
    agree("row_examples: inputs", in, 2e-5, 1e-12);
    agree("row_examples: outputs", out, 2e-5, 1e-12);
    agree("row_examples: scores", scores, 1e-4, 1e-11);
    guards_hold("row_examples: hidden", hidden);
    guards_hold("row_examples: steps", steps);
  }
}
