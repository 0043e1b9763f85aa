/* Ordering codes: what exists is read in both of the vendor's spellings, what does not exist is refused. */
#include "target/target.h"
#include "tests/test.h"

#include <string.h>

struct reading {
    const char *given, *text; /* as the tools spell it; NULL: refused */
    const char *message;      /* of the refusal, a piece of it */
    int speed;
    const char *marks; /* L: low power, V: low voltage, H: high voltage; then the temperature */
};

static const struct reading readings[] = {
    {"xcvu13p-flga2577-2-e", "xcvu13p-flga2577-2-e", NULL, 2, "e"},
    {"XCVU13P-2FLGA2577E", "xcvu13p-flga2577-2-e", NULL, 2, "e"},
    {"XCVU13P-FLGA2577-3-E", "xcvu13p-flga2577-3-e", NULL, 3, "e"},
    {"xcvu9p-flgb2104-2l-e", "xcvu9p-flgb2104-2L-e", NULL, 2, "Le"},
    {"XCVU9P-L2FLGB2104E", "xcvu9p-flgb2104-2L-e", NULL, 2, "Le"},
    {"xcku15p-ffva1156-1LV-i", "xcku15p-ffva1156-1LV-i", NULL, 1, "LVi"},
    {"xcvu190-flgc2104-1H-e", "xcvu190-flgc2104-1H-e", NULL, 1, "He"},
    {"xcvu190-flgc2104-1HV-e", "xcvu190-flgc2104-1HV-e", NULL, 1, "Ve"},
    {"xczu28dr-ffvg1517-2LVI-i", "xczu28dr-ffvg1517-2LVI-i", NULL, 2, "LVi"},
    {"xcku040-ffva1156-1-c", "xcku040-ffva1156-1-c", NULL, 1, "c"},
    {"xcu250-figd2104-2L-e", "xcu250-figd2104-2L-e", NULL, 2, "Le"},
    {"xc7vx690tffg1761-2", "xc7vx690tffg1761-2", NULL, 2, "c"},
    {"XC7VX690T-2FFG1761C", "xc7vx690tffg1761-2", NULL, 2, "c"},
    {"XC7VX690T-2FFG1761I", "xc7vx690tffg1761-2", NULL, 2, "i"},
    {"XC7VX690T-L2FFG1761E", "xc7vx690tffg1761-2L", NULL, 2, "Le"},
    {"xc7k325tiffg900-2L", "xc7k325tiffg900-2L", NULL, 2, "Li"},
    {"XC7K325T-L2FFG900I", "xc7k325tiffg900-2L", NULL, 2, "Li"},
    {"xc7z020clg484-1", "xc7z020clg484-1", NULL, 1, "c"},
    {"xcvu13pBANANA", NULL,
     "'xcvu13pBANANA' is no ordering code: after the device xcvu13p come package, speed grade and temperature", 0,
     NULL},
    {"xcvu13p", NULL, "'xcvu13p' is a device: its ordering code goes on with package, speed grade and temperature", 0,
     NULL},
    {"xcvu13p-flga2577-2", NULL, "is no ordering code", 0, NULL},
    {"xcvu13p-flga2577-2-e-es1", NULL, "is no ordering code", 0, NULL},
    {"xcvu13p-2FLGA2577", NULL, "is no ordering code", 0, NULL},
    {"xcvu13p-", NULL, "is no ordering code", 0, NULL},
    {"xcvu13p--2-e", NULL, "is no ordering code", 0, NULL},
    {"xcvu13p-flga2577-2-e; exec sh", NULL, "is no ordering code", 0, NULL},
    {"xcvu13p-ffva1156-2-e", NULL, "xcvu13p does not come in package 'ffva1156'", 0, NULL},
    {"xcvu13p-flga257-2-e", NULL, "xcvu13p does not come in package 'flga257'", 0, NULL},
    {"xcvu13p-flga2577-4-e", NULL, "xcvu13p does not come in speed grade and temperature '4-e'", 0, NULL},
    {"xcvu13p-flga2577-1L-i", NULL, "xcvu13p does not come in speed grade and temperature '1L-i'", 0, NULL},
    {"xcvu13p-flga2577-3-i", NULL, "xcvu13p does not come in speed grade and temperature '3-i'", 0, NULL},
    {"xc7z020clg484-2L", NULL, "xc7z020 does not come in speed grade '2L'", 0, NULL},
    {"xc7k325tffg900-2-e", NULL, "after the device xc7k325t come package and speed grade", 0, NULL},
    {"xcvu99p-flga2577-2-e", NULL, "part 'xcvu99p-flga2577-2-e' is unknown", 0, NULL},
    {"xcvu125-flva2104-2-e", NULL, "part 'xcvu125-flva2104-2-e' is unknown", 0, NULL},
    {"", NULL, "part '' is unknown", 0, NULL},
    {"xcvp1802-lsvc4072-2MP-e-S", NULL, "is of the family Versal", 0, NULL},
    {"AGFB014R24B2E2V", NULL, "is of the family Agilex", 0, NULL},
    {"10AX115S2F45I1SG", NULL, "is of the family Stratix, Arria", 0, NULL},
    {"MPF300T-FCG1152I", NULL, "is of the family PolarFire", 0, NULL},
};

