/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What both ends of a transaction (comm.h) have in common: resources, parts
 * and amounts, and the way messages leave. txn_host.h is the host's end,
 * txn_ck.h the co-kernel's.
 *
 * Pure: time comes in through arguments, in units of the caller's (all of one
 * end's in the same), the machine through tables of functions. Nothing here
 * allocates, sleeps or takes a lock.
 */
#ifndef COK_CORE_TXN_H
#define COK_CORE_TXN_H

#include <cok/comm.h>

#include "pure.h"

/* Resources that an entry has room for. Smaller for model checking. */
#ifndef COK_TXN_RES
#define COK_TXN_RES COK_TXN_MAX_RES
#endif

#define COK_NEVER (~0ULL) /* as a time */

/* One resource of a transaction. */
struct cok_res {
	__u32 kind;    /* enum cok_res_kind */
	__u16 granule; /* log2 of bytes in which it may be parted; 0: it may not */
	__u16 why; /* enum cok_why: why `given` is not more; NONE if it is all */
	__u64 start; /* as in cok_msg: APIC id, or address */
	__u64 size;  /* as in cok_msg: core slot, or bytes */
	/* The part agreed to; (start, 0) is none of it. */
	__u64 at;    /* CPU: start; memory: address */
	__u64 given; /* amount: CPU: 1; memory: bytes */
};

/*
 * How messages leave. Called under the lock that the end's functions are called
 * under; must not block, and must not call back into the end.
 */
struct cok_link {
	/*
	 * How many messages of this type there is room for now. COMMIT and
	 * ABORT of the host, DECLINE and DONE of the co-kernel may have the
	 * slots that are kept free for them.
	 */
	__u32 (*room)(void *ctx, __u16 type);
	/* Sends one, for which there is room; fills in seq. */
	void (*send)(void *ctx, struct cok_msg *m);
	/* Has something new for the other side been sent? Ring, once. */
	void (*ring)(void *ctx);
	void *ctx;
};

/* Is this something that a transaction can be about? */
bool cok_res_valid(const struct cok_res *r);
/* All of it, as an amount: 1 core, or bytes. */
__u64 cok_res_amount(const struct cok_res *r);
bool cok_res_overlap(const struct cok_res *a, const struct cok_res *b);

/* Agrees to all of it. */
void cok_res_give_all(struct cok_res *r);
/* Agrees to none of it, for a reason. */
void cok_res_give_none(struct cok_res *r, __u16 why);
/*
 * Agrees to a part of memory: false, and nothing is changed, if that is no
 * part: not inside, empty, or not in granules. All of it is one (why is then
 * NONE).
 */
bool cok_res_give_part(struct cok_res *r, __u64 at, __u64 size, __u16 why);

/*
 * The answer about one resource, from its part; and back. `all` is the type
 * that agrees to all of it: ACCEPT or PREPARED. cok_res_take returns false,
 * and changes nothing, if the message is no answer about r.
 */
void cok_res_answer(const struct cok_res *r, __u16 all, struct cok_msg *m);
bool cok_res_take(struct cok_res *r, __u16 all, const struct cok_msg *m);

/* Sends m if there is room. The epoch is filled in. */
bool cok_link_send(const struct cok_link *l, __u32 epoch, struct cok_msg *m);

#endif /* COK_CORE_TXN_H */
