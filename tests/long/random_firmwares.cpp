// Runs the firmwares of a batch (random_firmwares.c): the emitted C, HLS C++ and, all in one Verilator model, Verilog
// must give what the emulator gave, in integers; the C's entry points in real numbers too; Verilog with gaps and a
// reset.
//   run FOLDER          a line "SEED ENGINE what" for each that does not
#include "Vbatch.h"
#include "verilated.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

struct element {
    uint32_t offset, width;
    bool is_signed;
};
#define main batch_main // of each hls/main.cpp
#include "batch.h"
#undef main

struct firmware {
    const char *name;
    uint32_t inputs, outputs;
    int latency;
    uint32_t in_bits;
    const element *in, *out;
    void (*c)(const unsigned char *, unsigned char *), (*hls)(const unsigned char *, unsigned char *);
    int64_t (*run_double)(const double *, double *), (*run_float)(const double *, double *);
    uint32_t *in_port;
    const uint32_t *out_port;
    const CData *valid;
};

struct vectors {
    std::vector<int64_t> in[ROWS], out[ROWS];
    std::vector<double> real_in[EVENTS], real_out[EVENTS];
};

static int differing;
static void differs(const firmware &f, const char *engine, int row, const char *what) {
    std::printf("%s\t%s\tevent %d: %s\n", f.name + 1, engine, row, what);
    differing++;
}

template <class T> static void read_row(std::FILE *file, std::vector<T> &row, uint32_t count) {
    row.resize(count);
    if (count && std::fread(row.data(), sizeof row[0], count, file) != count) {
        std::fprintf(stderr, "vectors end early\n");
        std::exit(2);
    }
}

static vectors read_vectors(const std::string &folder, const firmware &f) {
    vectors v;
    std::FILE *file = std::fopen((folder + "/" + f.name + "/vectors").c_str(), "rb");
    if (!file) std::exit(2);
    for (int row = 0; row < ROWS; row++) {
        read_row(file, v.in[row], f.inputs);
        read_row(file, v.out[row], f.outputs);
        if (row >= EVENTS) continue;
        read_row(file, v.real_in[row], f.inputs);
        read_row(file, v.real_out[row], f.outputs);
    }
    std::fclose(file);
    return v;
}

// ---- C and HLS: an event a call ----

static void run_calls(const firmware &f, const vectors &v, const char *engine,
                      void (*call)(const unsigned char *, unsigned char *)) {
    std::vector<int64_t> got(f.outputs + 1);
    for (int row = 0; row < ROWS; row++) {
        call(reinterpret_cast<const unsigned char *>(v.in[row].data()), reinterpret_cast<unsigned char *>(got.data()));
        if (f.outputs && std::memcmp(got.data(), v.out[row].data(), f.outputs * sizeof got[0]) != 0)
            return differs(f, engine, row, "another number");
    }
}

static void run_reals(const firmware &f, const vectors &v) {
    std::vector<double> got(f.outputs + 1);
    for (int row = 0; row < EVENTS; row++) {
        if (f.run_double(v.real_in[row].data(), got.data()) != 0) return differs(f, "c, double", row, "refused");
        for (uint32_t i = 0; i < f.outputs; i++)
            if (got[i] != v.real_out[row][i]) return differs(f, "c, double", row, "another number");
        if (f.run_float(v.real_in[row].data(), got.data()) != 0) return differs(f, "c, float", row, "refused");
        for (uint32_t i = 0; i < f.outputs; i++)
            if (got[i] != static_cast<double>(static_cast<float>(v.real_out[row][i])))
                return differs(f, "c, float", row, "another number");
    }
}

// ---- Verilog: all at once, each event one clock, garbage between some ----

static uint64_t random_state = 1;
static uint64_t next_random() {
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return random_state * UINT64_C(2685821657736338717);
}

static uint64_t bit_mask(uint32_t width) {
    return width >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << width) - 1;
}

static void insert(uint32_t *words, const element &e, int64_t value) {
    for (uint32_t i = 0; i < e.width; i++) {
        uint32_t bit = e.offset + i, mask = UINT32_C(1) << bit % 32;
        words[bit / 32] = (static_cast<uint64_t>(value) >> i & 1) ? words[bit / 32] | mask : words[bit / 32] & ~mask;
    }
}

