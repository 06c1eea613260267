/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note OR MIT */
/*
 * Position arithmetic of the rings in comm.h, for both sides and the tests.
 * Pure: nothing here reads or writes shared memory but through the two
 * accessors below. Callers keep their own position privately and pass the
 * peer's position after one acquire load.
 */
#ifndef COK_RING_H
#define COK_RING_H

#include <linux/types.h>

/* One load (acquire) or store (release) of a word the other side touches. */
static inline __u32 cok_ring_load(const __u32 *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

static inline void cok_ring_store(__u32 *p, __u32 v)
{
	__atomic_store_n(p, v, __ATOMIC_RELEASE);
}

/*
 * Units that a consumer at `cons` may read, given the peer's `prod`;
 * -1 if the peer's position is impossible. `size` is a power of two.
 */
static inline __s64 cok_ring_used(__u32 prod, __u32 cons, __u32 size)
{
	__u32 used = prod - cons;

	return used > size ? -1 : (__s64)used;
}

/*
 * Units that a producer at `prod` may write, keeping `reserve` free;
 * -1 if the peer's position is impossible.
 */
static inline __s64 cok_ring_room(__u32 prod, __u32 cons, __u32 size,
				  __u32 reserve)
{
	__s64 used = cok_ring_used(prod, cons, size);

	if (used < 0)
		return -1;
	return used + reserve >= size ? 0 : (__s64)size - used - reserve;
}

#endif /* COK_RING_H */
