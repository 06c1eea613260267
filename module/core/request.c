// SPDX-License-Identifier: GPL-2.0
#include "request.h"

/* ---- numbers ------------------------------------------------------------- */

static bool was_seen(const struct cok_requests *q, __u64 number)
{
	__u64 back = q->highest - number;

	if (number > q->highest)
		return false;
	return back >= 64 || (q->seen & 1ULL << back);
}

static void mark_seen(struct cok_requests *q, __u64 number)
{
	__u64 ahead = number - q->highest;

	if (number > q->highest) {
		q->seen = ahead < 64 ? q->seen << ahead : 0;
		q->highest = number;
	}
	if (q->highest - number < 64)
		q->seen |= 1ULL << (q->highest - number);
}

/* ---- REQUEST and CANCEL -------------------------------------------------- */

struct cok_request *cok_requests_find(struct cok_requests *q, __u64 number)
{
	for (__u32 i = 0; number && i < COK_REQUESTS; i++)
		if (q->waiting[i].number == number)
			return &q->waiting[i];
	return NULL;
}

static struct cok_request *free_request(struct cok_requests *q)
{
	for (__u32 i = 0; i < COK_REQUESTS; i++)
		if (!q->waiting[i].number)
			return &q->waiting[i];
	return NULL;
}

void cok_requests_answer(const struct cok_request_end *end, struct cok_msg *m)
{
	*m = (struct cok_msg){
		.txid = end->number,
		.type = COK_MSG_ANSWER,
		.status = end->why,
		.size = end->given,
		.arg0 = end->answer,
	};
}

static void answer_queued(__u64 number, struct cok_msg *m)
{
	*m = (struct cok_msg){
		.txid = number,
		.type = COK_MSG_ANSWER,
		.arg0 = COK_ANSWER_QUEUED,
	};
}

/* How it ended, as it was said before or can still be said. */
static void answer_again(const struct cok_requests *q, __u64 number,
			 struct cok_msg *m)
{
	struct cok_request_end end = {
		.number = number,
		.answer = COK_ANSWER_DENIED,
		.why = COK_WHY_UNKNOWN,
	};

	for (__u32 i = 0; i < COK_REQUESTS_KEPT; i++)
		if (q->ended[i].number == number)
			end = q->ended[i];
	cok_requests_answer(&end, m);
}

static void keep_end(struct cok_requests *q, const struct cok_request_end *end,
		     struct cok_request_result *res)
{
	q->ended[q->next_ended++ % COK_REQUESTS_KEPT] = *end;
	res->end = *end;
	cok_requests_answer(end, &res->answer);
}

void cok_requests_end(struct cok_requests *q, struct cok_request *r,
		      __u16 answer, __u16 why, __u64 given,
		      struct cok_request_result *res)
{
	struct cok_request_end end = {
		.number = r->number,
		.answer = answer,
		.why = why,
		.given = given,
	};

	res->news = COK_REQUEST_ENDED;
	res->r = *r;
	keep_end(q, &end, res);
	memset(r, 0, sizeof(*r));
}

/* Never waited, so there is no news of it. */
static void end_at_once(struct cok_requests *q, __u64 number, __u16 answer,
			__u16 why, struct cok_request_result *res)
{
	struct cok_request_end end = {
		.number = number,
		.answer = answer,
		.why = why,
	};

	mark_seen(q, number);
	keep_end(q, &end, res);
}

/* Something that could be given: not more than there can be of it. */
static bool makes_sense(const struct cok_msg *m)
{
	if (!m->size || m->arg0 > COK_URGENCY_HIGH)
		return false;
	if (m->kind == COK_RES_CPU)
		return m->size <= COK_MAX_CORES;
	return m->kind == COK_RES_MEM && m->size <= 1ULL << 52;
}

static int take_request(struct cok_requests *q, const struct cok_msg *m,
			__u64 now, struct cok_request_result *res)
{
	struct cok_request *r;

	if (!makes_sense(m))
		return -EPROTO;
	if (cok_requests_find(q, m->txid)) {
		answer_queued(m->txid, &res->answer);
		return -EALREADY;
	}
	if (was_seen(q, m->txid)) {
		answer_again(q, m->txid, &res->answer);
		return -EALREADY;
	}
	r = free_request(q);
	if (!r) {
		end_at_once(q, m->txid, COK_ANSWER_DENIED, COK_WHY_NO_SPACE,
			    res);
		return 0;
	}
	mark_seen(q, m->txid);
	*r = (struct cok_request){
		.number = m->txid,
		.kind = m->kind,
		.urgency = m->arg0,
		.amount = m->size,
		.since = now,
	};
	res->news = COK_REQUEST_CAME;
	res->r = *r;
	answer_queued(r->number, &res->answer);
	return 0;
}

