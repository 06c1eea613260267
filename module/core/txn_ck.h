/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The co-kernel's end of transactions and of what it asks for (comm.h):
 *
 *            OFFER/RECALL 0..n-1            answer sent
 *   FREE ---> COLLECTING ---> WORKING ------------------------> ANSWERED
 *                 |              ^  |                             |   |
 *                 | broken off,  |  | refused, deadline ABORT: undo|   |COMMIT
 *                 v late         |  v                             v   v
 *               DECLINE          |  undo, DECLINE                  DONE
 *                                |
 *   cok_ck_release() ------------'  its "answer" is the RELEASE, its outcome
 *                                   the host's ANSWER
 *
 * WORKING lasts as long as a core takes to drain or the ring takes to have
 * room. Ended transactions are remembered for a while, so that a late or
 * repeated message about one is answered as before. Txids ascend: what is not
 * open and not above all seen has ended.
 *
 * Of the host's deadline, as it was when the first message came, the last
 * eighth is kept for the answer to arrive in time. After the answer it is the
 * host that ends the transaction; the co-kernel asks for the outcome (QUERY_END)
 * each `repeat`.
 *
 * The caller serializes. Time is in TSC.
 */
#ifndef COK_CORE_TXN_CK_H
#define COK_CORE_TXN_CK_H

#include "txn.h"

#ifndef COK_CK_OPEN
#define COK_CK_OPEN 8 /* transactions at the same time */
#endif
#ifndef COK_CK_KEPT
#define COK_CK_KEPT 64 /* ended ones that are remembered */
#endif
#ifndef COK_CK_ASKS
#define COK_CK_ASKS COK_MAX_REQUESTS
#endif

enum cok_ck_txn_state {
	COK_CK_TXN_FREE = 0,
	COK_CK_TXN_COLLECTING,
	COK_CK_TXN_WORKING,
	COK_CK_TXN_ANSWERED,
};

struct cok_ck_res {
	struct cok_res res; /* .at, .given, .why: ops->work says them */
	__u64 entry, arg;   /* an ACCEPTed core's: ops->work fills them in */
	bool touched;	    /* for ops: undo has something to do for this one */
};

struct cok_ck_txn {
	__u8 state; /* enum cok_ck_txn_state */
	bool begun; /* ops->work was called: undo has something to do */
	bool ready; /* the work is done, the answer not yet sent */
	__u16 ask;  /* COK_MSG_OFFER, RECALL or RELEASE */
	__u16 got, total;
	__u64 txid;		   /* or the RELEASE's number */
	__u64 request;		   /* OFFER: of ours that it answers, or 0 */
	__u64 deadline;		   /* own; COK_NEVER: none */
	__u64 again;		   /* ANSWERED: when to ask for the outcome */
	__u64 want_cpus, want_mem; /* RECALL: of all listed; 0: all */
	struct cok_ck_res res[COK_TXN_RES];
};

enum cok_ck_step { COK_CK_DONE, COK_CK_WAIT, COK_CK_REFUSE };

/* What was asked for: a REQUEST of ours. */
struct cok_ck_ask {
	__u64 number; /* 0: free */
	__u32 kind, urgency;
	__u64 amount;
	bool queued;	 /* the host has it */
	bool cancelling; /* CANCEL is what is repeated */
	__u64 again;
};

struct cok_ck_ops {
	/*
	 * OFFER: check, and set aside what COMMIT will need, so that it can't
	 * fail. RECALL and RELEASE: drain, unmap, flush. Called again after
	 * WAIT, with t->begun set. DONE: each res says what of it is agreed to
	 * (cok_res_give_*; none at first). For what is not, nothing must have
	 * changed. REFUSE sets *why. Whatever it returns, undo can be called.
	 */
	enum cok_ck_step (*work)(void *ctx, struct cok_ck_txn *t, __u16 *why);
	/* What was agreed to has moved. */
	void (*commit)(void *ctx, struct cok_ck_txn *t);
	/* Nothing has. */
	void (*undo)(void *ctx, struct cok_ck_txn *t);
	/* A REQUEST was QUEUED, or has ended (any other answer). */
	void (*answered)(void *ctx, const struct cok_ck_ask *ask, __u16 answer,
			 __u16 why, __u64 given);
};

