/* The clones of hot loops, of which the processor chooses; the sanitizers' runtime is not up yet when it does. */
#ifndef BXC_IR_VECTOR_H
#define BXC_IR_VECTOR_H

#if defined(__has_feature)
#define UNDER_SANITIZER __has_feature(address_sanitizer)
#elif defined(__SANITIZE_ADDRESS__)
#define UNDER_SANITIZER 1
#else
#define UNDER_SANITIZER 0
#endif
#if defined(__x86_64__) && defined(__gnu_linux__) && !UNDER_SANITIZER
#define VECTOR_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define VECTOR_CLONES
#endif

#endif
