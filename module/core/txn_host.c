// SPDX-License-Identifier: GPL-2.0
#include "txn_host.h"

void cok_host_init(struct cok_host *h, const struct cok_link *link, __u32 epoch,
		   __u64 repeat)
{
	memset(h, 0, sizeof(*h));
	h->link = link;
	h->epoch = epoch;
	h->repeat = repeat;
}

static void note(struct cok_host *h, const struct cok_txn *t, __u32 step)
{
	if (h->notes)
		h->notes->txn(h->notes_ctx, t, step);
}

/* ---- saying -------------------------------------------------------------- */

static bool send(struct cok_host *h, struct cok_msg *m)
{
	return cok_link_send(h->link, h->epoch, m);
}

static void ring(struct cok_host *h)
{
	h->link->ring(h->link->ctx);
}

static bool send_and_ring(struct cok_host *h, struct cok_msg *m)
{
	bool sent = send(h, m);

	if (sent)
		ring(h);
	return sent;
}

/* Says an outcome; again later, in any case. */
static bool say(struct cok_host *h, struct cok_kept *k, __u64 now)
{
	struct cok_msg m = {
		.txid = k->txid,
		.type = k->type,
		.status = k->why,
	};
	bool sent = send(h, &m);

	k->again = now + (sent ? h->repeat : h->repeat / 16 + 1);
	return sent;
}

/* At half of the time that is left, but not without end. */
static __u64 next_query(const struct cok_host *h, const struct cok_txn *t,
			__u64 now)
{
	__u64 half = t->deadline > now ? (t->deadline - now) / 2 : 0;

	return half > h->repeat / 16 ? now + half : COK_NEVER;
}

static bool query(struct cok_host *h, struct cok_txn *t, __u64 now)
{
	struct cok_msg m = { .txid = t->txid, .type = COK_MSG_QUERY };

	t->query = next_query(h, t, now);
	return send(h, &m);
}

/* ---- requests ------------------------------------------------------------ */

static void tell(struct cok_host *h, struct cok_request_result *res)
{
	if (h->notes && res->news == COK_REQUEST_CAME)
		h->notes->request(h->notes_ctx, &res->r, 0, COK_WHY_NONE, 0);
	if (h->notes && res->news == COK_REQUEST_ENDED)
		h->notes->request(h->notes_ctx, &res->r, res->end.answer,
				  res->end.why, res->end.given);
	/* Without room: it will ask again. */
	if (res->answer.type && !h->ended)
		send_and_ring(h, &res->answer);
}

/* The offer for a request has come to an end. */
static void end_request(struct cok_host *h, const struct cok_txn *t)
{
	struct cok_request *r = cok_requests_find(&h->requests, t->request);
	struct cok_request_result res;

	if (!r || r->txid != t->txid)
		return;
	memset(&res, 0, sizeof(res));
	r->txid = 0;
	if (t->state == COK_TXN_COMMITTED)
		cok_requests_end(&h->requests, r, COK_ANSWER_GRANTED,
				 COK_WHY_NONE,
				 r->kind == COK_RES_CPU ? t->cpus : t->mem,
				 &res);
	else if (r->cancelled)
		cok_requests_end(&h->requests, r, COK_ANSWER_CANCELLED,
				 COK_WHY_CANCELLED, 0, &res);
	tell(h, &res);
}

int cok_host_deny(struct cok_host *h, __u64 number, __u16 why)
{
	struct cok_request *r = cok_requests_find(&h->requests, number);
	struct cok_request_result res;

	if (!r)
		return -ENOENT;
	if (r->txid)
		return -EBUSY;
	memset(&res, 0, sizeof(res));
	cok_requests_end(&h->requests, r, COK_ANSWER_DENIED, why, 0, &res);
	tell(h, &res);
	return 0;
}

/* ---- looking up ---------------------------------------------------------- */

static struct cok_txn **find_open(struct cok_host *h, __u64 txid)
{
	for (__u32 i = 0; i < COK_HOST_OPEN; i++)
		if (h->open[i] && h->open[i]->txid == txid)
			return &h->open[i];
	return NULL;
}

static struct cok_txn **free_open(struct cok_host *h)
{
	for (__u32 i = 0; i < COK_HOST_OPEN; i++)
		if (!h->open[i])
			return &h->open[i];
	return NULL;
}

static struct cok_kept *find_kept(struct cok_host *h, __u64 txid)
{
	for (__u32 i = 0; i < COK_HOST_KEPT; i++)
		if (h->kept[i].txid == txid)
			return &h->kept[i];
	return NULL;
}

