/* SPDX-License-Identifier: GPL-2.0 */
/* Short names for the fixed-width types that the ABI headers use. */
#ifndef CK_TYPES_H
#define CK_TYPES_H

#include <linux/types.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;
typedef __s64 s64;

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define KIB	      (1ULL << 10)
#define MIB	      (1ULL << 20)

#endif /* CK_TYPES_H */
