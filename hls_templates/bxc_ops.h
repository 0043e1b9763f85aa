/* The layers that emitted HLS code is made of: loops over arrays of fixed-point numbers. Types are
 * template parameters, so that every array has the width it needs; what is assigned to a layer's own
 * result always fits it, or wraps to what fits in the end. Loops are unrolled, so each carries two marks: one
 * before it, where Catapult and oneAPI look, one in its braces, where AMD's tools look. There is no state. */
#ifndef BXC_OPS_H
#define BXC_OPS_H

#include "bxc_hls.h"

template <int N, class X, class Y> inline void bxc_copy(const X x[N], Y y[N]) {
    BXC_UNROLL_NEXT
    for (int i = 0; i < N; i++) {
        BXC_UNROLL
        y[i] = x[i];
    }
}

/* The N elements of one item of TRIPS, which lie in the whole x INNER side by side; and back. */
template <int N, int TRIPS, int INNER, class X, class Y> inline void bxc_item(const X x[], int item, Y y[N]) {
    BXC_UNROLL_NEXT
    for (int i = 0; i < N; i++) {
        BXC_UNROLL
        y[i] = x[(i / INNER * TRIPS + item) * INNER + i % INNER];
    }
}

template <int N, int TRIPS, int INNER, class X, class Y> inline void bxc_put_item(const X x[N], int item, Y y[]) {
    BXC_UNROLL_NEXT
    for (int i = 0; i < N; i++) {
        BXC_UNROLL
        y[(i / INNER * TRIPS + item) * INNER + i % INNER] = x[i];
    }
}

/* Ports carry the stored integers of their elements; inside, element i stands in its array's one format, whose
 * stored integers have shift[i] zeros more. */
template <int N, class X, class Y> inline void bxc_enter(const X x[N], const int shift[N], Y y[N]) {
    BXC_UNROLL_NEXT
    for (int i = 0; i < N; i++) {
        BXC_UNROLL
        y[i] = bxc_word_of<Y>::template number<Y>(bxc_left(typename bxc_word_of<Y>::type(bxc_raw(x[i])), shift[i]));
    }
}

template <int N, class X, class Y> inline void bxc_leave(const X x[N], const int shift[N], Y y[N]) {
    BXC_UNROLL_NEXT
    for (int i = 0; i < N; i++) {
        BXC_UNROLL
        y[i] = bxc_from_raw<Y>(bxc_low(bxc_word_of<X>::of(x[i]) >> shift[i]));
    }
}

template <int N, class A, class B, class Y> inline void bxc_add(const A a[N], const B b[N], Y y[N]) {
    BXC_UNROLL_NEXT
    for (int i = 0; i < N; i++) {
        BXC_UNROLL
        y[i] = Y(a[i]) + Y(b[i]);
    }
}

template <int N, class A, class B, class Y> inline void bxc_sub(const A a[N], const B b[N], Y y[N]) {
    BXC_UNROLL_NEXT
    for (int i = 0; i < N; i++) {
        BXC_UNROLL
        y[i] = Y(a[i]) - Y(b[i]);
    }
}

template <int N, class A, class B, class Y> inline void bxc_mul(const A a[N], const B b[N], Y y[N]) {
    BXC_UNROLL_NEXT
    for (int i = 0; i < N; i++) {
        BXC_UNROLL
        y[i] = a[i] * b[i];
    }
}

/* The same where the arrays' types make too wide a product: stored integers without a_zeros and b_zeros zeros, and
 * y_zeros for the result. */
template <class Y, class A, class B> inline Y bxc_times(const A &a, int a_zeros, const B &b, int b_zeros, int y_zeros) {
    const bxc_integer m = bxc_integer(bxc_wide_raw(a) >> a_zeros) * bxc_integer(bxc_wide_raw(b) >> b_zeros);
    return bxc_from_wide_raw<Y>(bxc_left(m, y_zeros));
}