static int take_cancel(struct cok_requests *q, const struct cok_msg *m,
		       struct cok_request_result *res)
{
	struct cok_request *r = cok_requests_find(q, m->txid);

	if (r && r->txid) {
		/* The offer for it decides; asked again, it says how. */
		r->cancelled = true;
		return 0;
	}
	if (r) {
		cok_requests_end(q, r, COK_ANSWER_CANCELLED, COK_WHY_CANCELLED,
				 0, res);
		return 0;
	}
	if (was_seen(q, m->txid)) {
		answer_again(q, m->txid, &res->answer);
		return -EALREADY;
	}
	/* It came before its REQUEST, which will find that it has ended. */
	end_at_once(q, m->txid, COK_ANSWER_CANCELLED, COK_WHY_CANCELLED, res);
	return 0;
}

/* ---- RELEASE ------------------------------------------------------------- */

static int end_release(struct cok_release *rel, __u16 answer, __u16 why,
		       struct cok_request_result *res)
{
	rel->state = COK_RELEASE_ENDED;
	rel->answer = answer;
	rel->why = why;
	cok_requests_release_answer(rel, &res->answer);
	return answer == COK_ANSWER_DENIED ? -EPROTO : 0;
}

void cok_requests_release_answer(const struct cok_release *rel,
				 struct cok_msg *m)
{
	struct cok_request_end end = {
		.number = rel->number,
		.answer = rel->answer,
		.why = rel->why,
	};

	cok_requests_answer(&end, m);
}

static bool already_listed(const struct cok_release *rel,
			   const struct cok_res *r)
{
	for (__u16 i = 0; i < rel->got; i++)
		if (cok_res_overlap(&rel->res[i], r))
			return true;
	return false;
}

static int collect_release(struct cok_release *rel, const struct cok_msg *m,
			   struct cok_request_result *res)
{
	struct cok_res r = {
		.kind = m->kind,
		.start = m->start,
		.size = m->size,
	};

	if (m->total != rel->total || m->index > rel->got)
		return -EPROTO; /* one was lost: all will be repeated */
	if (m->index < rel->got)
		return -EALREADY;
	if (!cok_res_valid(&r) || already_listed(rel, &r))
		return end_release(rel, COK_ANSWER_DENIED, COK_WHY_PROTOCOL,
				   res);
	cok_res_give_all(&r);
	rel->res[rel->got++] = r;
	if (rel->got == rel->total) {
		rel->state = COK_RELEASE_READY;
		res->news = COK_REQUEST_RELEASING;
	}
	return 0;
}

static int begin_release(struct cok_requests *q, const struct cok_msg *m,
			 struct cok_request_result *res)
{
	struct cok_release *rel = &q->release;

	if (rel->state == COK_RELEASE_READY ||
	    rel->state == COK_RELEASE_TAKING || m->index)
		return -EPROTO;
	mark_seen(q, m->txid);
	memset(rel, 0, sizeof(*rel));
	rel->number = m->txid;
	rel->total = m->total;
	rel->state = COK_RELEASE_COMING;
	if (!m->total || m->total > COK_TXN_RES)
		return end_release(rel, COK_ANSWER_DENIED, COK_WHY_PROTOCOL,
				   res);
	return collect_release(rel, m, res);
}

static int take_release(struct cok_requests *q, const struct cok_msg *m,
			struct cok_request_result *res)
{
	struct cok_release *rel = &q->release;

	if (m->txid > rel->number)
		return begin_release(q, m, res);
	if (m->txid < rel->number)
		return -EALREADY;
	if (rel->state == COK_RELEASE_COMING)
		return collect_release(rel, m, res);
	if (rel->state == COK_RELEASE_ENDED && m->index + 1 >= m->total)
		cok_requests_release_answer(rel, &res->answer);
	return -EALREADY;
}

int cok_requests_message(struct cok_requests *q, const struct cok_msg *m,
			 __u64 now, struct cok_request_result *res)
{
	memset(res, 0, sizeof(*res));
	if (!m->txid)
		return -EPROTO;
	switch (m->type) {
	case COK_MSG_REQUEST:
		return take_request(q, m, now, res);
	case COK_MSG_CANCEL:
		return take_cancel(q, m, res);
	case COK_MSG_RELEASE:
		return take_release(q, m, res);
	default:
		return -EPROTO;
	}
}
