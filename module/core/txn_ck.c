// SPDX-License-Identifier: GPL-2.0
#include "txn_ck.h"

void cok_ck_init(struct cok_ck *ck, const struct cok_ck_ops *ops, void *ctx,
		 const struct cok_link *link, __u32 epoch, __u64 repeat)
{
	memset(ck, 0, sizeof(*ck));
	ck->ops = ops;
	ck->ctx = ctx;
	ck->link = link;
	ck->epoch = epoch;
	ck->repeat = repeat;
}

/* ---- looking up ---------------------------------------------------------- */

/* Numbers of ours are another space than the host's. */
static struct cok_ck_txn *find_open(struct cok_ck *ck, __u64 txid, bool own)
{
	for (size_t i = 0; i < COK_CK_OPEN; i++) {
		struct cok_ck_txn *t = &ck->open[i];
		bool release = t->ask == COK_MSG_RELEASE;

		if (t->state != COK_CK_TXN_FREE && t->txid == txid &&
		    release == own)
			return t;
	}
	return NULL;
}

static struct cok_ck_txn *find_state(struct cok_ck *ck, __u8 state)
{
	for (size_t i = 0; i < COK_CK_OPEN; i++)
		if (ck->open[i].state == state)
			return &ck->open[i];
	return NULL;
}

static const struct cok_ck_txn *who_names(const struct cok_ck *ck,
					  const struct cok_res *r)
{
	for (size_t i = 0; i < COK_CK_OPEN; i++) {
		const struct cok_ck_txn *t = &ck->open[i];

		for (__u16 j = 0; t->state != COK_CK_TXN_FREE && j < t->got;
		     j++)
			if (cok_res_overlap(&t->res[j].res, r))
				return t;
	}
	return NULL;
}

bool cok_ck_names(const struct cok_ck *ck, const struct cok_res *r)
{
	return who_names(ck, r);
}

/* ---- sending ------------------------------------------------------------- */

static bool send_one(struct cok_ck *ck, struct cok_msg *m)
{
	if (!cok_link_send(ck->link, ck->epoch, m))
		return false;
	ck->link->ring(ck->link->ctx);
	return true;
}

/* Without room: the host repeats what it was about, and hears it then. */
static void say(struct cok_ck *ck, __u64 txid, __u16 type, __u16 why)
{
	struct cok_msg m = {
		.txid = txid,
		.type = type,
		.status = why,
	};

	send_one(ck, &m);
}

/* Is this resource in the list that is sent? Of a RELEASE, what is given. */
static bool is_listed(const struct cok_ck_txn *t, __u16 i)
{
	return t->ask != COK_MSG_RELEASE || t->res[i].res.given;
}

static void list_message(const struct cok_ck_txn *t, __u16 i, struct cok_msg *m)
{
	const struct cok_ck_res *r = &t->res[i];

	if (t->ask == COK_MSG_RELEASE) {
		m->type = COK_MSG_RELEASE;
		m->kind = r->res.kind;
		m->start = r->res.at;
		m->size = r->res.kind == COK_RES_CPU ? r->res.size
						     : r->res.given;
		return;
	}
	cok_res_answer(
		&r->res,
		t->ask == COK_MSG_OFFER ? COK_MSG_ACCEPT : COK_MSG_PREPARED, m);
	if (t->ask == COK_MSG_OFFER) {
		m->arg0 = r->entry;
		m->arg1 = r->arg;
	}
}

/* The answer, or the RELEASE: all of the list or nothing. */
static bool send_list(struct cok_ck *ck, const struct cok_ck_txn *t)
{
	__u16 total = 0, index = 0;

	for (__u16 i = 0; i < t->total; i++)
		total += is_listed(t, i);
	/* Its first type stands for all: none of them has a reserve. */
	if (ck->link->room(ck->link->ctx, COK_MSG_PARTIAL) < total)
		return false;
	for (__u16 i = 0; i < t->total; i++) {
		struct cok_msg m = { .txid = t->txid, .total = total };

		if (!is_listed(t, i))
			continue;
		m.index = index++;
		list_message(t, i, &m);
		cok_link_send(ck->link, ck->epoch, &m);
	}
	ck->link->ring(ck->link->ctx);
	return true;
}

