/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The host's table of what one co-kernel asks for: REQUESTs that wait, the one
 * RELEASE that is under way, and how the last ones ended. Used by txn_host.c;
 * lists and dumps read `waiting` under chan_lock.
 *
 * Numbers are the co-kernel's and ascend. A number is new if it is above all
 * that were seen, or among the last 64 and not seen: messages can be lost, and
 * a later one can come first.
 */
#ifndef COK_CORE_REQUEST_H
#define COK_CORE_REQUEST_H

#include "txn.h"

#ifndef COK_REQUESTS
#define COK_REQUESTS COK_MAX_REQUESTS
#endif
#ifndef COK_REQUESTS_KEPT
#define COK_REQUESTS_KEPT 32
#endif

struct cok_request {
	__u64 number; /* 0: free */
	__u32 kind;   /* enum cok_res_kind */
	__u32 urgency;
	__u64 amount;	/* bytes, or cores */
	__u64 since;	/* host's time when it came */
	__u64 txid;	/* of the offer for it that is under way, or 0 */
	bool cancelled; /* meanwhile: if the offer fails, it has ended */
};

/* How one ended. */
struct cok_request_end {
	__u64 number;
	__u16 answer; /* enum cok_answer */
	__u16 why;
	__u64 given;
};

enum cok_release_state {
	COK_RELEASE_NONE,
	COK_RELEASE_COMING, /* its list is not complete */
	COK_RELEASE_READY,  /* to be taken */
	COK_RELEASE_TAKING, /* a job has it */
	COK_RELEASE_ENDED,
};

/* The last RELEASE: the next one says that this one's answer was read. */
struct cok_release {
	__u64 number;
	__u16 state; /* enum cok_release_state */
	__u16 got, total;
	__u16 answer, why; /* ENDED: DONE or DENIED */
	struct cok_res res[COK_TXN_RES];
};

struct cok_requests {
	struct cok_request waiting[COK_REQUESTS];
	struct cok_request_end ended[COK_REQUESTS_KEPT];
	__u32 next_ended;
	__u64 highest; /* number seen */
	__u64 seen;    /* bit i: highest - i was */
	struct cok_release release;
};

/* What a message did, besides the answer. */
enum cok_request_news {
	COK_REQUEST_NOTHING,
	COK_REQUEST_CAME,      /* *r */
	COK_REQUEST_ENDED,     /* *r, *end */
	COK_REQUEST_RELEASING, /* a RELEASE is complete */
};

struct cok_request_result {
	enum cok_request_news news;
	struct cok_request r;
	struct cok_request_end end;
	struct cok_msg answer; /* to be sent, if its type is not 0 */
};

/*
 * Takes a REQUEST, CANCEL or RELEASE. 0, or with no effect but perhaps an
 * answer: -EALREADY a repetition; -EPROTO does not fit.
 */
int cok_requests_message(struct cok_requests *q, const struct cok_msg *m,
			 __u64 now, struct cok_request_result *res);

/* NULL: no such request waits. */
struct cok_request *cok_requests_find(struct cok_requests *q, __u64 number);

/* Ends one that waits; res->end, res->r and res->answer say how. */
void cok_requests_end(struct cok_requests *q, struct cok_request *r,
		      __u16 answer, __u16 why, __u64 given,
		      struct cok_request_result *res);

/* The ANSWER about something that has ended. */
void cok_requests_answer(const struct cok_request_end *end, struct cok_msg *m);
void cok_requests_release_answer(const struct cok_release *rel,
				 struct cok_msg *m);

#endif /* COK_CORE_REQUEST_H */
