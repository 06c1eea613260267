/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What was negotiated with the host, for people: the last transactions,
 * releases and requests, as seen in the messages that went by. It decides
 * nothing. Pure; time is in TSC.
 */
#ifndef CK_DEALS_H
#define CK_DEALS_H

#include "types.h"
#include <cok/comm.h>

#define DEALS 32

enum deal_end {
	DEAL_OPEN = 0,
	DEAL_ANSWERED, /* the outcome has not come */
	DEAL_QUEUED,   /* a request: the host has it */
	DEAL_COMMITTED,
	DEAL_ABORTED,
	DEAL_DECLINED,
	DEAL_GRANTED,
	DEAL_DENIED,
	DEAL_CANCELLED,
};

struct deal {
	u64 number;	       /* txid, or our own; 0: free */
	u16 ask;	       /* COK_MSG_OFFER, RECALL, RELEASE or REQUEST */
	u16 end;	       /* enum deal_end */
	u16 why;	       /* enum cok_why: the first one that was said */
	u16 next;	       /* index of its list that is to come */
	u64 cpus, mem;	       /* asked for, bytes */
	u64 got_cpus, got_mem; /* agreed to, or granted */
	u64 request;	       /* OFFER: that it is for */
	u64 begun, ended;      /* TSC; ended 0: it has not */
};

struct deals {
	struct deal deal[DEALS];
	u32 next;
	u64 count;
};

/* A message of the host's, of the right epoch; and one of ours. */
void deals_heard(struct deals *d, const struct cok_msg *m, u64 now);
void deals_said(struct deals *d, const struct cok_msg *m, u64 now);

/* The i-th, oldest first; NULL: there are not so many. */
const struct deal *deals_get(const struct deals *d, u32 i);

const char *deal_ask_name(u16 ask);
const char *deal_end_name(u16 end);
const char *why_name(u16 why);

#endif /* CK_DEALS_H */