/* ---- ending -------------------------------------------------------------- */

static void keep(struct cok_ck *ck, __u64 txid, __u16 type, __u16 why)
{
	ck->kept[ck->next_kept++ % COK_CK_KEPT] = (struct cok_ck_end){
		.txid = txid,
		.type = type,
		.why = why,
	};
	if (txid > ck->last)
		ck->last = txid;
}

static void undo(struct cok_ck *ck, struct cok_ck_txn *t)
{
	if (t->begun)
		ck->ops->undo(ck->ctx, t);
	memset(t, 0, sizeof(*t));
}

static void decline(struct cok_ck *ck, struct cok_ck_txn *t, __u16 why)
{
	__u64 txid = t->txid;

	ck->count.declined++;
	if (t->ask == COK_MSG_RELEASE) {
		undo(ck, t);
		return;
	}
	keep(ck, txid, COK_MSG_DECLINE, why);
	undo(ck, t);
	say(ck, txid, COK_MSG_DECLINE, why);
}

/* Declines what was never begun here, and never will. */
static void decline_unseen(struct cok_ck *ck, __u64 txid, __u16 why)
{
	ck->count.declined++;
	keep(ck, txid, COK_MSG_DECLINE, why);
	say(ck, txid, COK_MSG_DECLINE, why);
}

/* About one that has ended: what was said of it. */
static void say_again(struct cok_ck *ck, __u64 txid)
{
	__u16 type = COK_MSG_DECLINE, why = COK_WHY_UNKNOWN;

	ck->count.ended++;
	for (size_t i = 0; i < COK_CK_KEPT; i++)
		if (ck->kept[i].txid == txid) {
			type = ck->kept[i].type;
			why = ck->kept[i].why;
		}
	say(ck, txid, type, why);
}

/* ---- working ------------------------------------------------------------- */

/*
 * What of all was agreed to? False: more than was asked for, which would be
 * refused by the host.
 */
static bool add_up(const struct cok_ck_txn *t, bool *any, bool *all, __u16 *why)
{
	__u64 cpus = 0, mem = 0;

	*any = false;
	*all = true;
	*why = COK_WHY_NONE;
	for (__u16 i = 0; i < t->total; i++) {
		const struct cok_res *r = &t->res[i].res;

		if (r->kind == COK_RES_CPU)
			cpus += r->given;
		else
			mem += r->given;
		*any |= r->given != 0;
		*all &= r->given == cok_res_amount(r);
		if (!*why)
			*why = r->why;
	}
	return (!t->want_cpus || cpus <= t->want_cpus) &&
	       (!t->want_mem || mem <= t->want_mem);
}

/* The work is done: false if there is nothing to say but no. */
static bool have_answer(struct cok_ck *ck, struct cok_ck_txn *t)
{
	bool any, all;
	__u16 why;

	if (!add_up(t, &any, &all, &why) || !any) {
		decline(ck, t, why ? why : COK_WHY_REFUSED);
		return false;
	}
	if (!all)
		ck->count.partial++;
	return true;
}

static void work(struct cok_ck *ck, struct cok_ck_txn *t, __u64 now)
{
	__u16 why = COK_WHY_REFUSED;
	enum cok_ck_step step;

	if (now >= t->deadline) {
		/* A core that did not drain in time is one that is in use. */
		decline(ck, t,
			t->begun && t->ask == COK_MSG_RECALL ? COK_WHY_IN_USE
							     : COK_WHY_TIMEOUT);
		return;
	}
	if (!t->ready) {
		step = ck->ops->work(ck->ctx, t, &why);
		t->begun = true;
		if (step == COK_CK_REFUSE)
			decline(ck, t, why);
		if (step != COK_CK_DONE || !have_answer(ck, t))
			return;
		t->ready = true;
	}
	if (!send_list(ck, t))
		return;
	t->state = COK_CK_TXN_ANSWERED;
	t->again = now + ck->repeat;
}