/* COUNT of the LENGTH middle indices. */
template <int OUTER, int LENGTH, int COUNT, int INNER, class X, class Y>
inline void bxc_gather(const X x[], const int indices[COUNT], Y y[OUTER * COUNT * INNER]) {
    BXC_UNROLL_NEXT
    for (int i = 0; i < OUTER; i++) {
        BXC_UNROLL
        BXC_UNROLL_NEXT
        for (int j = 0; j < COUNT; j++) {
            BXC_UNROLL
            BXC_UNROLL_NEXT
            for (int k = 0; k < INNER; k++) {
                BXC_UNROLL
                y[(i * COUNT + j) * INNER + k] = x[(i * LENGTH + indices[j]) * INNER + k];
            }
        }
    }
}

/* y[n] = sum over k of x[k] * w[k][n]: a dense layer without its bias. */
template <int DEPTH, int COLUMNS, class X, class W, class Y>
inline void bxc_dense(const X x[DEPTH], const W w[DEPTH * COLUMNS], Y y[COLUMNS]) {
    BXC_UNROLL_NEXT
    for (int n = 0; n < COLUMNS; n++) {
        BXC_UNROLL
        y[n] = Y(0);
    }
    BXC_UNROLL_NEXT
    for (int k = 0; k < DEPTH; k++) {
        BXC_UNROLL
        BXC_UNROLL_NEXT
        for (int n = 0; n < COLUMNS; n++) {
            BXC_UNROLL
            const Y term = x[k] * w[k * COLUMNS + n];
            y[n] = y[n] + term;
        }
    }
}

/* The matrix product of ROWS x DEPTH elements from a[from_a] and DEPTH x COLUMNS from b[from_b]. */
template <int ROWS, int DEPTH, int COLUMNS, class A, class B, class Y>
inline void bxc_matmul(const A a[], int from_a, const B b[], int from_b, Y y[], int from_y) {
    BXC_UNROLL_NEXT
    for (int m = 0; m < ROWS; m++) {
        BXC_UNROLL
        BXC_UNROLL_NEXT
        for (int n = 0; n < COLUMNS; n++) {
            BXC_UNROLL
            Y sum = Y(0);
            BXC_UNROLL_NEXT
            for (int k = 0; k < DEPTH; k++) {
                BXC_UNROLL
                const Y term = a[from_a + m * DEPTH + k] * b[from_b + k * COLUMNS + n];
                sum = sum + term;
            }
            y[from_y + m * COLUMNS + n] = sum;
        }
    }
}

template <int N, class X, class Y> inline void bxc_relu(const X x[N], Y y[N]) {
    BXC_UNROLL_NEXT
    for (int i = 0; i < N; i++) {
        BXC_UNROLL
        y[i] = x[i] > X(0) ? Y(x[i]) : Y(0);
    }
}

/* One format for all: FORMAT is a bxc_fixed with its rounding and overflow. */
template <int N, class FORMAT, class X, class Y> inline void bxc_narrow(const X x[N], Y y[N]) {
    typedef typename bxc_source<X, bxc_fraction<FORMAT>::value>::type source;
    BXC_UNROLL_NEXT
    for (int i = 0; i < N; i++) {
        BXC_UNROLL
        y[i] = FORMAT(source(x[i]));
    }
}

/* Each element to its own format, on stored integers: exact for every rounding and overflow. BITS: what
 * the widest element needs while it is shifted. */
template <int N, int BITS, bxc_q Q, bxc_o O, class X, class Y>
inline void bxc_narrow_elements(const X x[N], const bxc_format format[N], Y y[N]) {
    typedef bxc_word<(BITS <= 62)> word;
    typedef typename word::type integer;
    BXC_UNROLL_NEXT
    for (int i = 0; i < N; i++) {
        BXC_UNROLL
        const bxc_format f = format[i];
        const integer m = bxc_narrow_integer<integer, (BITS <= 62 ? BITS : 126)>(
            integer(bxc_word_of<X>::of(x[i])), int(bxc_fraction<X>::value) - f.fraction, f.is_signed, f.width, Q, O);
        const int up = f.width <= 0 ? 0 : int(bxc_fraction<Y>::value) - f.fraction;
        y[i] = word::template number<Y>(bxc_left(m, up));
    }
}

/* y = table[m - FIRST], m being x's stored integer. */
template <int N, int FIRST, class X, class T, class Y> inline void bxc_table(const X x[N], const T table[], Y y[N]) {
    BXC_UNROLL_NEXT
    for (int i = 0; i < N; i++) {
        BXC_UNROLL
        y[i] = table[bxc_raw(x[i]) - FIRST];
    }
}

