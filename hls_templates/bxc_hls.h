/* Fixed-point types for high-level synthesis: one spelling, three implementations.
 *
 *   bxc_fixed<W, I, Q, O>, bxc_ufixed<W, I, Q, O>: W bits of which I are left of the point (I may be
 *   negative or exceed W), rounding Q and overflow O whenever something is assigned to it.
 *
 * In Vitis HLS (or with BXC_AP_TYPES) they are ap_fixed and ap_ufixed; in Catapult and oneAPI (or with
 * BXC_AC_TYPES) ac_fixed; elsewhere the class at the end of this file, which behaves like both to the
 * bit and holds up to 128 bits. C++14. */
#ifndef BXC_HLS_H
#define BXC_HLS_H

/* Rounding: what happens to the digits that do not fit. */
enum bxc_q {
    BXC_TRN,         /* toward minus infinity */
    BXC_TRN_ZERO,    /* toward zero */
    BXC_RND,         /* nearest, ties up */
    BXC_RND_ZERO,    /* nearest, ties toward zero */
    BXC_RND_INF,     /* nearest, ties away from zero */
    BXC_RND_MIN_INF, /* nearest, ties down */
    BXC_RND_CONV,    /* nearest, ties to even */
    BXC_CEIL,        /* up; only in bxc_narrow_elements: ap_fixed has no such mode */
    BXC_AWAY         /* away from zero; likewise */
};

/* Overflow: what happens to numbers outside the range. */
enum bxc_o {
    BXC_WRAP,     /* the low bits stay */
    BXC_SAT,      /* the nearest that fits */
    BXC_SAT_ZERO, /* 0 */
    BXC_SAT_SYM   /* the nearest within +-max */
};

/* The format of one element where elements differ: it stands for m * 2^-fraction. */
struct bxc_format {
    bool is_signed;
    int width, fraction;
};

#if !defined(BXC_AP_TYPES) && !defined(BXC_AC_TYPES)
#if defined(__VITIS_HLS__) || defined(__VIVADO_HLS__)
#define BXC_AP_TYPES
#elif defined(__CATAPULT__) || defined(__INTELFPGA_COMPILER__) || defined(SYCL_LANGUAGE_VERSION)
#define BXC_AC_TYPES
#endif
#endif

/* Unroll a loop: compilers look for that before it (BXC_UNROLL_NEXT) or first thing in its braces (BXC_UNROLL). */
#if defined(__VITIS_HLS__) || defined(__VIVADO_HLS__)
#define BXC_UNROLL_NEXT
#define BXC_UNROLL _Pragma("HLS UNROLL")
#else
#if defined(__CATAPULT__)
#define BXC_UNROLL_NEXT _Pragma("hls_unroll yes")
#elif defined(__INTELFPGA_COMPILER__) || defined(SYCL_LANGUAGE_VERSION)
#define BXC_UNROLL_NEXT _Pragma("unroll")
#else
#define BXC_UNROLL_NEXT
#endif
#define BXC_UNROLL
#endif

/* bxc_integer: at least 128 bits; bxc_left(x, by) shifts it, negative or not. bxc_raw(x): the stored integer
 * of a number of at most 64 bits; bxc_wide_raw(x): of any. bxc_from_raw<T>(m): the number of that stored integer;
 * bxc_from_wide_raw<T>(m): likewise. bxc_fraction<T>::value, bxc_width<T>::value. */
#if defined(BXC_AP_TYPES)

#include <ap_fixed.h>
#include <ap_int.h>

