// SPDX-License-Identifier: GPL-2.0
#include "txn.h"
#include "string.h"

/* ---- looking up -------------------------------------------------------- */

static struct txn *find_open(struct txn_table *tab, u64 txid)
{
	for (size_t i = 0; i < TXN_OPEN; i++)
		if (tab->open[i].state != TXN_FREE && tab->open[i].txid == txid)
			return &tab->open[i];
	return NULL;
}

static struct txn *find_state(struct txn_table *tab, enum txn_state state)
{
	for (size_t i = 0; i < TXN_OPEN; i++)
		if (tab->open[i].state == state)
			return &tab->open[i];
	return NULL;
}

static bool has_ended(const struct txn_table *tab, u64 txid)
{
	for (size_t i = 0; i < TXN_HISTORY; i++)
		if (tab->history[i] == txid)
			return true;
	return false;
}

/* ---- ending ------------------------------------------------------------ */

static void end(struct txn_table *tab, struct txn *t)
{
	tab->history[tab->history_next++ % TXN_HISTORY] = t->txid;
	memset(t, 0, sizeof(*t));
}

static bool send_decline(struct txn_table *tab, u64 txid, u16 why)
{
	struct cok_msg msg = {
		.txid = txid,
		.type = COK_MSG_DECLINE,
		.status = why,
		.total = 1,
	};

	tab->count.declined++;
	/* Without room the host's own deadline ends the transaction. */
	return tab->ops->send(tab->ctx, &msg, 1);
}

static void decline(struct txn_table *tab, struct txn *t, u16 why)
{
	u64 txid = t->txid;

	if (t->begun)
		tab->ops->undo(tab->ctx, t);
	end(tab, t);
	send_decline(tab, txid, why);
}

/* ---- working ----------------------------------------------------------- */

static bool send_answer(struct txn_table *tab, struct txn *t)
{
	struct cok_msg msg[COK_TXN_MAX_RES];

	for (u16 i = 0; i < t->total; i++)
		msg[i] = (struct cok_msg){
			.txid = t->txid,
			.type = t->recall ? COK_MSG_PREPARED : COK_MSG_ACCEPT,
			.index = i,
			.total = t->total,
			.kind = t->res[i].kind,
			.start = t->res[i].start,
			.size = t->res[i].size,
			.arg0 = t->res[i].entry,
			.arg1 = t->res[i].arg,
		};
	return tab->ops->send(tab->ctx, msg, t->total);
}

static void work(struct txn_table *tab, struct txn *t, u64 now)
{
	u16 why = COK_WHY_REFUSED;

	if (now >= t->deadline) {
		/* A core that did not drain in time is one that is in use. */
		decline(tab, t,
			t->begun && t->recall ? COK_WHY_IN_USE
					      : COK_WHY_TIMEOUT);
		return;
	}
	if (!t->ready) {
		switch (tab->ops->work(tab->ctx, t, &why)) {
		case TXN_REFUSE:
			t->begun = true;
			decline(tab, t, why);
			return;
		case TXN_WAIT:
			t->begun = true;
			return;
		case TXN_DONE:
			t->begun = t->ready = true;
		}
	}
	if (send_answer(tab, t))
		t->state = TXN_ANSWERED;
}

void txn_poll(struct txn_table *tab, u64 now)
{
	for (size_t i = 0; i < TXN_OPEN; i++) {
		struct txn *t = &tab->open[i];

		if (t->state == TXN_WORKING)
			work(tab, t, now);
		else if (t->state == TXN_COLLECTING && now >= t->deadline)
			decline(tab, t, COK_WHY_TIMEOUT);
	}
}

bool txn_busy(const struct txn_table *tab)
{
	for (size_t i = 0; i < TXN_OPEN; i++)
		if (tab->open[i].state == TXN_WORKING ||
		    tab->open[i].state == TXN_COLLECTING)
			return true;
	return false;
}

/* ---- collecting -------------------------------------------------------- */

static bool res_overlap(const struct txn_res *a, const struct txn_res *b)
{
	if (a->kind != b->kind)
		return false;
	if (a->kind == COK_RES_CPU)
		return a->start == b->start || a->size == b->size;
	return a->start < b->start + b->size && b->start < a->start + a->size;
}