/* Each open transaction will need an entry, too. */
static bool room_to_keep(struct cok_host *h)
{
	__u32 used = 1;

	for (__u32 i = 0; i < COK_HOST_KEPT; i++)
		used += h->kept[i].txid != 0;
	for (__u32 i = 0; i < COK_HOST_OPEN; i++)
		if (h->open[i])
			used++;
	return used <= COK_HOST_KEPT;
}

/* ---- beginning ----------------------------------------------------------- */

static int may_begin(struct cok_host *h, const struct cok_txn *t)
{
	struct cok_request *r = cok_requests_find(&h->requests, t->request);

	if (h->ended)
		return -EPIPE;
	if (t->state != COK_TXN_NEW || !t->total || t->total > COK_TXN_RES ||
	    t->txid <= h->last ||
	    (t->ask != COK_MSG_OFFER && t->ask != COK_MSG_RECALL))
		return -EINVAL;
	if (t->request && !r)
		return -ENOENT;
	if (r && r->txid)
		return -EALREADY;
	if (!free_open(h) || !room_to_keep(h) ||
	    h->link->room(h->link->ctx, t->ask) < t->total)
		return -EBUSY;
	return 0;
}

static void send_list(struct cok_host *h, const struct cok_txn *t)
{
	for (__u16 i = 0; i < t->total; i++) {
		const struct cok_res *r = &t->res[i].res;
		struct cok_msg m = {
			.txid = t->txid,
			.type = t->ask,
			.status = r->granule,
			.index = i,
			.total = t->total,
			.kind = r->kind,
			.start = r->start,
			.size = r->size,
			.arg0 = t->deadline_tsc,
			.arg1 = t->request,
		};

		if (t->ask == COK_MSG_RECALL)
			m.arg1 = r->kind == COK_RES_CPU ? t->want_cpus
							: t->want_mem;
		send(h, &m);
	}
	ring(h);
}

static int fail(struct cok_txn *t, int err)
{
	t->state = COK_TXN_ABORTED;
	t->err = err;
	return err;
}

int cok_host_begin(struct cok_host *h, struct cok_txn *t, __u64 now)
{
	int err = may_begin(h, t);

	if (err)
		return fail(t, err);
	t->state = COK_TXN_ASKED;
	t->query = next_query(h, t, now);
	*free_open(h) = t;
	h->last = t->txid;
	if (t->request)
		cok_requests_find(&h->requests, t->request)->txid = t->txid;
	note(h, t, COK_TS_ASKED);
	send_list(h, t);
	return 0;
}

/* ---- ending -------------------------------------------------------------- */

/* The outcome is fixed in t: keep it, and say it. */
static void conclude(struct cok_host *h, struct cok_txn *t, __u64 now)
{
	bool committed = t->state == COK_TXN_COMMITTED;
	struct cok_kept *k = find_kept(h, 0);

	*find_open(h, t->txid) = NULL;
	*k = (struct cok_kept){
		.txid = t->txid,
		.type = committed ? COK_MSG_COMMIT : COK_MSG_ABORT,
		.why = committed ? COK_WHY_NONE : t->why,
	};
	if (say(h, k, now))
		ring(h);
	note(h, t, committed ? COK_TS_COMMITTED : COK_TS_ABORTED);
	end_request(h, t);
}

static int abort_txn(struct cok_host *h, struct cok_txn *t, int err, __u16 why,
		     __u64 now)
{
	fail(t, err);
	t->why = why;
	conclude(h, t, now);
	return err;
}

/* Is what was agreed to all that was wanted? */
static bool satisfied(const struct cok_txn *t)
{
	__u64 cpus = 0, mem = 0;

	for (__u16 i = 0; i < t->total; i++) {
		const struct cok_res *r = &t->res[i].res;

		if (r->kind == COK_RES_CPU)
			cpus++;
		else
			mem += r->size;
	}
	if (t->want_cpus && t->want_cpus < cpus)
		cpus = t->want_cpus;
	if (t->want_mem && t->want_mem < mem)
		mem = t->want_mem;
	return t->cpus == cpus && t->mem == mem;
}