constexpr ap_q_mode bxc_vendor_q(bxc_q q) {
    return q == BXC_TRN_ZERO      ? AP_TRN_ZERO
           : q == BXC_RND         ? AP_RND
           : q == BXC_RND_ZERO    ? AP_RND_ZERO
           : q == BXC_RND_INF     ? AP_RND_INF
           : q == BXC_RND_MIN_INF ? AP_RND_MIN_INF
           : q == BXC_RND_CONV    ? AP_RND_CONV
                                  : AP_TRN;
}
constexpr ap_o_mode bxc_vendor_o(bxc_o o) {
    return o == BXC_SAT ? AP_SAT : o == BXC_SAT_ZERO ? AP_SAT_ZERO : o == BXC_SAT_SYM ? AP_SAT_SYM : AP_WRAP;
}
template <int W, int I, bxc_q Q = BXC_TRN, bxc_o O = BXC_WRAP>
using bxc_fixed = ap_fixed<W, I, bxc_vendor_q(Q), bxc_vendor_o(O)>;
template <int W, int I, bxc_q Q = BXC_TRN, bxc_o O = BXC_WRAP>
using bxc_ufixed = ap_ufixed<W, I, bxc_vendor_q(Q), bxc_vendor_o(O)>;
typedef ap_int<128> bxc_integer;

template <class T> struct bxc_width { enum { value = T::width }; };
template <class T> struct bxc_fraction { enum { value = T::width - T::iwidth }; };
template <int W, int I, ap_q_mode Q, ap_o_mode O, int N> inline long long bxc_raw(const ap_fixed<W, I, Q, O, N> &x) {
    ap_int<W> bits;
    bits.range(W - 1, 0) = x.range(W - 1, 0);
    return bits.to_int64();
}
template <int W, int I, ap_q_mode Q, ap_o_mode O, int N> inline long long bxc_raw(const ap_ufixed<W, I, Q, O, N> &x) {
    ap_uint<W> bits;
    bits.range(W - 1, 0) = x.range(W - 1, 0);
    return bits.to_int64();
}
template <int W, int I, ap_q_mode Q, ap_o_mode O, int N> inline bxc_integer bxc_wide_raw(const ap_fixed<W, I, Q, O, N> &x) {
    ap_int<W> bits;
    bits.range(W - 1, 0) = x.range(W - 1, 0);
    return bits;
}
template <int W, int I, ap_q_mode Q, ap_o_mode O, int N> inline bxc_integer bxc_wide_raw(const ap_ufixed<W, I, Q, O, N> &x) {
    ap_uint<W> bits;
    bits.range(W - 1, 0) = x.range(W - 1, 0);
    return bits;
}
template <class T> inline T bxc_from_wide_raw(const bxc_integer &m) {
    T x;
    ap_int<T::width> bits = m;
    x.range(T::width - 1, 0) = bits.range(T::width - 1, 0);
    return x;
}
template <class T> inline T bxc_from_raw(long long m) {
    return bxc_from_wide_raw<T>(m);
}
/* What to narrow an X from: ap_fixed reads a bit beyond its operand when that ends right of all that is
 * kept, so such an operand gets leading bits first. FRACTION: of what it is narrowed to. */
template <class X, int FRACTION> struct bxc_source {
    enum {
        own = bxc_fraction<X>::value,
        least = own - FRACTION + 1,
        width = (least > int(bxc_width<X>::value) ? int(least) : int(bxc_width<X>::value)) + 1
    };
    typedef ap_fixed<width, width - own> type;
};
inline long long bxc_low(const ap_int<128> &x) { return x.to_int64(); }
inline ap_int<128> bxc_left(const ap_int<128> &x, int by) { return x << by; }

#elif defined(BXC_AC_TYPES)

#if defined(__INTELFPGA_COMPILER__) || defined(SYCL_LANGUAGE_VERSION)
#include <sycl/ext/intel/ac_types/ac_fixed.hpp>
#else
#include <ac_fixed.h>
#endif

