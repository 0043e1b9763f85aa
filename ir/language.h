/* What the compiler gives beyond C11. */
#ifndef BXC_IR_LANGUAGE_H
#define BXC_IR_LANGUAGE_H

#include <stdint.h>

#if defined(__GNUC__)
#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))
#else
#define PRINTF_LIKE(text, first)
#endif

__extension__ typedef __int128 int128;
__extension__ typedef unsigned __int128 uint128;

#endif
