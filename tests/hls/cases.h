/* What is computed with fixed-point types to compare implementations: narrowing in every rounding and
 * overflow, arithmetic, shifts, comparisons, conversions. The same source is compiled with ap_fixed, with
 * ac_fixed and with the built-in types (bxc_hls.h); each prints a line a case. */
#include <cstdio>

#include "bxc_hls.h"

static std::FILE *cases_out = stdout;

/* Stored integers to try: both ends, both sides of zero, and a scatter between. */
template <class T> T sample(int i, bool is_signed) {
    const int width = bxc_width<T>::value;
    const unsigned long long mask = width >= 64 ? ~0ULL : (1ULL << width) - 1;
    const unsigned long long sign = 1ULL << (width - 1);
    const unsigned long long fixed[] = {0, 1, mask, sign, sign - 1, sign + 1, 2, mask - 1, 6, mask - 5, 12, mask - 11};
    unsigned long long bits = i < 12 ? fixed[i] : (unsigned long long)i * 0x9e3779b97f4a7c15ULL >> 7;
    bits &= mask;
    if (is_signed && (bits & sign)) bits |= ~mask;
    return bxc_from_raw<T>((long long)bits);
}

template <class FROM, bool SIGNED, class TO> void narrow_case(const char *from, const char *to, int q, int o) {
    std::fprintf(cases_out, "narrow %s %s q%d o%d:", from, to, q, o);
    for (int i = 0; i < 20; i++) std::fprintf(cases_out, " %lld", bxc_raw(TO(sample<FROM>(i, SIGNED))));
    std::fprintf(cases_out, "\n");
}