/* No outcome for a while: ask for it. Of a RELEASE: say it again. */
static void ask_again(struct cok_ck *ck, struct cok_ck_txn *t, __u64 now)
{
	t->again = now + ck->repeat;
	if (t->ask == COK_MSG_RELEASE)
		send_list(ck, t);
	else
		say(ck, t->txid, COK_MSG_QUERY_END, COK_WHY_NONE);
}

void cok_ck_poll(struct cok_ck *ck, __u64 now)
{
	for (size_t i = 0; i < COK_CK_OPEN; i++) {
		struct cok_ck_txn *t = &ck->open[i];

		if (t->state == COK_CK_TXN_WORKING)
			work(ck, t, now);
		else if (t->state == COK_CK_TXN_COLLECTING &&
			 now >= t->deadline)
			decline(ck, t, COK_WHY_TIMEOUT);
		else if (t->state == COK_CK_TXN_ANSWERED && now >= t->again)
			ask_again(ck, t, now);
	}
	cok_ck_poll_asks(ck, now);
}

bool cok_ck_busy(const struct cok_ck *ck)
{
	for (size_t i = 0; i < COK_CK_OPEN; i++)
		if (ck->open[i].state == COK_CK_TXN_WORKING)
			return true;
	return false;
}

__u64 cok_ck_next(const struct cok_ck *ck, __u64 now)
{
	__u64 next = cok_ck_next_ask(ck);

	for (size_t i = 0; i < COK_CK_OPEN; i++) {
		const struct cok_ck_txn *t = &ck->open[i];
		__u64 at = COK_NEVER;

		if (t->state == COK_CK_TXN_WORKING)
			at = now;
		else if (t->state == COK_CK_TXN_COLLECTING)
			at = t->deadline;
		else if (t->state == COK_CK_TXN_ANSWERED)
			at = t->again;
		if (at < next)
			next = at;
	}
	return next;
}

/* ---- OFFER and RECALL ---------------------------------------------------- */

/* Amounts and the request are said in each message, alike for its kind. */
static bool take_arg1(struct cok_ck_txn *t, const struct cok_msg *m)
{
	__u64 *arg = &t->request;
	bool first = true;

	if (t->ask == COK_MSG_RECALL)
		arg = m->kind == COK_RES_CPU ? &t->want_cpus : &t->want_mem;
	for (__u16 i = 0; i < t->got; i++)
		if (t->ask == COK_MSG_OFFER || t->res[i].res.kind == m->kind)
			first = false;
	if (first)
		*arg = m->arg1;
	return *arg == m->arg1;
}

/* NONE, or why it can't be in this transaction. */
static __u16 judge(struct cok_ck *ck, struct cok_ck_txn *t,
		   const struct cok_msg *m, const struct cok_res *r)
{
	const struct cok_ck_txn *other;

	if (m->index != t->got || m->total != t->total)
		return COK_WHY_PROTOCOL;
	if (r->kind != COK_RES_CPU && r->kind != COK_RES_MEM)
		return COK_WHY_UNSUPPORTED;
	if (!cok_res_valid(r))
		return COK_WHY_PROTOCOL;
	other = who_names(ck, r);
	if (other)
		return other == t ? COK_WHY_PROTOCOL : COK_WHY_IN_USE;
	return take_arg1(t, m) ? COK_WHY_NONE : COK_WHY_PROTOCOL;
}