static int64_t extract(const uint32_t *words, const element &e) {
    uint64_t bits = 0;
    for (uint32_t i = 0; i < e.width; i++)
        bits |= static_cast<uint64_t>(words[(e.offset + i) / 32] >> (e.offset + i) % 32 & 1) << i;
    if (e.width && e.is_signed && (bits >> (e.width - 1) & 1)) bits |= ~bit_mask(e.width);
    return static_cast<int64_t>(bits);
}

struct in_flight {
    int row;
    uint64_t due;
};

class verilog {
  public:
    verilog(const std::vector<firmware> &firmwares, const std::vector<vectors> &vectors, Vbatch &top)
        : firmwares(firmwares), all(vectors), top(top), first(firmwares.size()), bad(firmwares.size()) {
    }

    void run() {
        for (int i = 0; i < 3; i++) cycle(-1, true);
        for (int row = 0; row < ROWS; row++) {
            while (next_random() >> 62 == 0) cycle(-1, false);
            if (row == ROWS / 2) lose_some();
            cycle(row, false);
        }
        for (int i = 0; i < 600; i++) cycle(-1, false);
        for (size_t k = 0; k < firmwares.size(); k++)
            if (!bad[k] && first[k] != sent.size()) differs(firmwares[k], "rtl", sent[first[k]].row, "never comes out");
    }

  private:
    // Those on their way when rst comes are forgotten.
    void lose_some() {
        for (int row = 0; row < 5; row++) cycle(row, false);
        cycle(0, true);
        for (size_t k = 0; k < firmwares.size(); k++) first[k] = sent.size();
    }
    void drive(int row) {
        for (size_t k = 0; k < firmwares.size(); k++) {
            const firmware &f = firmwares[k];
            for (uint32_t w = 0; w < (f.in_bits + 31) / 32; w++)
                f.in_port[w] = static_cast<uint32_t>(next_random() >> 32);
            if (f.in_bits % 32) f.in_port[f.in_bits / 32] &= static_cast<uint32_t>(bit_mask(f.in_bits % 32));
            for (uint32_t i = 0; row >= 0 && i < f.inputs; i++) insert(f.in_port, f.in[i], all[k].in[row][i]);
        }
    }
    void cycle(int row, bool reset) {
        drive(row);
        top.in_valid = row >= 0;
        top.rst = reset;
        top.clk = 0;
        top.eval();
        for (size_t k = 0; k < firmwares.size(); k++) consume(k);
        if (row >= 0 && !reset) sent.push_back({row, edge});
        top.clk = 1;
        top.eval();
        edge++;
    }
    void consume(size_t k) {
        const firmware &f = firmwares[k];
        bool due = first[k] < sent.size() && sent[first[k]].due + static_cast<uint64_t>(f.latency) == edge;
        if (edge < 3 || bad[k] || (!due && !*f.valid)) return;
        if (due != static_cast<bool>(*f.valid))
            return due ? wrong(k, "valid too late", sent[first[k]].row) : wrong(k, "valid, and nothing is due", -1);
        int row = sent[first[k]++].row;
        for (uint32_t i = 0; i < f.outputs; i++)
            if (extract(f.out_port, f.out[i]) != all[k].out[row][i]) return wrong(k, "another number", row);
    }
    void wrong(size_t k, const char *what, int row) {
        differs(firmwares[k], "rtl", row, what);
        bad[k] = true;
    }

    const std::vector<firmware> &firmwares;
    const std::vector<vectors> &all;
    Vbatch &top;
    std::vector<in_flight> sent;
    std::vector<size_t> first; // oldest event on its way, by firmware
    std::vector<bool> bad;
    uint64_t edge = 0;
};

int main(int argc, char **argv) {
    if (argc != 2) return 2;
    static Vbatch top;
    const std::vector<firmware> firmwares = {FIRMWARES(top)};
    std::vector<vectors> all;
    for (const firmware &f : firmwares) all.push_back(read_vectors(argv[1], f));
    for (size_t k = 0; k < firmwares.size(); k++) {
        run_calls(firmwares[k], all[k], "c", firmwares[k].c);
        run_calls(firmwares[k], all[k], "hls", firmwares[k].hls);
        run_reals(firmwares[k], all[k]);
    }
    verilog(firmwares, all, top).run();
    return differing != 0;
}