/* clang-format does not come to an end with these. */
/* clang-format off */
#define OVERFLOWS(from, is_signed, type, w, i, q)                                                                      \
    narrow_case<from, is_signed, type<w, i, q, BXC_WRAP>>(#from, #type " " #w " " #i, q, BXC_WRAP);                    \
    narrow_case<from, is_signed, type<w, i, q, BXC_SAT>>(#from, #type " " #w " " #i, q, BXC_SAT);                      \
    narrow_case<from, is_signed, type<w, i, q, BXC_SAT_ZERO>>(#from, #type " " #w " " #i, q, BXC_SAT_ZERO);            \
    if (sizeof(#type) == sizeof("bxc_fixed"))                                                                          \
        narrow_case<from, is_signed, type<w, i, q, BXC_SAT_SYM>>(#from, #type " " #w " " #i, q, BXC_SAT_SYM);
#define ROUNDINGS(from, is_signed, type, w, i)                                                                         \
    OVERFLOWS(from, is_signed, type, w, i, BXC_TRN)                                                                    \
    OVERFLOWS(from, is_signed, type, w, i, BXC_TRN_ZERO) OVERFLOWS(from, is_signed, type, w, i, BXC_RND)               \
        OVERFLOWS(from, is_signed, type, w, i, BXC_RND_ZERO) OVERFLOWS(from, is_signed, type, w, i, BXC_RND_INF)       \
            OVERFLOWS(from, is_signed, type, w, i, BXC_RND_MIN_INF)                                                    \
                OVERFLOWS(from, is_signed, type, w, i, BXC_RND_CONV)
/* clang-format on */

typedef bxc_fixed<9, 4> s9;    /* as most activations */
typedef bxc_ufixed<7, -1> u7;  /* fraction above width */
typedef bxc_fixed<12, 17> s12; /* negative fraction */
typedef bxc_fixed<50, 20> s50;

inline void narrow_cases() {
    ROUNDINGS(s9, true, bxc_fixed, 4, 2)
    ROUNDINGS(s9, true, bxc_fixed, 5, 6)
    ROUNDINGS(s9, true, bxc_ufixed, 3, 1)
    ROUNDINGS(s9, true, bxc_fixed, 12, 4)
    ROUNDINGS(u7, false, bxc_fixed, 4, -2)
    ROUNDINGS(u7, false, bxc_ufixed, 5, 0)
    ROUNDINGS(s12, true, bxc_fixed, 6, 15)
    ROUNDINGS(s12, true, bxc_ufixed, 20, 14)
    ROUNDINGS(s50, true, bxc_fixed, 30, 12)
    ROUNDINGS(s50, true, bxc_fixed, 64, 34)
}

/* Exact results as stored integers of 64 bits with fraction F. */
template <int F, class T> long long exact(const T &x) {
    return bxc_raw(bxc_fixed<64, 64 - F>(x));
}

template <class A, bool SIGNED_A, class B, bool SIGNED_B> void arithmetic_case(const char *name) {
    enum { FA = bxc_fraction<A>::value, FB = bxc_fraction<B>::value, F = int(FA) > int(FB) ? int(FA) : int(FB) };
    for (int i = 0; i < 18; i++) {
        const A a = sample<A>(i, SIGNED_A);
        const B b = sample<B>((i * 5 + 3) % 18, SIGNED_B);
        A sum = a, difference = a, product = a;
        sum += b;
        difference -= b;
        product *= b;
        std::fprintf(cases_out, "%s: %lld %lld %lld %lld %lld %lld %lld %d%d%d%d%d%d\n", name, exact<F>(a + b),
                     exact<F>(a - b), exact<FA + FB>(a * b), exact<FA>(-a), bxc_raw(sum), bxc_raw(difference),
                     bxc_raw(product), a == b, a != b, a<b, a <= b, a> b, a >= b);
    }
}

template <class A, bool SIGNED> void shift_case(const char *name) {
    for (int by = 0; by < bxc_width<A>::value; by += 2) {
        std::fprintf(cases_out, "%s shifted by %d:", name, by);
        for (int i = 0; i < 14; i++)
            std::fprintf(cases_out, " %lld %lld", bxc_raw(A(sample<A>(i, SIGNED) << by)),
                         bxc_raw(A(sample<A>(i, SIGNED) >> by)));
        std::fprintf(cases_out, "\n");
    }
}

template <class T> void conversion_case(const char *name) {
    static const double reals[] = {0,     0.5,        -0.5,  1,      -1,  0.375, -0.375, 2.25, -2.75,
                                   7.125, -7.1250001, 100.5, -99.75, 1e6, -1e6,  0.1,    -0.3};
    std::fprintf(cases_out, "%s from real:", name);
    for (unsigned i = 0; i < sizeof reals / sizeof *reals; i++) std::fprintf(cases_out, " %lld", bxc_raw(T(reals[i])));
    std::fprintf(cases_out, "\n%s from int:", name);
    for (int i = -20; i <= 20; i += 5) std::fprintf(cases_out, " %lld", bxc_raw(T(i)));
    std::fprintf(cases_out, "\n");
}
#define CONVERSION(...) conversion_case<__VA_ARGS__>(#__VA_ARGS__);

inline void all_cases() {
    narrow_cases();
    arithmetic_case<s9, true, s9, true>("s9 s9");
    arithmetic_case<s9, true, u7, false>("s9 u7");
    arithmetic_case<u7, false, s9, true>("u7 s9");
    arithmetic_case<u7, false, u7, false>("u7 u7");
    arithmetic_case<s12, true, s9, true>("s12 s9");
    arithmetic_case<u7, false, s12, true>("u7 s12");
    arithmetic_case<s50, true, s9, true>("s50 s9");
    shift_case<s9, true>("s9");
    shift_case<u7, false>("u7");
    shift_case<s12, true>("s12");
    CONVERSION(bxc_fixed<8, 4>)
    CONVERSION(bxc_fixed<8, 4, BXC_RND, BXC_SAT>)
    CONVERSION(bxc_fixed<6, 3, BXC_RND_CONV, BXC_SAT_SYM>)
    CONVERSION(bxc_ufixed<6, 3, BXC_RND_INF, BXC_SAT>)
    CONVERSION(bxc_fixed<5, 7, BXC_RND_ZERO, BXC_SAT_ZERO>)
    CONVERSION(bxc_fixed<40, 20, BXC_TRN_ZERO, BXC_WRAP>)
    CONVERSION(bxc_ufixed<10, 2, BXC_RND_MIN_INF, BXC_WRAP>)
}