static void collect(struct cok_ck *ck, struct cok_ck_txn *t,
		    const struct cok_msg *m, __u64 now)
{
	struct cok_res r = {
		.kind = m->kind,
		.granule = m->kind == COK_RES_MEM ? m->status : 0,
		.start = m->start,
		.size = m->size,
	};
	__u16 why = judge(ck, t, m, &r);

	if (why) {
		if (why != COK_WHY_IN_USE)
			ck->count.malformed++;
		decline(ck, t, why);
		return;
	}
	cok_res_give_none(&r, COK_WHY_NONE);
	t->res[t->got++].res = r;
	if (t->got < t->total)
		return;
	t->state = COK_CK_TXN_WORKING;
	work(ck, t, now);
}

/* The last eighth of the time is for the answer's way back. */
static __u64 own_deadline(__u64 deadline, __u64 now)
{
	return deadline > now ? deadline - (deadline - now) / 8 : now;
}

static void begin(struct cok_ck *ck, const struct cok_msg *m, __u64 now)
{
	struct cok_ck_txn *t;

	if (m->index) {
		/* Its first message was lost: the host will ask. */
		ck->count.malformed++;
		return;
	}
	if (!m->total || m->total > COK_TXN_RES) {
		ck->count.malformed++;
		decline_unseen(ck, m->txid, COK_WHY_PROTOCOL);
		return;
	}
	t = find_state(ck, COK_CK_TXN_FREE);
	if (!t) {
		decline_unseen(ck, m->txid, COK_WHY_NO_SPACE);
		return;
	}
	ck->last = m->txid;
	*t = (struct cok_ck_txn){
		.state = COK_CK_TXN_COLLECTING,
		.ask = m->type,
		.total = m->total,
		.txid = m->txid,
		.deadline = own_deadline(m->arg0, now),
	};
	collect(ck, t, m, now);
}

/* A repetition, once it is complete, is answered like the first time. */
static void repeated(struct cok_ck *ck, struct cok_ck_txn *t,
		     const struct cok_msg *m)
{
	ck->count.duplicate++;
	if (t->state == COK_CK_TXN_ANSWERED && m->index + 1 == m->total)
		send_list(ck, t);
}

static void take_list(struct cok_ck *ck, const struct cok_msg *m, __u64 now)
{
	struct cok_ck_txn *t = find_open(ck, m->txid, false);
	struct cok_ck_txn *half = find_state(ck, COK_CK_TXN_COLLECTING);

	if (half && half != t) {
		/* Messages of a transaction come without others in between. */
		ck->count.malformed++;
		decline(ck, half, COK_WHY_PROTOCOL);
	}
	if (t && t->state == COK_CK_TXN_COLLECTING && t->ask == m->type &&
	    m->index >= t->got)
		collect(ck, t, m, now);
	else if (t)
		repeated(ck, t, m);
	else if (m->txid > ck->last)
		begin(ck, m, now);
	else if (m->index + 1 == m->total)
		say_again(ck, m->txid);
	else
		ck->count.ended++;
}

/* ---- QUERY, COMMIT, ABORT ------------------------------------------------ */

static void take_query(struct cok_ck *ck, const struct cok_msg *m)
{
	struct cok_ck_txn *t = find_open(ck, m->txid, false);

	if (t && t->state == COK_CK_TXN_COLLECTING)
		decline(ck, t, COK_WHY_UNKNOWN); /* the rest of it was lost */
	else if (t && t->state == COK_CK_TXN_ANSWERED)
		send_list(ck, t);
	else if (!t && m->txid > ck->last)
		decline_unseen(ck, m->txid, COK_WHY_UNKNOWN);
	else if (!t)
		say_again(ck, m->txid);
}

static void done(struct cok_ck *ck, __u64 txid)
{
	say(ck, txid, COK_MSG_DONE, COK_WHY_NONE);
}

static void take_commit(struct cok_ck *ck, const struct cok_msg *m)
{
	struct cok_ck_txn *t = find_open(ck, m->txid, false);

	if (t && t->state != COK_CK_TXN_ANSWERED) {
		ck->count.early++;
	} else if (t) {
		ck->count.committed++;
		ck->ops->commit(ck->ctx, t);
		memset(t, 0, sizeof(*t));
		keep(ck, m->txid, COK_MSG_DONE, COK_WHY_NONE);
		done(ck, m->txid);
	} else if (m->txid <= ck->last) {
		ck->count.ended++;
		done(ck, m->txid);
	} else {
		ck->count.unknown++;
	}
}