constexpr ac_q_mode bxc_vendor_q(bxc_q q) {
    return q == BXC_TRN_ZERO      ? AC_TRN_ZERO
           : q == BXC_RND         ? AC_RND
           : q == BXC_RND_ZERO    ? AC_RND_ZERO
           : q == BXC_RND_INF     ? AC_RND_INF
           : q == BXC_RND_MIN_INF ? AC_RND_MIN_INF
           : q == BXC_RND_CONV    ? AC_RND_CONV
                                  : AC_TRN;
}
constexpr ac_o_mode bxc_vendor_o(bxc_o o) {
    return o == BXC_SAT ? AC_SAT : o == BXC_SAT_ZERO ? AC_SAT_ZERO : o == BXC_SAT_SYM ? AC_SAT_SYM : AC_WRAP;
}
template <int W, int I, bxc_q Q = BXC_TRN, bxc_o O = BXC_WRAP>
using bxc_fixed = ac_fixed<W, I, true, bxc_vendor_q(Q), bxc_vendor_o(O)>;
template <int W, int I, bxc_q Q = BXC_TRN, bxc_o O = BXC_WRAP>
using bxc_ufixed = ac_fixed<W, I, false, bxc_vendor_q(Q), bxc_vendor_o(O)>;
typedef ac_int<128, true> bxc_integer;

template <class T> struct bxc_width { enum { value = T::width }; };
template <class T> struct bxc_fraction { enum { value = T::width - T::i_width }; };
template <int W, int I, bool S, ac_q_mode Q, ac_o_mode O> inline long long bxc_raw(const ac_fixed<W, I, S, Q, O> &x) {
    return x.template slc<W>(0).to_int64();
}
template <int W, int I, bool S, ac_q_mode Q, ac_o_mode O> inline bxc_integer bxc_wide_raw(const ac_fixed<W, I, S, Q, O> &x) {
    return x.template slc<W>(0);
}
template <class T> inline T bxc_from_wide_raw(const bxc_integer &m) {
    T x(0);
    x.set_slc(0, ac_int<T::width, T::sign>(m));
    return x;
}
template <class T> inline T bxc_from_raw(long long m) {
    return bxc_from_wide_raw<T>(m);
}
template <class X, int FRACTION> struct bxc_source { typedef X type; };
inline long long bxc_low(const ac_int<128, true> &x) { return x.to_int64(); }
inline ac_int<128, true> bxc_left(const ac_int<128, true> &x, int by) { return x << by; }

#else

__extension__ typedef __int128 bxc_integer;
__extension__ typedef unsigned __int128 bxc_bits;
template <class X, int FRACTION> struct bxc_source { typedef X type; };
inline constexpr long long bxc_low(bxc_integer x) { return (long long)x; }
inline constexpr bxc_integer bxc_left(bxc_integer x, int by) { return (bxc_integer)((bxc_bits)x << by); }

#endif
inline constexpr long long bxc_low(long long x) { return x; }
inline constexpr int bxc_left(int x, int by) { return (int)((unsigned)x << by); }
inline constexpr long long bxc_left(long long x, int by) { return (long long)((unsigned long long)x << by); }

/* ---- rounding and overflow on integers, for all three ---- */

/* x * 2^-drop for drop > 0. N: an integer type that holds x and 2^drop. */
template <class N> constexpr N bxc_round_right(N x, int drop, bxc_q mode) {
    const N floor = x >> drop;
    const N rest = x & N(N(N(1) << drop) - N(1));
    const N half = N(1) << (drop - 1);
    const bool negative = x < N(0), tie = rest == half, above = rest > half, exact = rest == N(0);
    const bool up = mode == BXC_TRN_ZERO      ? negative && !exact
                    : mode == BXC_RND         ? above || tie
                    : mode == BXC_RND_ZERO    ? above || (tie && negative)
                    : mode == BXC_RND_INF     ? above || (tie && !negative)
                    : mode == BXC_RND_MIN_INF ? above
                    : mode == BXC_RND_CONV    ? above || (tie && N(floor & N(1)) != N(0))
                    : mode == BXC_CEIL        ? !exact
                    : mode == BXC_AWAY        ? !negative && !exact
                                              : false;
    return up ? N(floor + N(1)) : floor;
}

