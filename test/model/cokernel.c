// SPDX-License-Identifier: GPL-2.0
/* What a co-kernel agrees to, drains and takes up, as it likes. */
#include "model.h"

/* The first is all, for the fair end. */
units_t ways[WAYS] = { ALL_UNITS, 0x0, 0x2, 0x8, 0x9, 0x7 };

/* How much of it may still be agreed to. */
struct rest {
	uint64_t mem, cpus;
};

static void choose_core(struct cok_ck_res *r, units_t mask, struct rest *rest)
{
	if ((mask & units_of(r->res.kind, r->res.start, 0)) && rest->cpus) {
		rest->cpus--;
		cok_res_give_all(&r->res);
	} else {
		cok_res_give_none(&r->res, COK_WHY_IN_USE);
	}
}

/* Of memory the first run of granules. */
static void choose(struct cok_ck_res *r, units_t mask, struct rest *rest)
{
	uint64_t at = r->res.start, bytes = 0;

	if (r->res.kind == COK_RES_CPU) {
		choose_core(r, mask, rest);
		return;
	}
	mask &= units_of(r->res.kind, r->res.start, r->res.size);
	for (unsigned int u = 0; u < UNITS && rest->mem; u++) {
		if (!(mask >> u & 1)) {
			if (bytes)
				break;
			continue;
		}
		if (!bytes)
			at = address(u);
		bytes += COK_CONTIG_UNIT;
		rest->mem -= COK_CONTIG_UNIT;
	}
	if (!bytes)
		cok_res_give_none(&r->res, COK_WHY_IN_USE);
	else
		must("amounts: the co-kernel's own part",
		     cok_res_give_part(&r->res, at, bytes, COK_WHY_IN_USE));
}

static void choose_all(struct cok_ck_txn *t, units_t mask)
{
	struct rest rest = {
		.mem = t->want_mem ? t->want_mem : UNITS * COK_CONTIG_UNIT,
		.cpus = t->want_cpus ? t->want_cpus : CORES,
	};

	for (unsigned int i = 0; i < t->total; i++)
		choose(&t->res[i], mask, &rest);
}

static void set_units(units_t mask, uint8_t from, uint8_t to)
{
	for (unsigned int u = 0; u < ALL; u++)
		if ((mask >> u & 1) && W.unit[u] == from)
			W.unit[u] = to;
}

static units_t listed(const struct cok_ck_txn *t)
{
	units_t mask = 0;

	for (unsigned int i = 0; i < t->total; i++)
		mask |= units_of(t->res[i].res.kind, t->res[i].res.start,
				 t->res[i].res.size);
	return mask;
}

static bool all_units(units_t mask, uint8_t state)
{
	for (unsigned int u = 0; u < ALL; u++)
		if ((mask >> u & 1) && W.unit[u] != state)
			return false;
	return true;
}

/*
 * Granted cores that the host has still to start. They are waited for before they
 * are given back: IN_USE until then.
 */
static units_t coming(void)
{
	units_t cores = 0;

	for (unsigned int i = 0; i < JOBS; i++) {
		const struct cok_txn *t = &W.job[i].txn;

		if (W.job[i].pc == PC_SETTLE && t->ask == COK_MSG_OFFER &&
		    t->state == COK_TXN_COMMITTED)
			cores |= units_of_txn(t) & ~W.running;
	}
	return cores & ~((1u << CORE) - 1);
}

static enum cok_ck_step ck_work(void *ctx, struct cok_ck_txn *t, __u16 *why)
{
	bool offer = t->ask == COK_MSG_OFFER;
	unsigned int nr_ways = scenario->parts ? WAYS : 2;
	unsigned int way = pick(nr_ways + !offer);
	units_t mask = listed(t);

	(void)ctx;
	*why = COK_WHY_UNKNOWN;
	if (!t->begun && !all_units(mask, offer ? NO : HELD))
		return COK_CK_REFUSE;
	if (!offer && way == nr_ways) {
		/* Unmapped, but not every TLB is flushed. */
		set_units(mask, HELD, DRAINING);
		choose_all(t, mask);
		return COK_CK_WAIT;
	}
	*why = COK_WHY_IN_USE;
	if (!ways[way])
		return COK_CK_REFUSE;
	choose_all(t, offer ? ways[way] : ways[way] & ~coming());
	if (offer) {
		set_units(units_of_ck(t), NO, ACCEPTED);
		return COK_CK_DONE;
	}
	set_units(units_of_ck(t), HELD, RECALLED);
	set_units(units_of_ck(t), DRAINING, RECALLED);
	set_units(mask, DRAINING, HELD);
	W.running &= ~units_of_ck(t) | W.stuck; /* halted, by the enclave */
	return COK_CK_DONE;
}

static void ck_commit(void *ctx, struct cok_ck_txn *t)
{
	units_t mask = units_of_ck(t);

	(void)ctx;
	if (t->ask == COK_MSG_RELEASE) {
		must("same outcome: released", W.released[t->txid]);
	} else {
		must("same outcome: committed",
		     W.decided[t->txid] == COK_MSG_COMMIT);
		must("same outcome: the same part", W.given[t->txid] == mask);
	}
	if (t->ask == COK_MSG_OFFER)
		set_units(mask, ACCEPTED, HELD);
	else
		set_units(mask, RECALLED, NO);
}

static void ck_undo(void *ctx, struct cok_ck_txn *t)
{
	(void)ctx;
	if (t->state == COK_CK_TXN_ANSWERED && t->ask == COK_MSG_RELEASE)
		must("same outcome: denied", !W.released[t->txid]);
	else if (t->state == COK_CK_TXN_ANSWERED)
		must("same outcome: aborted",
		     W.decided[t->txid] == COK_MSG_ABORT);
	if (t->ask == COK_MSG_OFFER) {
		set_units(units_of_ck(t), ACCEPTED, NO);
		return;
	}
	for (unsigned int u = CORE; u < ALL; u++)
		if ((listed(t) >> u & 1) && W.unit[u] == RECALLED)
			W.running |= 1u << u;
	set_units(listed(t), RECALLED, HELD);
	set_units(listed(t), DRAINING, HELD);
}

static void ck_answered(void *ctx, const struct cok_ck_ask *ask, __u16 answer,
			__u16 why, __u64 given)
{
	uint8_t ended = W.ended[ask->number];

	(void)ctx;
	(void)given;
	if (answer == COK_ANSWER_QUEUED)
		return;
	must("requests: told once", !W.told[ask->number]);
	W.told[ask->number] = answer;
	/* Cancelled before it was seen, the host has nothing to say of it. */
	if (ended || answer != COK_ANSWER_CANCELLED)
		must("requests: the same end",
		     why == COK_WHY_UNKNOWN || ended == answer ||
			     (why == COK_WHY_NO_SPACE && !ended));
}

const struct cok_ck_ops ck_ops = {
	.work = ck_work,
	.commit = ck_commit,
	.undo = ck_undo,
	.answered = ck_answered,
};
