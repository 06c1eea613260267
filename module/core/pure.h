/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the pure parts of the module need from their surroundings. They hold
 * no lock, allocate nothing and call nothing: the same files are compiled
 * into cok.ko, the co-kernel, and the host's tests.
 */
#ifndef COK_CORE_PURE_H
#define COK_CORE_PURE_H

#ifdef __KERNEL__
#include <linux/errno.h>
#include <linux/string.h>
#include <linux/types.h>
#else
#include <linux/errno.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#endif

#endif /* COK_CORE_PURE_H */
