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

/**
 * cok_ring_load() - one acquire load of a word that the other side writes
 * @p: the word
 *
 * Return: its value.
 */
static inline __u32 cok_ring_load(const __u32 *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

/**
 * cok_ring_store() - one release store of a word that the other side reads
 * @p: the word
 * @v: its new value
 */
static inline void cok_ring_store(__u32 *p, __u32 v)
{
	__atomic_store_n(p, v, __ATOMIC_RELEASE);
}

/**
 * cok_ring_used() - how much a consumer may read
 * @prod: the producer's position
 * @cons: the consumer's position
 * @size: of the ring; a power of two
 *
 * Return: units, or -1 if the peer's position is impossible.
 */
static inline __s64 cok_ring_used(__u32 prod, __u32 cons, __u32 size)
{
	__u32 used = prod - cons;

	return used > size ? -1 : (__s64)used;
}

/**
 * cok_ring_room() - how much a producer may write
 * @prod: the producer's position
 * @cons: the consumer's position
 * @size: of the ring; a power of two
 * @reserve: units to keep free
 *
 * Return: units, or -1 if the peer's position is impossible.
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