/* What was counted and otherwise ignored, and what went well. */
struct cok_ck_counters {
	__u64 committed, aborted, declined, partial;
	__u64 released;	 /* RELEASEs that the host took */
	__u64 malformed; /* total, index, kind or order wrong */
	__u64 duplicate; /* about one that is open */
	__u64 unknown;	 /* COMMIT of a transaction never seen */
	__u64 ended;	 /* about one that has ended */
	__u64 early;	 /* COMMIT before the answer */
	__u64 stale;	 /* another epoch's */
};

/* One that has ended, and what is said of it when it is asked after. */
struct cok_ck_end {
	__u64 txid;
	__u16 type; /* COK_MSG_DONE or DECLINE */
	__u16 why;
};

struct cok_ck {
	const struct cok_ck_ops *ops;
	const struct cok_link *link;
	void *ctx; /* of ops */
	__u32 epoch;
	__u64 repeat; /* TSC between repetitions */
	__u64 last;   /* the highest txid seen */
	__u64 number; /* the last of our own */
	struct cok_ck_txn open[COK_CK_OPEN];
	struct cok_ck_end kept[COK_CK_KEPT];
	__u32 next_kept;
	struct cok_ck_ask ask[COK_CK_ASKS];
	struct cok_ck_counters count;
};

void cok_ck_init(struct cok_ck *ck, const struct cok_ck_ops *ops, void *ctx,
		 const struct cok_link *link, __u32 epoch, __u64 repeat);

/*
 * One message of the host's. True if it was of a type that is this end's:
 * OFFER, RECALL, COMMIT, ABORT, QUERY, ANSWER.
 */
bool cok_ck_message(struct cok_ck *ck, const struct cok_msg *m, __u64 now);

/* Goes on with what waits, and looks at the time. Call it often. */
void cok_ck_poll(struct cok_ck *ck, __u64 now);
/* When it has to be called; COK_NEVER. `now` if there is work to go on with. */
__u64 cok_ck_next(const struct cok_ck *ck, __u64 now);
/* True while there is work to go on with (a core drains, the ring is full). */
bool cok_ck_busy(const struct cok_ck *ck);

/* Is any of this part of an open transaction or release? */
bool cok_ck_names(const struct cok_ck *ck, const struct cok_res *r);

/*
 * REQUEST: asks until it is answered, and now and then while it is QUEUED.
 * Returns its number, 0: the table is full.
 */
__u64 cok_ck_request(struct cok_ck *ck, __u32 kind, __u64 amount, __u32 urgency,
		     __u64 now);
/* CANCEL; ops->answered says how it ended. False: no such request. */
bool cok_ck_cancel(struct cok_ck *ck, __u64 number, __u64 now);

/*
 * RELEASE: ops->work drains it, the host is told, then ops->commit or
 * ops->undo. One at a time. Returns its number, 0: one is under way, the list
 * is bad (0, more than COK_TXN_RES, invalid), the table is full, or a resource
 * is in an open transaction.
 */
__u64 cok_ck_release(struct cok_ck *ck, const struct cok_res *res, __u16 n,
		     __u64 now);

/* ---- between txn_ck.c and request_ck.c ------------------------------------ */

/* An ANSWER that is not about the open RELEASE. */
void cok_ck_take_answer(struct cok_ck *ck, const struct cok_msg *m, __u64 now);
void cok_ck_poll_asks(struct cok_ck *ck, __u64 now);
__u64 cok_ck_next_ask(const struct cok_ck *ck);

#endif /* COK_CORE_TXN_CK_H */