/* The largest and the smallest number of a format. */
template <class N> constexpr N bxc_max(bool is_signed, int width) {
    return width <= 0 ? N(0) : N(N(N(1) << (is_signed ? width - 1 : width)) - N(1));
}
template <class N> constexpr N bxc_min(bool is_signed, int width, bxc_o mode) {
    return !is_signed || width <= 0 ? N(0)
           : mode == BXC_SAT_SYM    ? N(-bxc_max<N>(true, width))
                                    : N(-bxc_max<N>(true, width) - N(1));
}

/* x * 2^shift brought into the format, shift >= 0. */
template <class N> constexpr N bxc_fit(N x, int shift, bool is_signed, int width, bxc_o mode) {
    const N max = bxc_max<N>(is_signed, width), min = bxc_min<N>(is_signed, width, mode);
    if (mode == BXC_WRAP) {
        const N low = shift >= width ? N(0) : bxc_left(N(x & bxc_max<N>(false, width - shift)), shift);
        return low > max ? N(N(low - max) - N(max + N(2))) : low;
    }
    if (x > N(max >> shift)) return mode == BXC_SAT_ZERO ? N(0) : max;
    if (x < N(-N(N(-min) >> shift))) return mode == BXC_SAT_ZERO ? N(0) : min;
    return bxc_left(x, shift);
}

/* x of fraction `from` narrowed to a format: first rounded, then brought into the range. BITS: of N,
 * more than x has; digits beyond it round alike. */
template <class N, int BITS>
constexpr N bxc_narrow_integer(N x, int drop, bool is_signed, int width, bxc_q q, bxc_o o) {
    return drop > 0 ? bxc_fit<N>(bxc_round_right<N>(x, drop > BITS ? BITS : drop, q), 0, is_signed, width, o)
                    : bxc_fit<N>(x, -drop > BITS ? BITS : -drop, is_signed, width, o);
}

#if !defined(BXC_AP_TYPES) && !defined(BXC_AC_TYPES)

/* ---- the built-in implementation ---- */

template <int WORDS> struct bxc_pick_integer { typedef bxc_integer type; };
template <> struct bxc_pick_integer<1> { typedef int type; };
template <> struct bxc_pick_integer<2> { typedef long long type; };
/* Holds every number of W bits, sign included. */
template <int W> using bxc_holds = typename bxc_pick_integer<W <= 32 ? 1 : W <= 64 ? 2 : 4>::type;

constexpr double bxc_power_of_two(int exponent) {
    double power = 1;
    for (int i = 0; i < exponent; i++) power *= 2;
    for (int i = 0; i > exponent; i--) power *= 0.5;
    return power;
}

constexpr int bxc_larger(int a, int b) { return a > b ? a : b; }

