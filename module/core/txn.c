// SPDX-License-Identifier: GPL-2.0
#include "txn.h"

/* The type that agrees to what was asked. */
static __u16 agreement(const struct cok_txn *t)
{
	return t->ask == COK_MSG_OFFER ? COK_MSG_ACCEPT : COK_MSG_PREPARED;
}

static int take_agreement(struct cok_txn *t, const struct cok_msg *m)
{
	struct cok_txn_res *r;

	if (m->total != t->total || m->index != t->answered)
		return -EPROTO;
	r = &t->res[m->index];
	if (m->kind != r->kind || m->start != r->start || m->size != r->size)
		return -EPROTO;
	r->arg0 = m->arg0;
	r->arg1 = m->arg1;
	if (++t->answered == t->total)
		t->state = COK_TXN_AGREED;
	return 0;
}

int cok_txn_answer(struct cok_txn *t, const struct cok_msg *m)
{
	if (t->state != COK_TXN_OPEN)
		return -EALREADY;
	if (m->txid != t->txid)
		return -EPROTO;
	if (m->type == COK_MSG_DECLINE) {
		t->state = COK_TXN_DECLINED;
		t->why = m->status ? m->status : COK_WHY_REFUSED;
		return 0;
	}
	if (m->type != agreement(t))
		return -EPROTO;
	return take_agreement(t, m);
}

int cok_txn_commit(struct cok_txn *t)
{
	if (t->state != COK_TXN_AGREED)
		return -EINVAL;
	t->state = COK_TXN_COMMITTED;
	return 0;
}

int cok_txn_abort(struct cok_txn *t, __u16 why)
{
	if (t->state == COK_TXN_COMMITTED || t->state == COK_TXN_ABORTED)
		return -EINVAL;
	if (t->state != COK_TXN_DECLINED)
		t->why = why;
	t->state = COK_TXN_ABORTED;
	return 0;
}

void cok_txn_msg(const struct cok_txn *t, __u16 type, __u16 i, __u64 deadline,
		 struct cok_msg *m)
{
	*m = (struct cok_msg){
		.txid = t->txid,
		.type = type,
		.index = i,
		.total = t->total,
		.kind = t->res[i].kind,
		.start = t->res[i].start,
		.size = t->res[i].size,
		.arg0 = deadline,
	};
}

void cok_txn_remember(struct cok_txn_history *h, const struct cok_txn *t)
{
	__u32 i = h->next++ % COK_TXN_HISTORY;

	h->slot[i].txid = t->txid;
	h->slot[i].why = t->why;
	h->slot[i].type = t->state == COK_TXN_COMMITTED ? COK_MSG_COMMIT
							: COK_MSG_ABORT;
}

int cok_txn_outcome(const struct cok_txn_history *h, __u64 txid,
		    struct cok_msg *m)
{
	for (__u32 i = 0; txid && i < COK_TXN_HISTORY; i++) {
		if (h->slot[i].txid != txid)
			continue;
		*m = (struct cok_msg){
			.txid = txid,
			.type = h->slot[i].type,
			.status = h->slot[i].why,
		};
		return 0;
	}
	return -ENOENT;
}
