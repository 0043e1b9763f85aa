/* Clocks as text: whole picoseconds, rounded in exact arithmetic; what is none is refused. */
#include "target/target.h"
#include "tests/test.h"

static void clocks_are_whole_picoseconds(void) {
    static const struct {
        const char *text;
        int picoseconds;
    } cases[] = {{"360MHz", 2778},      {"2.778ns", 2778},
                 {"2778 ps", 2778},     {"2778ps", 2778},
                 {"0.36GHz", 2778},     {"360e3kHz", 2778},
                 {"2.4896ns", 2490},    {"2.4904ns", 2490},
                 {"2.4905ns", 2491},    {"2.49049999999999999ns", 2490},
                 {"25ns", 25000},       {"40mhz", 25000},
                 {"240 MHz", 4167},     {"1us", 1000000},
                 {"1kHz", 1000000000},  {"2000MHz", 500},
                 {".5ns", 500},         {"2.ns", 2000},
                 {"3E0ns", 3000},       {"0.0003e+4ns", 3000},
                 {"666.6666MHz", 1500}, {"719.9424MHz", 1389}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int picoseconds = -1;
        CHECK(clock_parse(cases[i].text, &picoseconds));
        CHECK_EQ(picoseconds, cases[i].picoseconds);
    }
}

static void what_is_no_clock_is_refused(void) {
    static const char *const cases[] = {"",
                                        "MHz",
                                        "ns",
                                        "360",
                                        "nan",
                                        "nanns",
                                        "infMHz",
                                        "0MHz",
                                        "0ns",
                                        "0.0001ps",
                                        "-1ns",
                                        "+1ns",
                                        "-360MHz",
                                        "0.4ns",
                                        "2002.1MHz",
                                        "1e9MHz",
                                        "1e-9ns",
                                        "1e-30ns",
                                        "1e99ns",
                                        "1001us",
                                        "0.5kHz",
                                        "1.2.3ns",
                                        ".ns",
                                        ".e3ns",
                                        "1ens",
                                        "1e+ns",
                                        "0x10ns",
                                        "360MHz ",
                                        "360MHzz",
                                        "3parsecs",
                                        "1234567890123456789012ns",
                                        "2,5ns"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int picoseconds;
        if (clock_parse(cases[i], &picoseconds))
            test_fail(__FILE__, __LINE__, "'%s' is taken for %d ps", cases[i], picoseconds);
    }
}

int main(void) {
    RUN(clocks_are_whole_picoseconds);
    RUN(what_is_no_clock_is_refused);
    TEST_EXIT();
}