/* NONE, or why a resource that was named already can't be named again. */
static u16 already_named(const struct txn_table *tab, const struct txn *t,
			 const struct txn_res *res)
{
	for (size_t i = 0; i < TXN_OPEN; i++) {
		const struct txn *o = &tab->open[i];

		if (o->state == TXN_FREE)
			continue;
		for (u16 j = 0; j < o->got; j++)
			if (res_overlap(&o->res[j], res))
				return o == t ? COK_WHY_PROTOCOL
					      : COK_WHY_IN_USE;
	}
	return COK_WHY_NONE;
}

static bool res_valid(const struct txn_res *res)
{
	if (res->kind == COK_RES_CPU)
		return res->start <= 0xffffffff && res->size < COK_MAX_CORES;
	return res->size && !(res->size & 4095) && !(res->start & 4095) &&
	       res->start + res->size > res->start;
}

static void collect(struct txn_table *tab, struct txn *t,
		    const struct cok_msg *msg, u64 now)
{
	struct txn_res res = {
		.kind = msg->kind,
		.start = msg->start,
		.size = msg->size,
	};
	u16 why = COK_WHY_NONE;

	if (msg->index != t->got || msg->total != t->total) {
		tab->count.malformed++;
		why = COK_WHY_PROTOCOL;
	} else if (res.kind != COK_RES_CPU && res.kind != COK_RES_MEM) {
		tab->count.malformed++;
		why = COK_WHY_UNSUPPORTED;
	} else if (!res_valid(&res)) {
		tab->count.malformed++;
		why = COK_WHY_PROTOCOL;
	} else {
		why = already_named(tab, t, &res);
	}
	if (why) {
		decline(tab, t, why);
		return;
	}
	t->res[t->got++] = res;
	if (t->got < t->total)
		return;
	t->state = TXN_WORKING;
	work(tab, t, now);
}

/* The last eighth of the time is for the answer's way back. */
static u64 own_deadline(u64 deadline, u64 now)
{
	return deadline > now ? deadline - (deadline - now) / 8 : now;
}

static void begin(struct txn_table *tab, const struct cok_msg *msg, u64 now)
{
	struct txn *t;

	if (!msg->total || msg->total > COK_TXN_MAX_RES || msg->index) {
		/* Its first message was lost or refused: the rest is noise. */
		tab->count.malformed++;
		if (!msg->index)
			send_decline(tab, msg->txid, COK_WHY_PROTOCOL);
		return;
	}
	t = find_state(tab, TXN_FREE);
	if (!t) {
		send_decline(tab, msg->txid, COK_WHY_NO_SPACE);
		return;
	}
	*t = (struct txn){
		.state = TXN_COLLECTING,
		.recall = msg->type == COK_MSG_RECALL,
		.total = msg->total,
		.txid = msg->txid,
		.deadline = own_deadline(msg->arg0, now),
	};
	collect(tab, t, msg, now);
}

static void start_message(struct txn_table *tab, const struct cok_msg *msg,
			  u64 now)
{
	struct txn *t = find_open(tab, msg->txid);
	struct txn *half = find_state(tab, TXN_COLLECTING);

	if (half && half != t) {
		/* Messages of a transaction come without others in between. */
		tab->count.malformed++;
		decline(tab, half, COK_WHY_PROTOCOL);
	}
	if (t && t->state == TXN_COLLECTING &&
	    t->recall == (msg->type == COK_MSG_RECALL))
		collect(tab, t, msg, now);
	else if (t)
		tab->count.duplicate++;
	else if (has_ended(tab, msg->txid))
		tab->count.ended++;
	else
		begin(tab, msg, now);
}

/* ---- outcome ----------------------------------------------------------- */

static void outcome_message(struct txn_table *tab, const struct cok_msg *msg)
{
	struct txn *t = find_open(tab, msg->txid);

	if (!t) {
		if (has_ended(tab, msg->txid))
			tab->count.ended++;
		else
			tab->count.unknown++;
		return;
	}
	if (msg->type == COK_MSG_ABORT) {
		tab->count.aborted++;
		if (t->begun)
			tab->ops->undo(tab->ctx, t);
		end(tab, t);
	} else if (t->state == TXN_ANSWERED) {
		tab->count.committed++;
		tab->ops->commit(tab->ctx, t);
		end(tab, t);
	} else {
		tab->count.early++;
	}
}

void txn_message(struct txn_table *tab, const struct cok_msg *msg, u64 now)
{
	if (!msg->txid || msg->flags) {
		tab->count.malformed++;
		return;
	}
	if (msg->type == COK_MSG_OFFER || msg->type == COK_MSG_RECALL)
		start_message(tab, msg, now);
	else
		outcome_message(tab, msg);
}
