// The built-in fixed-point types against vectors made with the vendors' open headers (tests/oracle/hls_vectors.cpp).
#include <cstdlib>
#include <cstring>
#include <string>

#include "cases.h"

static bool read_line(std::FILE *file, std::string &line) {
    line.clear();
    int c;
    while ((c = std::fgetc(file)) != EOF && c != '\n') line += (char)c;
    return c != EOF || !line.empty();
}

int main() {
    const char *root = std::getenv("ROOT");
    const std::string path = std::string(root ? root : ".") + "/tests/hls/vectors.txt";
    std::FILE *vectors = std::fopen(path.c_str(), "r");
    cases_out = std::tmpfile();
    if (!vectors || !cases_out) {
        std::printf("not ok hls_types: cannot open %s or a temporary file\n", path.c_str());
        return 1;
    }
    all_cases();
    std::rewind(cases_out);
    std::string want, got;
    int lines = 0;
    for (bool more = true; more; lines += more) {
        more = read_line(vectors, want);
        const bool mine = read_line(cases_out, got);
        if (more == mine && want == got) continue;
        std::printf("not ok hls_types: line %d is \"%s\", not \"%s\"\n", lines + 1, got.c_str(), want.c_str());
        return 1;
    }
    std::printf(lines > 400 ? "ok hls_types\n" : "not ok hls_types: only %d lines\n", lines);
    return lines <= 400;
}
