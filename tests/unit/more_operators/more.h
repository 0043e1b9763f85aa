/* The family of the hundred operators that tests/unit/more_operators.sh adds. */
struct op_family;
extern const struct op_family more_family;