/* The same where elements have tables, or fractions, of their own: element i's stored integer is x's
 * without `drop` zeros, and its table's entry for 0 is table[start]. */
struct bxc_table_place {
    int drop;
    long long start;
};
template <int N, class X, class T, class Y>
inline void bxc_tables(const X x[N], const bxc_table_place place[N], const T table[], Y y[N]) {
    BXC_UNROLL_NEXT
    for (int i = 0; i < N; i++) {
        BXC_UNROLL
        y[i] = table[bxc_low(bxc_word_of<X>::of(x[i]) >> place[i].drop) + place[i].start];
    }
}

/* A staircase: values[number of thresholds that x reaches]. */
template <int N, int COUNT, class X, class T, class V, class Y>
inline void bxc_threshold(const X x[N], const T thresholds[], const V values[], Y y[N]) {
    BXC_UNROLL_NEXT
    for (int i = 0; i < N; i++) {
        BXC_UNROLL
        int step = 0;
        BXC_UNROLL_NEXT
        for (int k = 0; k < COUNT; k++) {
            BXC_UNROLL
            step += x[i] >= thresholds[k];
        }
        y[i] = values[step];
    }
}

/* The same where elements have staircases of their own: element i's is number group[i]. */
template <int N, int COUNT, class X, class T, class V, class Y>
inline void bxc_thresholds(const X x[N], const int group[N], const T thresholds[], const V values[], Y y[N]) {
    BXC_UNROLL_NEXT
    for (int i = 0; i < N; i++) {
        BXC_UNROLL
        int step = 0;
        BXC_UNROLL_NEXT
        for (int k = 0; k < COUNT; k++) {
            BXC_UNROLL
            step += x[i] >= thresholds[group[i] * COUNT + k];
        }
        y[i] = values[group[i] * (COUNT + 1) + step];
    }
}

/* Reductions over the middle of three axes. */
template <int OUTER, int LENGTH, int INNER, class X, class Y>
inline void bxc_reduce_sum(const X x[], Y y[OUTER * INNER]) {
    BXC_UNROLL_NEXT
    for (int i = 0; i < OUTER; i++) {
        BXC_UNROLL
        BXC_UNROLL_NEXT
        for (int j = 0; j < INNER; j++) {
            BXC_UNROLL
            Y sum = Y(0);
            BXC_UNROLL_NEXT
            for (int k = 0; k < LENGTH; k++) {
                BXC_UNROLL
                sum = sum + Y(x[(i * LENGTH + k) * INNER + j]);
            }
            y[i * INNER + j] = sum;
        }
    }
}

template <int OUTER, int LENGTH, int INNER, class X, class Y>
inline void bxc_reduce_max(const X x[], Y y[OUTER * INNER]) {
    BXC_UNROLL_NEXT
    for (int i = 0; i < OUTER; i++) {
        BXC_UNROLL
        BXC_UNROLL_NEXT
        for (int j = 0; j < INNER; j++) {
            BXC_UNROLL
            X best = x[i * LENGTH * INNER + j];
            BXC_UNROLL_NEXT
            for (int k = 1; k < LENGTH; k++) {
                BXC_UNROLL
                const X next = x[(i * LENGTH + k) * INNER + j];
                best = next > best ? next : best;
            }
            y[i * INNER + j] = best;
        }
    }
}

/* Index of the largest; of equals the first, or the last. */
template <int OUTER, int LENGTH, int INNER, bool LAST, class X, class Y>
inline void bxc_argmax(const X x[], Y y[OUTER * INNER]) {
    BXC_UNROLL_NEXT
    for (int i = 0; i < OUTER; i++) {
        BXC_UNROLL
        BXC_UNROLL_NEXT
        for (int j = 0; j < INNER; j++) {
            BXC_UNROLL
            X best = x[i * LENGTH * INNER + j];
            int at = 0;
            BXC_UNROLL_NEXT
            for (int k = 1; k < LENGTH; k++) {
                BXC_UNROLL
                const X next = x[(i * LENGTH + k) * INNER + j];
                if (next > best || (LAST && next == best)) {
                    best = next;
                    at = k;
                }
            }
            y[i * INNER + j] = Y(at);
        }
    }
}

#endif
