/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ledger: which resources are out of Linux's hands, and whose they are.
 * A fixed table; the caller serializes access (in the module: lease.c).
 */
#ifndef COK_CORE_LEDGER_H
#define COK_CORE_LEDGER_H

#include <cok/comm.h>
#include <cok/genl.h>

#include "pure.h"

#define COK_ZONE_MAX 16

struct cok_lease {
	__u32 id;      /* 1.., never reused; 0: the entry is free */
	__u32 kind;    /* enum cok_res_kind */
	__u32 state;   /* enum cok_lease_state */
	__u32 enclave; /* holder: OFFERED..RECALLED and QUARANTINED, else 0 */
	__u32 op;      /* operation that last moved it; 0 while GRANTED */
	__u64 txid;    /* its transaction: OFFERED and RECALLED, else 0 */
	bool boot;     /* boot core, or the memory that holds the image */
	bool busy;     /* a job is working on it */
	bool reserved; /* of the pool: to it, and not home, it goes back */
	__u8 spare;    /* free entries that are set aside for its parts */

	__u32 cpu;		 /* CPU: Linux's number ... */
	__u32 apic_id;		 /* ... and the id the core itself reported */
	__u64 start;		 /* memory: physical address ... */
	__u64 size;		 /* ... and bytes, not 0 ... */
	__u32 source;		 /* ... and how: enum cok_mem_source ... */
	char zone[COK_ZONE_MAX]; /* ... and its zone, for a block to restore */
};

struct cok_ledger {
	struct cok_lease *slot;
	__u32 nr_slots;
	__u32 last_id;
	__u32 spare; /* of all leases: free entries that are not for others */
};

/*
 * Enter *want (kind, busy and resource fields) in state TAKING for operation
 * op.
 * -EEXIST: the CPU has a lease, or the range overlaps one. -EINVAL: an empty
 * or wrapping range, or an unknown kind. -ENOSPC: the table is full.
 */
int cok_ledger_add(struct cok_ledger *l, const struct cok_lease *want, __u32 op,
		   struct cok_lease **out);

/*
 * The one function that changes a lease's state. -EINVAL: not a legal
 * transition, or enclave and txid don't fit the new state: POOLED, TAKING and
 * RETURNING have neither, GRANTED and QUARANTINED an enclave, OFFERED and
 * RECALLED both. A lease that reaches HOST is gone from the table; a reserved
 * one that comes back POOLED is in the pool, in no operation's hands. What was
 * set aside for its parts is free again.
 */
int cok_ledger_move(struct cok_ledger *l, struct cok_lease *lease, __u32 to,
		    __u32 enclave, __u64 txid);

/* In the pool: reserved, POOLED, and in no operation's hands. */
static inline bool cok_lease_in_pool(const struct cok_lease *lease)
{
	return lease->reserved && lease->state == COK_LS_POOLED && !lease->op;
}

/*
 * In an operation's hands, or, given back by a co-kernel unasked, in nobody's:
 * alive or not, somebody has to see to it.
 */
static inline bool cok_lease_unsettled(const struct cok_lease *lease)
{
	return lease->id && (lease->op || (lease->state == COK_LS_POOLED &&
					   !lease->reserved));
}

/* Called for each lease that was changed. */
typedef void (*cok_lease_fn)(const struct cok_lease *lease);

/*
 * All that the operation has taken is the pool's from here on.
 * -EBUSY: a job is on a lease of it, or one is not POOLED; nothing has changed
 * then. -ENOENT: it has none.
 */
int cok_ledger_keep(struct cok_ledger *l, __u32 op, cok_lease_fn changed);

/*
 * These leases leave the pool for the operation's hands; no longer reserved, if
 * they are to go home. -ENOENT: one of them is not in the pool; then none has
 * changed.
 */
int cok_ledger_draw(struct cok_ledger *l, const __u32 *ids, __u32 n, __u32 op,
		    bool home, cok_lease_fn changed);
/* The same for all that is in the pool. -ENOENT: nothing is. */
int cok_ledger_draw_all(struct cok_ledger *l, __u32 op, bool home,
			cok_lease_fn changed);

/*
 * Contiguous ranges side by side, POOLED, of one operation and zone (or both
 * in the pool), and not busy, become one: the older lease of the two. Joins
 * `lease` with one neighbour; *gone is the entry that ended. NULL: there is
 * none to join.
 */
struct cok_lease *cok_ledger_join(struct cok_ledger *l, struct cok_lease *lease,
				  struct cok_lease *gone);

/*
 * The last `size` bytes of a contiguous range, GRANTED or in the pool, as a
 * lease of its own, *tail. The first `keep` bytes are not to be parted. -EINVAL: no such size,
 * not contiguous. -EBUSY: in use, or it would part what is to be kept.
 * -ENOSPC: the table is full.
 */
int cok_ledger_split(struct cok_ledger *l, struct cok_lease *lease, __u64 size,
		     __u64 keep, struct cok_lease **tail);

/*
 * Sets up to two entries aside, so that cok_ledger_part() can't fail. For an OFFERED
 * or RECALLED contiguous range (else -EINVAL), once. -ENOSPC.
 */
int cok_ledger_reserve(struct cok_ledger *l, struct cok_lease *lease);

/*
 * Splits an OFFERED or RECALLED contiguous range: [start, start + size) becomes
 * a lease of its own, piece[0]; what stays is piece[1], which keeps the
 * lease's number, and piece[2] if it lies on both sides. If it is all of the
 * lease, that is piece[0]; pieces there are not are NULL. All stay in the
 * lease's state and hands. -EINVAL: not such a lease, or not inside it in
 * COK_CONTIG_UNITs; -ENOSPC: nothing was set aside and the table is full.
 */
int cok_ledger_part(struct cok_ledger *l, struct cok_lease *lease, __u64 start,
		    __u64 size, struct cok_lease *piece[3]);

struct cok_lease *cok_ledger_find(struct cok_ledger *l, __u32 id);
struct cok_lease *cok_ledger_find_cpu(struct cok_ledger *l, __u32 cpu);
/* The first lease that overlaps [start, start + size). */
struct cok_lease *cok_ledger_find_mem(struct cok_ledger *l, __u64 start,
				      __u64 size);
/*
 * The next lease with an id above `id`, lowest first; NULL at the end. Stable
 * for dumps that are interrupted.
 */
struct cok_lease *cok_ledger_next(struct cok_ledger *l, __u32 id);

#endif /* COK_CORE_LEDGER_H */