static const char *marks(struct arena *arena, struct part_grade grade) {
    return arena_printf(arena, "%s%s%s%c", grade.low_power ? "L" : "", grade.low_voltage ? "V" : "",
                        grade.high_voltage ? "H" : "", grade.temperature);
}

static void readings_are_right(void) {
    for (size_t i = 0; i < sizeof readings / sizeof *readings; i++) {
        const struct reading *r = &readings[i];
        struct bxc_context *context = context_new();
        struct arena *arena = arena_new(context);
        struct part_code code;
        int status = part_parse(context, (struct location){.attribute = "--part"}, arena, r->given, &code);
        bool right = r->text ? status == 0 && strcmp(code.text, r->text) == 0 && code.grade.speed == r->speed &&
                                   strcmp(marks(arena, code.grade), r->marks) == 0
                             : status == -1 && strstr(context->diagnostics.items[0].message, r->message) != NULL;
        if (!right)
            fprintf(stderr, "  %s: %s\n", r->given,
                    status == 0
                        ? arena_printf(arena, "%s, speed %d, %s", code.text, code.grade.speed, marks(arena, code.grade))
                        : context->diagnostics.items[0].message);
        CHECK(right);
        arena_free(arena);
        context_free(context);
    }
}

/* Every code that the tables offer is read as itself: no word of parts.def is beyond the grammar. */
static void tables_are_readable(void) {
    struct bxc_context *context = context_new();
    struct arena *arena = arena_new(context);
    const struct part *part;
    for (size_t i = 0; (part = part_at(i)); i++) {
        struct part_code code;
        const char *package = part->packages, *grade;
        for (; *package; package += strcspn(package, " "), package += strspn(package, " "))
            for (grade = part->grades; *grade; grade += strcspn(grade, " "), grade += strspn(grade, " ")) {
                int p = (int)strcspn(package, " "), g = (int)strcspn(grade, " "), industrial = *grade == 'i';
                const char *text = part_is_7_series(part)
                                       ? arena_printf(arena, "%s%s%.*s-%.*s", part->name, industrial ? "i" : "", p,
                                                      package, g - industrial, grade + industrial)
                                       : arena_printf(arena, "%s-%.*s-%.*s", part->name, p, package, g, grade);
                CHECK(part_parse(context, (struct location){0}, arena, text, &code) == 0 &&
                      strcmp(code.text, text) == 0);
                CHECK(code.part == part && code.grade.speed >= 1 && code.grade.speed <= 3);
            }
        CHECK(part_parse(context, (struct location){0}, arena, part_example(arena, part), &code) == 0);
    }
    arena_free(arena);
    context_free(context);
}

int main(void) {
    RUN(readings_are_right);
    RUN(tables_are_readable);
    TEST_EXIT();
}
