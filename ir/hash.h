/* Content hashes. */
#ifndef BXC_IR_HASH_H
#define BXC_IR_HASH_H

#include <stddef.h>
#include <stdint.h>

struct sha256 {
    uint32_t state[8];
    uint64_t length;
    uint8_t block[64];
};

void sha256_start(struct sha256 *hash);
void sha256_add(struct sha256 *hash, const void *data, size_t length);
void sha256_finish(struct sha256 *hash, char hexadecimal[65]);
void sha256_of(const void *data, size_t length, char hexadecimal[65]);

#endif
