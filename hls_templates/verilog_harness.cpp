// Runs events through the Verilog of @{name} in Verilator.
//
// Events are read from standard input: for each event each input port in order, each element in
// order, an int64, little-endian. Outputs are written likewise. An event goes in every @{interval} clock cycles, the
// shortest interval, its words in @{beats} of them, and comes out when out_valid says so.
//
//   run [--gaps SEED] [--reset AFTER] [--resets SEED] < events > outputs
//   run --hash          the content hash that stands in the Verilog
//
// --gaps puts cycles of garbage between events: random gaps of a few, and one each of 255, 256 and 65,536.
// --reset asserts rst once after so many events, checks that none of those in flight comes out, and sends
// them again. --resets does so at random and in every way: together with the first event, for one cycle and for
// many, repeated, with and without in_valid, the next event at once or later. The last line on standard error is
// JSON. "latency" counts rising edges from the one that samples in_valid to the one at which a consumer
// samples out_valid; "interval_min" from one event that comes out to the next, 0 where there are no two; "spurious"
// counts valid outputs that belong to no event.
#include "Vtop.h"
#include "verilated.h"

#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

namespace {

struct element { // where it lies in the word of its beat
    uint32_t offset, width;
    bool is_signed;
    uint32_t beat;
};
struct port {
    const element *elements;
    uint32_t count, width, words;
};

@{elements}
const port inputs[] = {@{inputs}};
const port outputs[] = {@{outputs}};
const uint64_t latency = @{latency}, interval = @{interval}, beats = @{beats};
const uint64_t in_a_row = latency / interval; // events in flight: the more, the rarer a reset, or none ever came out

// ---- ports as arrays of 32-bit words ----

template <class T> void load(T &signal, const uint32_t *words) {
    signal = static_cast<T>(words[0] | static_cast<uint64_t>(words[1]) << 32);
}
template <std::size_t N> void load(VlWide<N> &signal, const uint32_t *words) {
    for (std::size_t i = 0; i < N; i++) signal[i] = words[i];
}
template <class T> void store(uint32_t *words, const T &signal) {
    words[0] = static_cast<uint32_t>(signal);
    words[1] = static_cast<uint32_t>(static_cast<uint64_t>(signal) >> 32);
}
template <std::size_t N> void store(uint32_t *words, const VlWide<N> &signal) {
    for (std::size_t i = 0; i < N; i++) words[i] = signal[i];
}

void drive(Vtop &top, const uint32_t *words) {
@{drive}}

void sample(const Vtop &top, uint32_t *words) {
@{sample}}

#ifdef PROBES // the top is then the module of probes.v; inner values follow each event's outputs
const std::size_t inner_words = @{inner_words};
void sample_inner(const Vtop &top, uint32_t *words) {
@{inner}    (void)top, (void)words;
}
#endif

uint64_t mask(uint32_t width) { return width >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << width) - 1; }

void insert(uint32_t *words, const element &e, int64_t value) {
    uint64_t bits = static_cast<uint64_t>(value) & mask(e.width);
    uint32_t *at = words + e.offset / 32, shift = e.offset % 32;
    uint64_t low = bits << shift;
    at[0] |= static_cast<uint32_t>(low);
    if (shift + e.width > 32) at[1] |= static_cast<uint32_t>(low >> 32);
    if (shift + e.width > 64) at[2] |= static_cast<uint32_t>(bits >> (64 - shift));
}

int64_t extract(const uint32_t *words, const element &e) {
    if (e.width == 0) return 0;
    const uint32_t *at = words + e.offset / 32, shift = e.offset % 32;
    uint64_t bits = at[0];
    if (shift + e.width > 32) bits |= static_cast<uint64_t>(at[1]) << 32;
    bits >>= shift;
    if (shift + e.width > 64) bits |= static_cast<uint64_t>(at[2]) << (64 - shift);
    bits &= mask(e.width);
    if (e.is_signed && (bits >> (e.width - 1) & 1)) bits |= ~mask(e.width);
    return static_cast<int64_t>(bits);
}

template <std::size_t N> uint32_t total_words(const port (&ports)[N]) {
    uint32_t words = 0;
    for (const port &p : ports) words += p.words;
    return words;
}
template <std::size_t N> uint32_t total_elements(const port (&ports)[N]) {
    uint32_t elements = 0;
    for (const port &p : ports) elements += p.count;
    return elements;
}

// ---- events ----

struct random_source {
    uint64_t state;
    uint64_t next() {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        return state * UINT64_C(2685821657736338717);
    }
};

using event = std::vector<uint32_t>; // the words of its beats, one after the other