template <int W, int I, bool S, bxc_q Q, bxc_o O> class bxc_number {
    static_assert(W >= 1 && W <= (S ? 128 : 127), "numbers have 1 to 128 bits");

public:
    enum { width = W, iwidth = I, fraction = W - I, sign = S };
    typedef bxc_holds<W + !S> storage; /* signed, so an unsigned number needs one bit more */
    storage m;                         /* stands for m * 2^-fraction */

    constexpr bxc_number() : m(0) {}
    template <int W2, int I2, bool S2, bxc_q Q2, bxc_o O2>
    constexpr bxc_number(const bxc_number<W2, I2, S2, Q2, O2> &x) : m(narrow<W2, W2 - I2, S2>(x.m)) {}
    constexpr bxc_number(int x) : m(narrow<32, 0, true>(x)) {}
    constexpr bxc_number(unsigned x) : m(narrow<32, 0, false>(x)) {}
    constexpr bxc_number(long x) : m(narrow<64, 0, true>(x)) {}
    constexpr bxc_number(long long x) : m(narrow<64, 0, true>(x)) {}
    constexpr bxc_number(double x) : m(from_double(x)) {}

    constexpr double to_double() const { return (double)m * bxc_power_of_two(-fraction); }

    template <class T> bxc_number &operator+=(const T &x) { return *this = *this + x; }
    template <class T> bxc_number &operator-=(const T &x) { return *this = *this - x; }
    template <class T> bxc_number &operator*=(const T &x) { return *this = *this * x; }

    /* Shifts keep the type: bits fall off at both ends. */
    constexpr bxc_number operator<<(int by) const {
        return by < 0 ? *this >> -by : raw(by >= W ? 0 : wrapped(bxc_left((bxc_integer)m, by)));
    }
    constexpr bxc_number operator>>(int by) const {
        return by < 0 ? *this << -by : raw((bxc_integer)m >> (by > 127 ? 127 : by));
    }

    template <class N> static constexpr bxc_number raw(N value) {
        bxc_number x;
        x.m = (storage)value;
        return x;
    }

private:
    /* From a stored integer of W2 bits and fraction F2: at once where every number fits, or only high
     * bits are lost; else by the rules at length. */
    template <int W2, int F2, bool S2> static constexpr storage narrow(bxc_holds<W2 + !S2> x) {
        constexpr int up = (int)fraction - F2, bits = bxc_larger(W2 + 2, W + 2);
        constexpr bool fits = up >= 0 && W2 + up + (S && !S2) <= W && (S || !S2) && O != BXC_SAT_SYM;
        constexpr bool wraps = up >= 0 && up <= 63 && O == BXC_WRAP && S && W <= 64;
        typedef typename bxc_pick_integer<(bits <= 63) ? 2 : 4>::type integer;
        constexpr int limit = bits <= 63 ? 62 : 126; /* of a shift */
        if (fits) return (storage)bxc_left((bxc_holds<W + !S>)x, up);
        /* the kept bits go to the top of a word and come back with their sign */
        constexpr int unused = W <= 32 ? 32 - W : W <= 64 ? 64 - W : 0, shift = up + unused;
        if (wraps && W <= 32) return (storage)((shift > 31 ? 0 : bxc_left((int)x, shift)) >> unused);
        if (wraps) return (storage)((shift > 63 ? 0 : bxc_left((long long)x, shift)) >> unused);
        constexpr int held = bits < limit ? bits : limit;
        return (storage)bxc_narrow_integer<integer, held>((integer)x, F2 - fraction, S, W, Q, O);
    }
    static constexpr bxc_integer wrapped(bxc_integer x) {
        return W >= 127 ? x : bxc_fit<bxc_integer>(x, 0, S, W < 127 ? W : 1, BXC_WRAP);
    }
    static constexpr storage from_double(double real) {
        constexpr double unit = bxc_power_of_two(W - I);
        const double scaled = real * unit;
        const double held = scaled > 1e38 ? 1e38 : scaled < -1e38 ? -1e38 : scaled;
        if (scaled >= 4e18 || scaled <= -4e18) /* whole, as a binary64 of this size is */
            return (storage)bxc_fit<bxc_integer>((bxc_integer)held, 0, S, W < 127 ? W : 126, O);
        long long floor = (long long)scaled;
        if ((double)floor > scaled) floor--;
        const double rest = scaled - (double)floor; /* two bits and whether anything follows say all of it */
        const bxc_integer x = (bxc_integer)floor * 4 + (rest == 0 ? 0 : rest < 0.5 ? 1 : rest == 0.5 ? 2 : 3);
        return (storage)bxc_fit<bxc_integer>(bxc_round_right<bxc_integer>(x, 2, Q), 0, S, W < 127 ? W : 126, O);
    }
};

template <int W, int I, bxc_q Q = BXC_TRN, bxc_o O = BXC_WRAP> using bxc_fixed = bxc_number<W, I, true, Q, O>;
template <int W, int I, bxc_q Q = BXC_TRN, bxc_o O = BXC_WRAP> using bxc_ufixed = bxc_number<W, I, false, Q, O>;

template <class T> struct bxc_width { enum { value = T::width }; };
template <class T> struct bxc_fraction { enum { value = T::fraction }; };
template <int W, int I, bool S, bxc_q Q, bxc_o O> constexpr long long bxc_raw(const bxc_number<W, I, S, Q, O> &x) {
    return (long long)x.m;
}
template <int W, int I, bool S, bxc_q Q, bxc_o O> constexpr bxc_integer bxc_wide_raw(const bxc_number<W, I, S, Q, O> &x) {
    return (bxc_integer)x.m;
}
template <class T> constexpr T bxc_from_raw(long long m) {
    return T::raw(m);
}
template <class T> constexpr T bxc_from_wide_raw(bxc_integer m) {
    return T::raw(m);
}

