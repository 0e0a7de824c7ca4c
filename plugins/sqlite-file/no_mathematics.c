/* SPDX-License-Identifier: MIT
 *
 * SQLite offers functions of mathematics to its queries, and so wants libm. No query of ours calls one, and
 * to map one more library takes three percent of a delivery's time.
 */
#define NONE(name)            \
  double name(double value) { \
    return value;             \
  }                           \
  double name(double value)
#define NONE_OF_TWO(name)                   \
  double name(double value, double other) { \
    return value + other;                   \
  }                                         \
  double name(double value, double other)

NONE(acos);
NONE(acosh);
NONE(asin);
NONE(asinh);
NONE(atan);
NONE(atanh);
NONE(ceil);
NONE(cos);
NONE(cosh);
NONE(exp);
NONE(floor);
NONE(log);
NONE(log10);
NONE(log2);
NONE(sin);
NONE(sinh);
NONE(sqrt);
NONE(tan);
NONE(tanh);
NONE(trunc);
NONE_OF_TWO(atan2);
NONE_OF_TWO(fmod);
NONE_OF_TWO(pow);
