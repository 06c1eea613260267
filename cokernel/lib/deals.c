// SPDX-License-Identifier: GPL-2.0
#include "deals.h"

/* ---- names ----------------------------------------------------------------- */

const char *deal_ask_name(u16 ask)
{
	switch (ask) {
	case COK_MSG_OFFER:
		return "offer";
	case COK_MSG_RECALL:
		return "recall";
	case COK_MSG_RELEASE:
		return "release";
	default:
		return "request";
	}
}

const char *deal_end_name(u16 end)
{
	static const char *const names[] = {
		[DEAL_OPEN] = "open",		[DEAL_ANSWERED] = "answered",
		[DEAL_QUEUED] = "queued",	[DEAL_COMMITTED] = "committed",
		[DEAL_ABORTED] = "aborted",	[DEAL_DECLINED] = "declined",
		[DEAL_GRANTED] = "granted",	[DEAL_DENIED] = "denied",
		[DEAL_CANCELLED] = "cancelled",
	};

	return end < ARRAY_SIZE(names) ? names[end] : "?";
}

const char *why_name(u16 why)
{
	static const char *const names[] = {
		[COK_WHY_NONE] = "-",
		[COK_WHY_TIMEOUT] = "timeout",
		[COK_WHY_NO_SPACE] = "no space",
		[COK_WHY_IN_USE] = "in use",
		[COK_WHY_BOOT] = "boot",
		[COK_WHY_UNKNOWN] = "unknown",
		[COK_WHY_UNSUPPORTED] = "unsupported",
		[COK_WHY_STOPPING] = "stopping",
		[COK_WHY_PROTOCOL] = "protocol",
		[COK_WHY_REFUSED] = "refused",
		[COK_WHY_PARTIAL] = "partial",
		[COK_WHY_WANTED] = "not wanted",
		[COK_WHY_CANCELLED] = "cancelled",
	};

	return why < ARRAY_SIZE(names) ? names[why] : "?";
}

/* ---- looking up ------------------------------------------------------------- */

static bool is_own(u16 ask)
{
	return ask == COK_MSG_REQUEST || ask == COK_MSG_RELEASE;
}

static struct deal *find(struct deals *d, u64 number, bool own)
{
	for (size_t i = 0; number && i < DEALS; i++)
		if (d->deal[i].number == number &&
		    is_own(d->deal[i].ask) == own)
			return &d->deal[i];
	return NULL;
}

static struct deal *begin(struct deals *d, const struct cok_msg *m, u64 now)
{
	struct deal *new = &d->deal[d->next++ % DEALS];

	*new = (struct deal){
		.number = m->txid,
		.ask = m->type,
		.begun = now,
	};
	d->count++;
	return new;
}

const struct deal *deals_get(const struct deals *d, u32 i)
{
	u32 n = d->next < DEALS ? d->next : DEALS;

	return i < n ? &d->deal[(d->next - n + i) % DEALS] : NULL;
}

static void end(struct deal *e, u16 how, u16 why, u64 now)
{
	if (e->ended)
		return; /* a repetition */
	e->end = how;
	e->ended = now ? now : 1;
	if (!e->why)
		e->why = why;
}

static void add(const struct cok_msg *m, u64 mem, u64 *cpus, u64 *bytes)
{
	if (m->kind == COK_RES_CPU)
		(*cpus)++;
	else if (m->kind == COK_RES_MEM)
		*bytes += mem;
}

/* ---- the host's messages ------------------------------------------------------ */

static void heard_list(struct deals *d, const struct cok_msg *m, u64 now)
{
	struct deal *e = find(d, m->txid, false);

	if (!e && !m->index)
		e = begin(d, m, now);
	if (!e || m->index != e->next)
		return;
	e->next++;
	if (m->type == COK_MSG_OFFER)
		e->request = m->arg1;
	if (m->type == COK_MSG_OFFER || !m->arg1)
		add(m, m->size, &e->cpus, &e->mem);
	else if (m->kind == COK_RES_CPU)
		e->cpus = m->arg1;
	else
		e->mem = m->arg1;
}

static void heard_answer(struct deals *d, const struct cok_msg *m, u64 now)
{
	struct deal *e = find(d, m->txid, true);

	if (!e)
		return;
	switch (m->arg0) {
	case COK_ANSWER_QUEUED:
		if (!e->ended)
			e->end = DEAL_QUEUED;
		break;
	case COK_ANSWER_GRANTED:
		e->got_cpus = e->cpus ? m->size : 0;
		e->got_mem = e->cpus ? 0 : m->size;
		end(e, DEAL_GRANTED, m->status, now);
		break;
	case COK_ANSWER_DONE:
		e->got_cpus = e->cpus;
		e->got_mem = e->mem;
		end(e, DEAL_COMMITTED, m->status, now);
		break;
	case COK_ANSWER_DENIED:
		end(e, DEAL_DENIED, m->status, now);
		break;
	case COK_ANSWER_CANCELLED:
		end(e, DEAL_CANCELLED, m->status, now);
		break;
	}
}

void deals_heard(struct deals *d, const struct cok_msg *m, u64 now)
{
	struct deal *e;

	switch (m->type) {
	case COK_MSG_OFFER:
	case COK_MSG_RECALL:
		heard_list(d, m, now);
		break;
	case COK_MSG_COMMIT:
	case COK_MSG_ABORT:
		e = find(d, m->txid, false);
		if (e)
			end(e,
			    m->type == COK_MSG_COMMIT ? DEAL_COMMITTED
						      : DEAL_ABORTED,
			    m->status, now);
		break;
	case COK_MSG_ANSWER:
		heard_answer(d, m, now);
		break;
	}
}

/* ---- ours ----------------------------------------------------------------------- */

static void said_part(struct deals *d, const struct cok_msg *m)
{
	struct deal *e = find(d, m->txid, false);

	if (!e || e->ended)
		return;
	if (!m->index) {
		e->got_cpus = e->got_mem = 0;
		e->why = COK_WHY_NONE;
	}
	if (m->type != COK_MSG_PARTIAL || m->kind == COK_RES_MEM)
		add(m, m->size, &e->got_cpus, &e->got_mem);
	if (!e->why)
		e->why = m->status;
	e->end = DEAL_ANSWERED;
}

static void said_own(struct deals *d, const struct cok_msg *m, u64 now)
{
	struct deal *e = find(d, m->txid, true);

	if (!e && !m->index)
		e = begin(d, m, now);
	if (!e || m->index != e->next)
		return; /* a repetition */
	e->next++;
	if (m->type == COK_MSG_RELEASE)
		add(m, m->size, &e->cpus, &e->mem);
	else if (m->kind == COK_RES_CPU)
		e->cpus = m->size;
	else
		e->mem = m->size;
}

void deals_said(struct deals *d, const struct cok_msg *m, u64 now)
{
	struct deal *e;

	switch (m->type) {
	case COK_MSG_ACCEPT:
	case COK_MSG_PREPARED:
	case COK_MSG_PARTIAL:
		said_part(d, m);
		break;
	case COK_MSG_DECLINE:
		e = find(d, m->txid, false);
		if (e)
			end(e, DEAL_DECLINED, m->status, now);
		break;
	case COK_MSG_REQUEST:
	case COK_MSG_RELEASE:
		said_own(d, m, now);
		break;
	}
}