/* ---- its operators: results are exact ---- */

#define BXC_TWO template <int W1, int I1, bool S1, bxc_q Q1, bxc_o O1, int W2, int I2, bool S2, bxc_q Q2, bxc_o O2>
#define BXC_A const bxc_number<W1, I1, S1, Q1, O1> &a
#define BXC_B const bxc_number<W2, I2, S2, Q2, O2> &b

/* The type of a sum, and of operands that are compared. */
template <int W1, int I1, bool S1, int W2, int I2, bool S2, bool S> struct bxc_sum {
    enum {
        fraction = bxc_larger(W1 - I1, W2 - I2),
        whole = bxc_larger(I1 + (S && !S1), I2 + (S && !S2)) + 1,
        width = fraction + whole < 1 ? 1 : fraction + whole
    };
    typedef bxc_number<width, width - fraction, S, BXC_TRN, BXC_WRAP> type;
};

BXC_TWO constexpr typename bxc_sum<W1, I1, S1, W2, I2, S2, S1 || S2>::type operator+(BXC_A, BXC_B) {
    typedef typename bxc_sum<W1, I1, S1, W2, I2, S2, S1 || S2>::type type;
    return type::raw((typename type::storage)(type(a).m + type(b).m));
}
BXC_TWO constexpr typename bxc_sum<W1, I1, S1, W2, I2, S2, true>::type operator-(BXC_A, BXC_B) {
    typedef typename bxc_sum<W1, I1, S1, W2, I2, S2, true>::type type;
    return type::raw((typename type::storage)(type(a).m - type(b).m));
}
BXC_TWO constexpr bxc_number<W1 + W2, I1 + I2, S1 || S2, BXC_TRN, BXC_WRAP> operator*(BXC_A, BXC_B) {
    typedef bxc_number<W1 + W2, I1 + I2, S1 || S2, BXC_TRN, BXC_WRAP> type;
    return type::raw((typename type::storage)a.m * (typename type::storage)b.m);
}
template <int W1, int I1, bool S1, bxc_q Q1, bxc_o O1>
constexpr bxc_number<W1 + 1, I1 + 1, true, BXC_TRN, BXC_WRAP> operator-(BXC_A) {
    return bxc_number<W1 + 1, I1 + 1, true, BXC_TRN, BXC_WRAP>::raw(-(bxc_integer)a.m);
}
#define BXC_COMPARE(sign) \
    BXC_TWO constexpr bool operator sign(BXC_A, BXC_B) { \
        typedef typename bxc_sum<W1, I1, S1, W2, I2, S2, S1 || S2>::type type; \
        return type(a).m sign type(b).m; \
    }
BXC_COMPARE(==)
BXC_COMPARE(!=)
BXC_COMPARE(<)
BXC_COMPARE(<=)
BXC_COMPARE(>)
BXC_COMPARE(>=)
#undef BXC_COMPARE
#undef BXC_TWO
#undef BXC_A
#undef BXC_B

#endif

/* ---- stored integers of arrays, which are wide where their elements lie far apart ---- */

template <bool NARROW> struct bxc_word {
    typedef long long type;
    template <class X> static type of(const X &x) { return bxc_raw(x); }
    template <class Y> static Y number(type m) { return bxc_from_raw<Y>(m); }
};
template <> struct bxc_word<false> {
    typedef bxc_integer type;
    template <class X> static type of(const X &x) { return bxc_wide_raw(x); }
    template <class Y> static Y number(const type &m) { return bxc_from_wide_raw<Y>(m); }
};
template <class X> using bxc_word_of = bxc_word<(int(bxc_width<X>::value) <= 64)>;

#endif
