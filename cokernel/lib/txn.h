/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The co-kernel's side of a transaction (cok/comm.h), as a state machine:
 *
 *            OFFER/RECALL 0..n-1            answer sent
 *   FREE ---> COLLECTING ---> WORKING ---> (ACCEPT, PREPARED) ---> ANSWERED
 *                 |              |                                   |   |
 *                 | broken off,  | refused, deadline      ABORT: undo|   |COMMIT
 *                 v late         v                                   v   v
 *               DECLINE        undo, DECLINE                      the history
 *
 * WORKING lasts as long as a core takes to drain or the ring takes to have
 * room. Ended transactions are remembered for a while, so that a late message
 * about one is told from one about a transaction that never was.
 *
 * Pure: time and the machine come in through arguments and struct txn_ops.
 * Deadlines are checked until the answer is sent; after that it is the host
 * that ends the transaction, late or not. Of the time left when the first
 * message came, the last eighth is kept for a refusal to arrive in time.
 */
#ifndef CK_TXN_H
#define CK_TXN_H

#include "types.h"
#include <cok/comm.h>

#define TXN_OPEN    8 /* transactions at the same time */
#define TXN_HISTORY 64

enum txn_state { TXN_FREE = 0, TXN_COLLECTING, TXN_WORKING, TXN_ANSWERED };

struct txn_res {
	u32 kind; /* enum cok_res_kind */
	u64 start, size;
	u64 entry, arg; /* an ACCEPTed core's, filled in by ops->work */
	bool touched;	/* for ops: undo has something to do for this one */
};

struct txn {
	enum txn_state state;
	bool recall; /* otherwise an offer */
	bool begun;  /* ops->work was called: undo has something to do */
	bool ready;  /* the work is done, the answer not yet sent */
	u16 got, total;
	u64 txid, deadline;
	struct txn_res res[COK_TXN_MAX_RES];
};

enum txn_step { TXN_DONE, TXN_WAIT, TXN_REFUSE };

struct txn_ops {
	/*
	 * Offer: check, and set aside what COMMIT will need, so that it can't
	 * fail. Recall: drain. Called again after TXN_WAIT, with t->begun set;
	 * TXN_REFUSE sets *why. Whatever it returns, undo can be called.
	 */
	enum txn_step (*work)(void *ctx, struct txn *t, u16 *why);
	void (*commit)(void *ctx, struct txn *t);
	void (*undo)(void *ctx, struct txn *t);
	/* Sends n messages, all or (false) none. */
	bool (*send)(void *ctx, const struct cok_msg *msgs, u32 n);
};

/* What was counted and otherwise ignored, and what went well. */
struct txn_counters {
	u64 committed, aborted, declined;
	u64 malformed; /* total, index, kind, flags or order wrong */
	u64 duplicate; /* a transaction that is open got its start again */
	u64 unknown;   /* COMMIT or ABORT of a transaction never seen */
	u64 ended;     /* a message about one that has ended */
	u64 early;     /* COMMIT before the answer */
};

struct txn_table {
	const struct txn_ops *ops;
	void *ctx;
	struct txn open[TXN_OPEN];
	u64 history[TXN_HISTORY];
	u32 history_next;
	struct txn_counters count;
};

/* One OFFER, RECALL, COMMIT or ABORT message. */
void txn_message(struct txn_table *t, const struct cok_msg *msg, u64 now);

/* Goes on with what waits, and looks at deadlines. Call it often. */
void txn_poll(struct txn_table *t, u64 now);

/* True while txn_poll() has something to wait for. */
bool txn_busy(const struct txn_table *t);

#endif /* CK_TXN_H */
