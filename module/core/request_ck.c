// SPDX-License-Identifier: GPL-2.0
/* What the co-kernel asks for by itself (txn_ck.h). */
#include "txn_ck.h"

#define QUEUED_FACTOR 8 /* people decide: ask less often */

static struct cok_ck_ask *find_ask(struct cok_ck *ck, __u64 number)
{
	for (size_t i = 0; i < COK_CK_ASKS; i++)
		if (ck->ask[i].number == number)
			return &ck->ask[i];
	return NULL;
}

/* Says it, or says it again; without room the next time will do. */
static void say_ask(struct cok_ck *ck, struct cok_ck_ask *a, __u64 now)
{
	bool seldom = a->queued && !a->cancelling;
	struct cok_msg m = {
		.txid = a->number,
		.type = a->cancelling ? COK_MSG_CANCEL : COK_MSG_REQUEST,
		.kind = a->kind,
		.size = a->amount,
		.arg0 = a->urgency,
	};

	a->again = now + ck->repeat * (seldom ? QUEUED_FACTOR : 1);
	if (cok_link_send(ck->link, ck->epoch, &m))
		ck->link->ring(ck->link->ctx);
}

__u64 cok_ck_request(struct cok_ck *ck, __u32 kind, __u64 amount, __u32 urgency,
		     __u64 now)
{
	struct cok_ck_ask *a = find_ask(ck, 0);

	if (!a || !amount)
		return 0;
	*a = (struct cok_ck_ask){
		.number = ++ck->number,
		.kind = kind,
		.urgency = urgency,
		.amount = amount,
	};
	say_ask(ck, a, now);
	return a->number;
}

bool cok_ck_cancel(struct cok_ck *ck, __u64 number, __u64 now)
{
	struct cok_ck_ask *a = number ? find_ask(ck, number) : NULL;

	if (!a)
		return false;
	a->cancelling = true;
	say_ask(ck, a, now);
	return true;
}

void cok_ck_take_answer(struct cok_ck *ck, const struct cok_msg *m, __u64 now)
{
	struct cok_ck_ask *a = find_ask(ck, m->txid), copy;

	if (!a) {
		ck->count.ended++;
		return;
	}
	if (m->arg0 < COK_ANSWER_QUEUED || m->arg0 > COK_ANSWER_CANCELLED) {
		ck->count.malformed++;
		return;
	}
	copy = *a;
	if (m->arg0 == COK_ANSWER_QUEUED && a->queued) {
		ck->count.duplicate++;
		return;
	}
	if (m->arg0 == COK_ANSWER_QUEUED) {
		a->queued = true;
		if (!a->cancelling)
			a->again = now + ck->repeat * QUEUED_FACTOR;
	} else {
		memset(a, 0, sizeof(*a));
	}
	ck->ops->answered(ck->ctx, &copy, m->arg0, m->status, m->size);
}

void cok_ck_poll_asks(struct cok_ck *ck, __u64 now)
{
	for (size_t i = 0; i < COK_CK_ASKS; i++)
		if (ck->ask[i].number && now >= ck->ask[i].again)
			say_ask(ck, &ck->ask[i], now);
}

__u64 cok_ck_next_ask(const struct cok_ck *ck)
{
	__u64 next = COK_NEVER;

	for (size_t i = 0; i < COK_CK_ASKS; i++)
		if (ck->ask[i].number && ck->ask[i].again < next)
			next = ck->ask[i].again;
	return next;
}