int cok_host_decide(struct cok_host *h, struct cok_txn *t, __u64 now)
{
	switch (t->state) {
	case COK_TXN_ASKED:
		return abort_txn(h, t, -ETIMEDOUT, COK_WHY_TIMEOUT, now);
	case COK_TXN_DECLINED:
		return abort_txn(h, t, -ECONNREFUSED, t->why, now);
	case COK_TXN_AGREED:
		break;
	default:
		return t->err;
	}
	if (!t->best_effort && !satisfied(t))
		return abort_txn(h, t, -ECONNREFUSED, COK_WHY_PARTIAL, now);
	t->state = COK_TXN_COMMITTED;
	t->err = 0;
	conclude(h, t, now);
	return 0;
}

void cok_host_end(struct cok_host *h)
{
	struct cok_request_result res;

	h->ended = true;
	for (__u32 i = 0; i < COK_HOST_OPEN; i++) {
		struct cok_txn *t = h->open[i];

		if (!t)
			continue;
		fail(t, -EPIPE);
		t->why = COK_WHY_STOPPING;
		h->open[i] = NULL;
		note(h, t, COK_TS_ABORTED);
	}
	memset(h->kept, 0, sizeof(h->kept));
	for (__u32 i = 0; i < COK_REQUESTS; i++) {
		struct cok_request *r = &h->requests.waiting[i];

		if (!r->number)
			continue;
		cok_requests_end(&h->requests, r, COK_ANSWER_DENIED,
				 COK_WHY_STOPPING, 0, &res);
		tell(h, &res);
	}
	if (h->requests.release.state != COK_RELEASE_TAKING)
		h->requests.release.state = COK_RELEASE_NONE;
}

/* ---- answers ------------------------------------------------------------- */

static void agree(struct cok_host *h, struct cok_txn *t)
{
	__u16 why = COK_WHY_NONE;

	for (__u16 i = t->total; i-- > 0;)
		if (t->res[i].res.why && t->res[i].res.why != COK_WHY_WANTED)
			why = t->res[i].res.why;
	if (!t->cpus && !t->mem) {
		t->state = COK_TXN_DECLINED;
		t->why = why ? why : COK_WHY_REFUSED;
		note(h, t, COK_TS_DECLINED);
		return;
	}
	t->state = COK_TXN_AGREED;
	if (satisfied(t)) {
		note(h, t, COK_TS_AGREED);
	} else {
		t->why = why ? why : COK_WHY_REFUSED;
		note(h, t, COK_TS_PARTIAL);
	}
}

/* The answer about one resource; they come in order, and may come again. */
static int take_part(struct cok_host *h, struct cok_txn *t,
		     const struct cok_msg *m)
{
	__u16 all = t->ask == COK_MSG_OFFER ? COK_MSG_ACCEPT : COK_MSG_PREPARED;
	struct cok_txn_res *r;
	struct cok_res res;
	__u64 cpus = t->cpus, mem = t->mem;

	if ((m->type != all && m->type != COK_MSG_PARTIAL) ||
	    m->total != t->total || m->index > t->answered)
		return -EPROTO;
	if (m->index < t->answered)
		return -EALREADY;
	r = &t->res[m->index];
	res = r->res;
	if (!cok_res_take(&res, all, m))
		return -EPROTO;
	if (res.kind == COK_RES_CPU)
		cpus += res.given;
	else
		mem += res.given;
	if ((t->want_cpus && cpus > t->want_cpus) ||
	    (t->want_mem && mem > t->want_mem))
		return -EPROTO; /* more than was asked for */
	r->res = res;
	r->entry = m->arg0;
	r->arg = m->arg1;
	t->cpus = cpus;
	t->mem = mem;
	if (++t->answered == t->total)
		agree(h, t);
	return 0;
}

static int take_answer(struct cok_host *h, struct cok_txn *t,
		       const struct cok_msg *m)
{
	if (m->type == COK_MSG_DONE)
		return -EPROTO; /* of an outcome that there is not yet */
	if (m->type == COK_MSG_QUERY_END || t->state != COK_TXN_ASKED)
		return -EALREADY; /* it will hear of it */
	if (m->type == COK_MSG_DECLINE) {
		t->state = COK_TXN_DECLINED;
		t->why = m->status ? m->status : COK_WHY_REFUSED;
		note(h, t, COK_TS_DECLINED);
		return 0;
	}
	return take_part(h, t, m);
}

