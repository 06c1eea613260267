/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The host's side of one transaction (comm.h): what was asked, what has been
 * answered. Feeding it messages is all it does; sending, waiting and moving
 * leases are its owner's.
 */
#ifndef COK_CORE_TXN_H
#define COK_CORE_TXN_H

#include <cok/comm.h>

#include "pure.h"

enum cok_txn_state {
	COK_TXN_OPEN,	  /* asked, waiting */
	COK_TXN_AGREED,	  /* every resource accepted or prepared */
	COK_TXN_DECLINED, /* why is set */
	COK_TXN_COMMITTED,
	COK_TXN_ABORTED,
};

struct cok_txn_res {
	__u32 kind;
	__u32 lease;
	__u64 start; /* as in cok_msg */
	__u64 size;
	__u64 arg0; /* from the ACCEPT */
	__u64 arg1;
};

struct cok_txn {
	__u64 txid;
	__u16 ask;   /* COK_MSG_OFFER or COK_MSG_RECALL */
	__u16 state; /* enum cok_txn_state */
	__u16 why;   /* enum cok_why */
	__u16 total;
	__u16 answered; /* resources agreed so far */
	struct cok_txn_res res[COK_TXN_MAX_RES];
};

/*
 * Take one message with this txid: 0 it advanced the transaction, -EALREADY
 * the transaction is not open (answer with its outcome), -EPROTO the message
 * does not fit (counted, no effect).
 */
int cok_txn_answer(struct cok_txn *t, const struct cok_msg *m);

/* End it: COMMIT is legal from AGREED only, ABORT from anything not ended. */
int cok_txn_commit(struct cok_txn *t);
int cok_txn_abort(struct cok_txn *t, __u16 why);

/* The message of type `type` about resource i (0 <= i < total). */
void cok_txn_msg(const struct cok_txn *t, __u16 type, __u16 i, __u64 deadline,
		 struct cok_msg *m);

/* Outcomes of the last transactions, for late answers. Zero-initialized. */
#define COK_TXN_HISTORY 32

struct cok_txn_history {
	struct {
		__u64 txid;
		__u16 type; /* COK_MSG_COMMIT or COK_MSG_ABORT */
		__u16 why;
	} slot[COK_TXN_HISTORY];
	__u32 next;
};

void cok_txn_remember(struct cok_txn_history *h, const struct cok_txn *t);
/* The outcome message for a finished txid; -ENOENT: not known (any more). */
int cok_txn_outcome(const struct cok_txn_history *h, __u64 txid,
		    struct cok_msg *m);

#endif /* COK_CORE_TXN_H */
