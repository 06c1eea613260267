/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The host's end of an enclave's transactions and of what its co-kernel asks
 * for (comm.h). It holds all of the order in which things happen; whoever uses
 * it gives it messages, the time, and functions that each do one thing.
 *
 * A transaction, as a job sees it (J: no lock of the channel, may block;
 * C: under chan_lock, never blocks):
 *
 *   J cok_txn_stage()     leases become OFFERED or RECALLED, one by one
 *   C cok_host_begin()    the list is sent, all of it or nothing
 *     wait until !cok_txn_waiting(): cok_host_message() and cok_host_poll(),
 *     C both, take the answer and look at the deadline
 *   C cok_host_decide()   COMMIT or ABORT; from here on the outcome is fixed
 *   J cok_txn_settle()    until it returns false: leases and cores move
 *
 * If staging or beginning fails: settle, too; that undoes what was staged.
 *
 *                              answered        decide()
 *   NEW ---begin()--> ASKED ------------> AGREED -----> COMMITTED
 *                       |  \                 |
 *                       |   \ declined       | all or nothing, ended
 *                       |    `-> DECLINED ---+--------> ABORTED
 *                       |  deadline, ended             ^
 *                       `------------------------------'
 *
 * An outcome is kept, and repeated, until the co-kernel has said DONE.
 *
 * RELEASE is a transaction, too, that the co-kernel has begun and answered in
 * one: cok_host_release() says that there is one, and gives it as a
 * struct cok_txn; then stage it, cok_host_released(), settle.
 *
 * The enclave may end at any time: cok_host_end(). What was not decided is
 * aborted, what was is settled as decided, with the dead.
 */
#ifndef COK_CORE_TXN_HOST_H
#define COK_CORE_TXN_HOST_H

#include <cok/genl.h>

#include "request.h"
#include "txn.h"

#ifndef COK_HOST_OPEN
#define COK_HOST_OPEN 4 /* transactions of an enclave at the same time */
#endif
#ifndef COK_HOST_KEPT
#define COK_HOST_KEPT COK_TXN_KEPT
#endif

enum cok_txn_state {
	COK_TXN_NEW,
	COK_TXN_ASKED,	  /* sent, the answer is not complete */
	COK_TXN_AGREED,	  /* a complete answer, to all or a part */
	COK_TXN_DECLINED, /* why is set */
	COK_TXN_COMMITTED,
	COK_TXN_ABORTED, /* why and err are set */
};

struct cok_txn_res {
	struct cok_res res;
	__u32 lease;   /* as it was named */
	__u32 piece;   /* settle: the lease of the part agreed to, or 0 */
	__u32 rest[2]; /* settle: what is not given, or 0 */
	__u64 entry;   /* of an ACCEPTed core, and what it finds in RSI */
	__u64 arg;
	bool staged; /* the lease is OFFERED or RECALLED by this one */
};

struct cok_txn {
	/* Set by the owner before staging. */
	__u64 txid; /* ascending for an enclave; a RELEASE's number */
	__u16 ask;  /* COK_MSG_OFFER, RECALL or RELEASE */
	__u16 total;
	bool best_effort; /* commit whatever is agreed to */
	__u64 want_cpus;  /* RECALL: of what is listed; 0: all of it */
	__u64 want_mem;	  /* bytes */
	__u64 request;	  /* OFFER: the REQUEST that it is for, or 0 */
	__u64 deadline;	  /* host's time */
	__u64 deadline_tsc;
	struct cok_txn_res res[COK_TXN_RES]; /* .lease; stage() does the rest */

	/* Ours, to be read: */
	__u16 state;	 /* enum cok_txn_state */
	__u16 why;	 /* enum cok_why: declined, aborted, or why not all */
	int err;	 /* 0, or a negative errno: see cok_host_decide() */
	__u16 answered;	 /* resources */
	__u64 query;	 /* when to ask again */
	__u16 step, at;	 /* of settle */
	int settle_err;	 /* the first error in moving what was committed */
	__u64 cpus, mem; /* agreed to, in all */
};

/*
 * What moves leases and cores. Called by stage and settle: no lock of the
 * channel is held, they may block. Each concerns resource r of transaction t.
 */
struct cok_txn_ops {
	/*
	 * Lease r->lease becomes OFFERED (from POOLED, with a core slot) or
	 * RECALLED (from GRANTED); r->res is filled in: kind, start, size,
	 * granule. With a granule, ledger entries for its parts are set aside
	 * (cok_ledger_reserve). For a RELEASE r->res is given, and it finds
	 * r->lease. Returns 0, or a negative errno having changed nothing, and
	 * may set t->why.
	 */
	int (*stage)(void *ctx, struct cok_txn *t, struct cok_txn_res *r);
	/*
	 * Splits the lease by what was given (cok_ledger_part): sets r->piece,
	 * and r->rest[] to what stays, 0 for none. Can't fail.
	 */
	void (*split)(void *ctx, struct cok_txn *t, struct cok_txn_res *r);
	/*
	 * Proves that nothing of the enclave reaches this resource any more:
	 * under the lock of halts, a core is parked (RECALL, RELEASE; an offered
	 * one was never started) and its slot freed; memory has nothing to do,
	 * unless the enclave is quarantined, or one of its cores is. Returns 0.
	 * Or not 0: that can't be proved; the lease was made QUARANTINED under
	 * the same lock.
	 */
	int (*detach)(void *ctx, struct cok_txn *t, struct cok_txn_res *r,
		      __u32 lease);
	/* Zeroes the memory of a lease that was detached. */
	void (*scrub)(void *ctx, struct cok_txn *t, __u32 lease);
	/* A lease that was detached and scrubbed becomes POOLED. */
	void (*pool)(void *ctx, struct cok_txn *t, __u32 lease);
	/*
	 * Under the lock of halts: the lease becomes (or is again) GRANTED, or
	 * QUARANTINED if the enclave is.
	 */
	void (*hold)(void *ctx, struct cok_txn *t, __u32 lease);
	/* Starts a granted core. -EPIPE: the enclave has ended. */
	int (*start)(void *ctx, struct cok_txn *t, struct cok_txn_res *r);
};