/* About a transaction that is not open. */
static int take_late(struct cok_host *h, const struct cok_msg *m, __u64 now)
{
	struct cok_kept *k = m->txid ? find_kept(h, m->txid) : NULL;
	struct cok_msg unknown = {
		.txid = m->txid,
		.type = COK_MSG_ABORT,
		.status = COK_WHY_UNKNOWN,
	};
	bool last = m->type == COK_MSG_QUERY_END ||
		    m->type == COK_MSG_DECLINE || m->index + 1 == m->total;

	if (k && m->type == COK_MSG_DONE) {
		memset(k, 0, sizeof(*k));
		return 0;
	}
	if (k && last && say(h, k, now))
		ring(h);
	if (k)
		return m->type == COK_MSG_QUERY_END ? 0 : -EALREADY;
	/* Asked in earnest: it was never decided for, and will never be. */
	if (m->txid && m->type == COK_MSG_QUERY_END)
		send_and_ring(h, &unknown);
	return -ENOENT;
}

int cok_host_message(struct cok_host *h, const struct cok_msg *m, __u64 now)
{
	struct cok_request_result res;
	struct cok_txn **t;
	int err;

	switch (m->type) {
	case COK_MSG_ACCEPT:
	case COK_MSG_PREPARED:
	case COK_MSG_PARTIAL:
	case COK_MSG_DECLINE:
	case COK_MSG_QUERY_END:
	case COK_MSG_DONE:
		if (m->epoch != h->epoch || h->ended)
			return -ESTALE;
		t = find_open(h, m->txid);
		return t ? take_answer(h, *t, m) : take_late(h, m, now);
	case COK_MSG_REQUEST:
	case COK_MSG_CANCEL:
	case COK_MSG_RELEASE:
		if (m->epoch != h->epoch || h->ended)
			return -ESTALE;
		err = cok_requests_message(&h->requests, m, now, &res);
		tell(h, &res);
		return err;
	default:
		return -EOPNOTSUPP;
	}
}

/* ---- time ---------------------------------------------------------------- */

static __u64 earlier(__u64 a, __u64 b)
{
	return a < b ? a : b;
}

__u64 cok_host_next(const struct cok_host *h)
{
	__u64 next = COK_NEVER;

	for (__u32 i = 0; i < COK_HOST_OPEN; i++) {
		const struct cok_txn *t = h->open[i];

		if (t && t->state == COK_TXN_ASKED)
			next = earlier(next, earlier(t->query, t->deadline));
	}
	for (__u32 i = 0; i < COK_HOST_KEPT; i++)
		if (h->kept[i].txid)
			next = earlier(next, h->kept[i].again);
	return next;
}

__u64 cok_host_poll(struct cok_host *h, __u64 now)
{
	bool sent = false;

	for (__u32 i = 0; i < COK_HOST_OPEN; i++) {
		struct cok_txn *t = h->open[i];

		if (!t || t->state != COK_TXN_ASKED)
			continue;
		if (now >= t->deadline)
			abort_txn(h, t, -ETIMEDOUT, COK_WHY_TIMEOUT, now);
		else if (now >= t->query)
			sent |= query(h, t, now);
	}
	for (__u32 i = 0; i < COK_HOST_KEPT; i++)
		if (h->kept[i].txid && now >= h->kept[i].again)
			sent |= say(h, &h->kept[i], now);
	if (sent)
		ring(h);
	return cok_host_next(h);
}

/* ---- RELEASE ------------------------------------------------------------- */

bool cok_host_release(struct cok_host *h, struct cok_txn *t)
{
	struct cok_release *rel = &h->requests.release;

	if (h->ended || rel->state != COK_RELEASE_READY)
		return false;
	rel->state = COK_RELEASE_TAKING;
	memset(t, 0, sizeof(*t));
	t->txid = rel->number;
	t->ask = COK_MSG_RELEASE;
	t->total = rel->total;
	t->state = COK_TXN_AGREED;
	for (__u16 i = 0; i < rel->total; i++) {
		t->res[i].res = rel->res[i];
		if (rel->res[i].kind == COK_RES_CPU)
			t->cpus++;
		else
			t->mem += rel->res[i].size;
	}
	return true;
}

void cok_host_released(struct cok_host *h, struct cok_txn *t, int err)
{
	struct cok_release *rel = &h->requests.release;
	struct cok_msg m;

	if (err) {
		fail(t, err);
		if (!t->why)
			t->why = COK_WHY_UNKNOWN;
	} else {
		t->state = COK_TXN_COMMITTED;
		t->why = COK_WHY_NONE;
	}
	rel->state = COK_RELEASE_ENDED;
	rel->answer = err ? COK_ANSWER_DENIED : COK_ANSWER_DONE;
	rel->why = t->why;
	if (!err)
		note(h, t, COK_TS_RELEASED);
	cok_requests_release_answer(rel, &m);
	if (!h->ended)
		send_and_ring(h, &m);
}