// Events from standard input, those that a reset lost first.
class event_stream {
public:
    event_stream() : row(total_elements(inputs)) {}
    void again(std::vector<event> lost) {
        lost.insert(lost.end(), resend.begin() + static_cast<std::ptrdiff_t>(resent), resend.end());
        resend.swap(lost);
        resent = 0;
    }
    bool next(event &words) {
        if (resent < resend.size()) {
            words = resend[resent++];
            return true;
        }
        std::size_t got = std::fread(row.data(), sizeof row[0], row.size(), stdin);
        if (got == 0) return false;
        if (got != row.size()) {
            std::fprintf(stderr, "error: input ends in the middle of an event\n");
            std::exit(1);
        }
        std::fill(words.begin(), words.end(), 0);
        const int64_t *value = row.data();
        uint32_t *at = words.data(), all = total_words(inputs);
        for (const port &p : inputs) {
            for (uint32_t e = 0; e < p.count; e++) insert(at + p.elements[e].beat * all, p.elements[e], *value++);
            at += p.words;
        }
        return true;
    }

private:
    std::vector<int64_t> row;
    std::vector<event> resend;
    std::size_t resent = 0;
};

enum in_reset { never, always, sometimes }; // whether in_valid is there during a reset

class bench {
public:
    explicit bench(uint64_t seed)
        : random{seed * UINT64_C(0x9e3779b97f4a7c15) | 1}, words(total_words(inputs) * beats),
          garbage(total_words(inputs)), result(total_words(outputs)), row(total_elements(outputs)), flight(latency + 66),
          sent(latency + 66) {}

    // One clock cycle. The outputs before the edge are what a consumer samples at it. The whole event stands in `data`.
    void cycle(bool valid, const event &data, bool reset, uint64_t beat = 0) {
        drive(top, data.data() + beat * total_words(inputs));
        top.in_valid = valid;
        top.rst = reset;
        top.clk = 0;
        top.eval();
        if (top.out_valid) pop();
        if (valid && !reset) push(data);
        top.clk = 1;
        top.eval();
        edge++;
    }
    void idle(uint64_t cycles) {
        while (cycles-- > 0) cycle(false, rubbish(), false);
    }
    // With `resets` now and then a reset in the middle, where there is one; returns what that lost.
    std::vector<event> send(const event &data, bool gaps, bool resets) {
        static const struct {
            uint64_t event, cycles;
        } longer[] = {{16, 255}, {48, 256}, {80, 65536}};
        bool short_ones = gaps;
        for (const auto &gap : longer)
            if (gaps && last == gap.event) {
                idle(gap.cycles);
                short_ones = false; // that many cycles and no more
            }
        while (short_ones && (random.next() >> 62) == 0) idle(1 + (random.next() >> 61));
        uint64_t until = interval;
        if (resets && interval > 1 && (random.next() >> 60) == 0 && one_in(1 + in_a_row / 8)) until = 1 + random.next() % (interval - 1);
        for (uint64_t i = 0; i < until; i++) cycle(i == 0, i < beats ? data : rubbish(), false, i < beats ? i : 0);
        return until < interval ? reset(1 + (random.next() >> 62), sometimes, nullptr) : std::vector<event>();
    }
    // Cycles of reset: returns the events that were in flight. `data` stands at the ports with in_valid, as
    // does garbage where it is NULL.
    std::vector<event> reset(uint64_t cycles, in_reset mode, const event *data) {
        while (cycles-- > 0) {
            bool valid = mode == always || (mode == sometimes && random.next() >> 63);
            cycle(valid, data ? *data : rubbish(), true);
        }
        std::vector<event> lost;
        for (; first != last; first++) lost.push_back(flight[first % flight.size()]);
        return lost;
    }
    std::vector<event> reset() {
        std::vector<event> lost = reset(1, always, nullptr);
        idle(latency + 4);
        return lost;
    }
    // Resets in all their ways, now and then.
    std::vector<event> resets() {
        std::vector<event> lost;
        const uint64_t lengths[] = {1, 1, 1, 2, 3, latency, latency + 1, 300};
        const uint64_t pauses[] = {0, 0, 1, latency + 4};
        if (random.next() >> 58 != 0 || !one_in(1 + in_a_row / 32)) return lost;
        for (uint64_t times = 1 + (random.next() >> 62); times > 0; times--) {
            std::vector<event> more = reset(lengths[random.next() >> 61], static_cast<in_reset>((random.next() >> 32) % 3), nullptr);
            lost.insert(lost.end(), more.begin(), more.end());
            idle(pauses[random.next() >> 62]);
        }
        return lost;
    }
    // Waits for what is in flight; false when it does not come.
    bool drain() {
        for (uint64_t i = 0; i < 2 * latency + 64 && first != last; i++) idle(1);
        bool all = first == last;
        idle(latency + 4);
        return all;
    }
    bool stuck() const { return last - first > latency + 64; }
    std::size_t words_per_event() const { return words.size(); }
    void report() const {
        std::fprintf(stderr,
                     "{\"events\":%" PRIu64 ",\"latency_min\":%" PRIu64 ",\"latency_max\":%" PRIu64
                     ",\"interval_min\":%" PRIu64 ",\"cycles\":%" PRIu64 ",\"spurious\":%" PRIu64 "}\n",
                     events, events ? latency_min : 0, latency_max, events > 1 ? interval_min : 0, edge, spurious);
    }
    uint64_t in_flight() const { return last - first; }

private:
    bool one_in(uint64_t times) { return times < 2 || random.next() % times == 0; }
    void push(const event &data) {
        if (last - first == flight.size()) {
            std::fprintf(stderr, "error: no event comes out\n");
            std::exit(1);
        }
        flight[last % flight.size()] = data;
        sent[last++ % flight.size()] = edge;
    }
    void pop() {
        if (first == last) {
            spurious++;
            return;
        }
        uint64_t cycles = edge - sent[first++ % flight.size()];
        if (cycles < latency_min) latency_min = cycles;
        if (cycles > latency_max) latency_max = cycles;
        if (events++ && edge - popped < interval_min) interval_min = edge - popped;
        popped = edge;
        sample(top, result.data());
        int64_t *value = row.data();
        const uint32_t *at = result.data();
        for (const port &p : outputs) {
            for (uint32_t e = 0; e < p.count; e++) *value++ = extract(at, p.elements[e]);
            at += p.words;
        }
        give(row.data(), sizeof row[0], row.size());
#ifdef PROBES
        uint32_t inner[inner_words + 1];
        sample_inner(top, inner);
        give(inner, sizeof inner[0], inner_words);
#endif
    }
    static void give(const void *data, std::size_t size, std::size_t count) {
        if (std::fwrite(data, size, count, stdout) == count) return;
        std::perror("error: cannot write outputs");
        std::exit(1);
    }
    // Random bits; now and then all of them 0, or 1.
    const event &rubbish() {
        uint32_t *at = garbage.data();
        const uint64_t kind = random.next() >> 61;
        const uint32_t zeros = kind == 0 ? 0 : ~UINT32_C(0), ones = kind == 1 ? ~UINT32_C(0) : 0;
        for (const port &p : inputs) {
            for (uint32_t i = 0; i < p.words; i++) {
                uint32_t bits = p.width > 32 * i ? p.width - 32 * i : 0;
                at[i] = ((static_cast<uint32_t>(random.next() >> 32) & zeros) | ones) & static_cast<uint32_t>(mask(bits));
            }
            at += p.words;
        }
        return garbage;
    }

