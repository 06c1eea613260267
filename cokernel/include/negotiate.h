/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What goes back and forth with the host (cok/comm.h): the order of messages is
 * module/core/txn_ck.c's, what they do to the machine is here. Core 0 only,
 * with interrupts off.
 */
#ifndef CK_NEGOTIATE_H
#define CK_NEGOTIATE_H

#include "deals.h"
#include "types.h"
#include <core/txn_ck.h>

extern struct cok_ck ck;
extern struct deals deals; /* what was negotiated, for people */

/* ---- negotiate.c: offers, recalls, releases ------------------------------ */
void negotiate_init(const struct cok_link *link, u32 epoch);
void negotiate_poll(void);
/* Is there something to go on with at once, without waiting for anybody? */
bool negotiate_busy(void);

/* ---- choose.c: what to give, of what is listed ---------------------------- */

/* Says of each core in t whether it is given (res.given), or why not. */
void choose_cores(struct cok_ck_txn *t);
/* The same of memory: which part; `move`: also if frames have to be moved. */
void choose_memory(struct cok_ck_txn *t, bool move);
/*
 * The cheapest `amount` of cores, or bytes of memory, as a list for a RELEASE.
 * Returns its length, 0: there is nothing to give.
 */
u16 choose_release(u32 kind, u64 amount, struct cok_res *list);

/* ---- demand.c: what we ask for by ourselves -------------------------------- */
void demand_poll(void);
void demand_answered(const struct cok_ck_ask *ask, u16 answer, u16 why,
		     u64 given);
/* An offer that was made for one of our requests has been committed. */
void demand_served(u64 request);
/* So much was recalled from us: don't ask for it back at once. */
void demand_gave(u32 kind);

#endif /* CK_NEGOTIATE_H */