static void take_abort(struct cok_ck *ck, const struct cok_msg *m)
{
	struct cok_ck_txn *t = find_open(ck, m->txid, false);

	if (t) {
		ck->count.aborted++;
		undo(ck, t);
	} else {
		ck->count.ended++;
	}
	/* It may also have come before its OFFER, which must not begin then. */
	if (t || m->txid > ck->last)
		keep(ck, m->txid, COK_MSG_DONE, COK_WHY_NONE);
	done(ck, m->txid);
}

/* ---- RELEASE ------------------------------------------------------------- */

static bool release_under_way(const struct cok_ck *ck)
{
	for (size_t i = 0; i < COK_CK_OPEN; i++)
		if (ck->open[i].state != COK_CK_TXN_FREE &&
		    ck->open[i].ask == COK_MSG_RELEASE)
			return true;
	return false;
}

__u64 cok_ck_release(struct cok_ck *ck, const struct cok_res *res, __u16 n,
		     __u64 now)
{
	struct cok_ck_txn *t = find_state(ck, COK_CK_TXN_FREE);
	__u64 number;

	if (!n || n > COK_TXN_RES || !t || release_under_way(ck))
		return 0;
	*t = (struct cok_ck_txn){
		.state = COK_CK_TXN_WORKING,
		.ask = COK_MSG_RELEASE,
		.total = n,
		.deadline = COK_NEVER,
	};
	for (__u16 i = 0; i < n; i++) {
		struct cok_res r = res[i];

		if (!cok_res_valid(&r) || cok_ck_names(ck, &r)) {
			memset(t, 0, sizeof(*t));
			return 0;
		}
		cok_res_give_none(&r, COK_WHY_NONE);
		t->res[t->got++].res = r;
	}
	number = ++ck->number;
	t->txid = number;
	work(ck, t, now);
	return number;
}

static void release_answered(struct cok_ck *ck, struct cok_ck_txn *t,
			     const struct cok_msg *m)
{
	if (t->state != COK_CK_TXN_ANSWERED) {
		ck->count.early++;
	} else if (m->arg0 == COK_ANSWER_DONE) {
		ck->count.released++;
		ck->ops->commit(ck->ctx, t);
		memset(t, 0, sizeof(*t));
	} else if (m->arg0 == COK_ANSWER_DENIED) {
		ck->count.aborted++;
		undo(ck, t);
	} else {
		ck->count.malformed++;
	}
}

static void take_own(struct cok_ck *ck, const struct cok_msg *m, __u64 now)
{
	struct cok_ck_txn *t = find_open(ck, m->txid, true);

	if (t)
		release_answered(ck, t, m);
	else
		cok_ck_take_answer(ck, m, now);
}

bool cok_ck_message(struct cok_ck *ck, const struct cok_msg *m, __u64 now)
{
	void (*take)(struct cok_ck *, const struct cok_msg *) = NULL;

	switch (m->type) {
	case COK_MSG_OFFER:
	case COK_MSG_RECALL:
	case COK_MSG_ANSWER:
		break;
	case COK_MSG_COMMIT:
		take = take_commit;
		break;
	case COK_MSG_ABORT:
		take = take_abort;
		break;
	case COK_MSG_QUERY:
		take = take_query;
		break;
	default:
		return false;
	}
	if (m->epoch != ck->epoch)
		ck->count.stale++;
	else if (!m->txid)
		ck->count.malformed++;
	else if (take)
		take(ck, m);
	else if (m->type == COK_MSG_ANSWER)
		take_own(ck, m, now);
	else
		take_list(ck, m, now);
	return true;
}