/* What became of something, for events. Called under chan_lock, with care. */
struct cok_host_notes {
	/* Asked, agreed, partial, declined; committed or aborted. */
	void (*txn)(void *ctx, const struct cok_txn *t, __u32 step);
	/* A REQUEST has come (answer 0), or has ended. */
	void (*request)(void *ctx, const struct cok_request *r, __u32 answer,
			__u16 why, __u64 given);
};

struct cok_kept {
	__u64 txid; /* 0: free */
	__u16 type; /* COK_MSG_COMMIT or ABORT */
	__u16 why;
	__u64 again; /* when to say it again */
};

/* One enclave's. All of it under chan_lock. */
struct cok_host {
	const struct cok_link *link;
	const struct cok_host_notes *notes; /* may be NULL */
	void *notes_ctx;
	__u32 epoch;
	bool ended;
	__u64 repeat; /* host's time between repetitions of an outcome */
	__u64 last;   /* the highest txid that was begun */
	struct cok_txn *open[COK_HOST_OPEN];
	struct cok_kept kept[COK_HOST_KEPT];
	struct cok_requests requests;
};

/* ---- C: under chan_lock ------------------------------------------------ */

void cok_host_init(struct cok_host *h, const struct cok_link *link, __u32 epoch,
		   __u64 repeat);

/*
 * Sends a staged transaction's list. Errors (nothing was sent, t is ABORTED and
 * t->err set): -EPIPE the enclave has ended; -EBUSY the co-kernel has not taken
 * the outcomes of so many, or there is no room in the ring: it does not read
 * its messages; -ENOENT no such request; -EALREADY that request has an offer;
 * -EINVAL txid not ascending, or total.
 */
int cok_host_begin(struct cok_host *h, struct cok_txn *t, __u64 now);

/* Is its answer still to come? Stop waiting when it is not. */
static inline bool cok_txn_waiting(const struct cok_txn *t)
{
	return t->state == COK_TXN_ASKED;
}

/*
 * Takes one message of the co-kernel's. 0: it had its effect. -EOPNOTSUPP: of
 * another type than this end's, not looked at. Without any effect, to be
 * counted: -ESTALE another epoch's; -EALREADY a repetition (answered, if there
 * is something to say); -ENOENT about nothing that is known; -EPROTO does not
 * fit.
 */
int cok_host_message(struct cok_host *h, const struct cok_msg *m, __u64 now);

/*
 * Looks at the time: asks again for answers, passes deadlines, says outcomes
 * again, and says what there was no room for. Returns when it wants to be
 * called again, COK_NEVER if there is nothing to wait for. Call it then, after
 * messages have been taken, and before cok_host_decide().
 */
__u64 cok_host_poll(struct cok_host *h, __u64 now);
/* The time that cok_host_poll() would return. */
__u64 cok_host_next(const struct cok_host *h);

/*
 * Decides, once there is nothing to wait for (or the owner does not want to
 * wait any longer, which is a timeout). Says it, or will as soon as there is
 * room. Returns t->err:
 *   0              committed: t->cpus and t->mem of it, see each res
 *   -ECONNREFUSED  declined; t->why: PARTIAL: a part was agreed to, all was
 *                  wanted
 *   -ETIMEDOUT     no complete answer in time
 *   -EPIPE         the enclave has ended
 * or what it failed with before.
 */
int cok_host_decide(struct cok_host *h, struct cok_txn *t, __u64 now);

/*
 * The enclave has ended, or ends (from here on nothing is sent). Everything
 * open is aborted, nothing kept, no request waits.
 */
void cok_host_end(struct cok_host *h);

/*
 * Is there a complete RELEASE to be taken? Fills in *t (stage it next). The
 * caller takes one at a time, in a job, not beside others of the enclave.
 */
bool cok_host_release(struct cok_host *h, struct cok_txn *t);
/* It was staged (err 0: it will be taken) or could not be: answers it. */
void cok_host_released(struct cok_host *h, struct cok_txn *t, int err);

/* ANSWER(DENIED, why). -ENOENT no such request; -EBUSY it has an offer. */
int cok_host_deny(struct cok_host *h, __u64 number, __u16 why);

/* ---- J: no lock of the channel ------------------------------------------ */

/*
 * Stages t's resources in order. On an error (ops->stage's; t is then ABORTED
 * and t->err set) those before it stay staged: settle.
 */
int cok_txn_stage(struct cok_txn *t, const struct cok_txn_ops *ops, void *ctx);

/*
 * One step of carrying out what was decided; false: there are no more. Each
 * leaves the ledger in a state that can be shown. Order: cores first, then
 * memory; if a core does not park, memory of the same transaction is not
 * trusted either (ops->detach says so).
 */
bool cok_txn_settle(struct cok_txn *t, const struct cok_txn_ops *ops,
		    void *ctx);

#endif /* COK_CORE_TXN_HOST_H */