    Vtop top;
    random_source random;
    event words, garbage, result;
    std::vector<int64_t> row;
    std::vector<event> flight; // a ring: events on their way, oldest first
    std::vector<uint64_t> sent;
    uint64_t first = 0, last = 0, edge = 0, events = 0, spurious = 0;
    uint64_t latency_min = ~UINT64_C(0), latency_max = 0, interval_min = ~UINT64_C(0), popped = 0;
};

int run(uint64_t gap_seed, uint64_t reset_after, uint64_t reset_seed) {
    static bench bench(gap_seed + reset_seed);
    event_stream stream;
    event words(bench.words_per_event());
    uint64_t sent = 0;
    if (reset_seed == 0) bench.reset();
    while (stream.next(words)) {
        if (reset_seed != 0 && sent == 0) bench.reset(2, always, &words);
        stream.again(bench.send(words, gap_seed != 0, reset_seed != 0));
        if (++sent == reset_after) stream.again(bench.reset());
        if (reset_seed != 0) stream.again(bench.resets());
        if (bench.stuck()) break;
    }
    bool all = bench.drain();
    if (!all) std::fprintf(stderr, "error: %" PRIu64 " events never came out\n", bench.in_flight());
    if (std::fflush(stdout) != 0) all = false;
    bench.report();
    return all ? 0 : 1;
}

} // namespace

int main(int argc, char **argv) {
    uint64_t gap_seed = 0, reset_after = 0, reset_seed = 0;
    for (int i = 1; i < argc; i++) {
        if (std::strcmp(argv[i], "--hash") == 0) {
            std::puts(TEXT(CONTENT_HASH));
            return 0;
        }
        if (std::strcmp(argv[i], "--gaps") == 0 && i + 1 < argc) {
            gap_seed = std::strtoull(argv[++i], nullptr, 10);
        } else if (std::strcmp(argv[i], "--reset") == 0 && i + 1 < argc) {
            reset_after = std::strtoull(argv[++i], nullptr, 10);
        } else if (std::strcmp(argv[i], "--resets") == 0 && i + 1 < argc) {
            reset_seed = std::strtoull(argv[++i], nullptr, 10);
        } else {
            std::fprintf(stderr, "usage: run [--hash] [--gaps SEED] [--reset AFTER] [--resets SEED]\n");
            return 2;
        }
    }
    return run(gap_seed, reset_after, reset_seed);
}
