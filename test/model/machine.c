// SPDX-License-Identifier: GPL-2.0
/*
 * A machine of one core that moves and a few granules of memory: what the
 * operations of both ends do to it, as module/transfer.c and the co-kernel do
 * to theirs; and what must be true of it.
 */
#include <stdarg.h>
#include <stdlib.h>

#include "model.h"

struct world W;
const struct scenario *scenario;
unsigned int choice, choices;
bool blocked;

void violated(const char *fmt, ...)
{
	va_list ap;

	printf("# VIOLATED ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	print_trace();
	printf("not ok - %s\n", scenario->name);
	exit(1);
}

/* One of n ways, all of which are explored. */
static unsigned int pick(unsigned int n)
{
	if (n > choices)
		choices = n;
	return choice < n ? choice : 0;
}

/* ---- units and leases -------------------------------------------------------- */

static uint64_t address(unsigned int unit)
{
	return MEM_BASE + unit * COK_CONTIG_UNIT;
}

/* Memory by its address, a core by its APIC id. */
static units_t units_of(uint32_t kind, uint64_t start, uint64_t bytes)
{
	uint64_t first = (start - MEM_BASE) / COK_CONTIG_UNIT;
	uint64_t n = bytes / COK_CONTIG_UNIT;

	if (kind == COK_RES_CPU)
		return 1u << (CORE + start - APIC_ID);
	return ((1ull << n) - 1) << first;
}

units_t units_of_lease(const struct cok_lease *l)
{
	return units_of(l->kind, l->kind == COK_RES_CPU ? l->apic_id : l->start,
			l->size);
}

static units_t units_given(const struct cok_res *r)
{
	return r->given ? units_of(r->kind, r->at, r->given) : 0;
}

static units_t units_of_txn(const struct cok_txn *t)
{
	units_t mask = 0;

	for (unsigned int i = 0; i < t->total; i++)
		mask |= units_given(&t->res[i].res);
	return mask;
}

static units_t units_of_ck(const struct cok_ck_txn *t)
{
	units_t mask = 0;

	for (unsigned int i = 0; i < t->total; i++)
		mask |= units_given(&t->res[i].res);
	return mask;
}

static bool proved_dead(void)
{
	return W.halt_over && !W.quarantined;
}

/* May the enclave touch it now, as far as the hardware is concerned? */
static bool touched(unsigned int unit)
{
	if (proved_dead())
		return false;
	if (unit >= CORE)
		return W.running >> unit & 1;
	return W.unit[unit] == HELD || W.unit[unit] == DRAINING;
}

static struct cok_lease *lease_of(uint32_t id)
{
	struct cok_lease *l = cok_ledger_find(&W.ledger, id);

	must("none lost", l);
	return l;
}

/* The lease of each unit. */
struct map {
	struct cok_lease *of[ALL];
};

static struct map map_leases(void)
{
	struct map map = { 0 };

	for (unsigned int i = 0; i < LEASES; i++) {
		struct cok_lease *l = &W.lease[i];
		units_t units = l->id ? units_of_lease(l) : 0;

		for (unsigned int u = 0; units >> u; u++)
			if (units >> u & 1) {
				must("one owner: a lease", !map.of[u]);
				map.of[u] = l;
			}
	}
	for (unsigned int u = 0; u < ALL; u++)
		must("none lost: a lease", map.of[u]);
	return map;
}

static void move(struct cok_lease *l, uint32_t to, uint64_t txid)
{
	uint32_t enclave = to == COK_LS_POOLED ? 0 : ENCLAVE;

	must("none lost", !cok_ledger_move(&W.ledger, l, to, enclave, txid));
}

/* ---- the host's job ------------------------------------------------------------ */

static bool halt_lock_is_held(void)
{
	if (W.halting && !W.halt_over)
		blocked = true;
	return blocked;
}

static void fill_in(struct cok_txn_res *r, const struct cok_lease *l)
{
	r->lease = l->id;
	r->res = (struct cok_res){
		.kind = l->kind,
		.granule = l->kind == COK_RES_MEM ? 21 : 0,
		.start = l->kind == COK_RES_MEM ? l->start : l->apic_id,
		.size = l->kind == COK_RES_MEM ? l->size
					       : l->apic_id - APIC_ID + SLOT,
	};
}

static struct cok_lease *find_released(const struct cok_res *r)
{
	for (unsigned int i = 0; i < LEASES; i++) {
		struct cok_lease *l = &W.lease[i];

		if (!l->id || l->kind != r->kind)
			continue;
		if (l->kind == COK_RES_CPU
			    ? l->apic_id == r->start
			    : r->start >= l->start &&
				      r->start + r->size <= l->start + l->size)
			return l;
	}
	return NULL;
}

static int op_stage(void *ctx, struct cok_txn *t, struct cok_txn_res *r)
{
	bool offer = t->ask == COK_MSG_OFFER;
	struct cok_lease *l;

	(void)ctx;
	if (halt_lock_is_held())
		return 0;
	if (t->ask == COK_MSG_RELEASE) {
		l = find_released(&r->res);
		r->lease = l ? l->id : 0;
	} else {
		l = lease_of(r->lease);
		fill_in(r, l);
	}
	if (!l || l->state != (offer ? COK_LS_POOLED : COK_LS_GRANTED))
		return -EBUSY;
	if (offer && W.halting)
		return -EPIPE;
	move(l, offer ? COK_LS_OFFERED : COK_LS_RECALLED, t->txid);
	if (l->kind == COK_RES_MEM && cok_ledger_reserve(&W.ledger, l)) {
		move(l, offer ? COK_LS_POOLED : COK_LS_GRANTED, 0);
		return -ENOSPC;
	}
	if (offer)
		W.clean &= ~units_of_lease(l);
	return 0;
}

static void op_split(void *ctx, struct cok_txn *t, struct cok_txn_res *r)
{
	struct cok_lease *piece[3];

	(void)ctx;
	(void)t;
	must("none lost: a COMMIT can't fail",
	     !cok_ledger_part(&W.ledger, lease_of(r->lease), r->res.at,
			      r->res.given, piece));
	must("none lost: a COMMIT can't fail", piece[0]);
	r->piece = piece[0]->id;
	r->rest[0] = piece[1] ? piece[1]->id : 0;
	r->rest[1] = piece[2] ? piece[2]->id : 0;
}

/* A core of it runs on: nothing that it gave back may be gone already. */
static void memory_stays(const struct cok_txn *t)
{
	units_t units = units_of_txn(t);
	struct map map = map_leases();

	for (unsigned int u = 0; u < UNITS; u++)
		if (units >> u & 1)
			must("drained: memory is gone, a core runs on",
			     map.of[u]->state == COK_LS_RECALLED);
}

/* INIT, to a core that may be told to halt. */
static void park(const struct cok_txn *t, units_t core)
{
	W.running &= ~core;
	if (!W.left.stuck || !pick(2))
		return;
	W.left.stuck--;
	W.stuck |= core;
	memory_stays(t);
	W.running |= core; /* who knows */
}

/* As transfer.c: a core that does not park condemns memory, too. */
static int op_detach(void *ctx, struct cok_txn *t, struct cok_txn_res *r,
		     __u32 lease)
{
	(void)ctx;
	if (halt_lock_is_held())
		return 0;
	if (!W.quarantined && !proved_dead() && !W.stuck &&
	    r->res.kind == COK_RES_CPU && t->ask != COK_MSG_OFFER)
		park(t, units_of_lease(lease_of(lease)));
	if (W.quarantined || W.stuck) {
		move(lease_of(lease), COK_LS_QUARANTINED, 0);
		return -EREMOTEIO;
	}
	return 0;
}

static void op_scrub(void *ctx, struct cok_txn *t, __u32 lease)
{
	units_t units = units_of_lease(lease_of(lease));

	(void)ctx;
	(void)t;
	for (unsigned int u = 0; u < UNITS; u++)
		if (units >> u & 1)
			must("one owner: scrubbed while the enclave has it",
			     !touched(u));
	W.clean |= units;
}

/* As lease.c: what lies side by side in the pool is one again. */
static void op_pool(void *ctx, struct cok_txn *t, __u32 lease)
{
	struct cok_lease *l = lease_of(lease), gone;

	(void)ctx;
	(void)t;
	move(l, COK_LS_POOLED, 0);
	while (l)
		l = cok_ledger_join(&W.ledger, l, &gone);
}

static void op_hold(void *ctx, struct cok_txn *t, __u32 lease)
{
	(void)ctx;
	(void)t;
	if (!halt_lock_is_held())
		move(lease_of(lease),
		     W.quarantined ? COK_LS_QUARANTINED : COK_LS_GRANTED, 0);
}

static int op_start(void *ctx, struct cok_txn *t, struct cok_txn_res *r)
{
	(void)ctx;
	(void)t;
	if (halt_lock_is_held())
		return 0;
	if (W.halting)
		return -EPIPE;
	if (W.left.unstarted && pick(2)) {
		W.left.unstarted--;
		return -EREMOTEIO;
	}
	W.running |= units_given(&r->res);
	return 0;
}

const struct cok_txn_ops host_ops = {
	.stage = op_stage,
	.split = op_split,
	.detach = op_detach,
	.scrub = op_scrub,
	.pool = op_pool,
	.hold = op_hold,
	.start = op_start,
};

/* ---- what the host says of itself ------------------------------------------------ */

static uint64_t wanted(const struct cok_txn *t, uint32_t kind)
{
	uint64_t sum = 0, want;

	for (unsigned int i = 0; i < t->total; i++)
		if (t->res[i].res.kind == kind)
			sum += cok_res_amount(&t->res[i].res);
	want = kind == COK_RES_CPU ? t->want_cpus : t->want_mem;
	return want && want < sum ? want : sum;
}

static void note_commit(const struct cok_txn *t)
{
	units_t units = units_of_txn(t);
	uint64_t mem = 0, cpus = 0;

	for (unsigned int u = 0; u < UNITS; u++)
		mem += (units >> u & 1) * COK_CONTIG_UNIT;
	for (unsigned int u = CORE; u < ALL; u++)
		cpus += units >> u & 1;
	W.given[t->txid] = units;
	must("amounts", mem <= wanted(t, COK_RES_MEM));
	must("amounts", cpus <= wanted(t, COK_RES_CPU));
	must("amounts: something", units);
	if (!t->best_effort)
		must("amounts: all or nothing",
		     mem == wanted(t, COK_RES_MEM) &&
			     cpus == wanted(t, COK_RES_CPU));
}

static void note_txn(void *ctx, const struct cok_txn *t, __u32 step)
{
	(void)ctx;
	if (step == COK_TS_RELEASED) {
		must("same outcome: released once",
		     t->txid <= NUMBERS && !W.released[t->txid]);
		W.released[t->txid] = true;
	}
	if (step != COK_TS_COMMITTED && step != COK_TS_ABORTED)
		return;
	must("same outcome: decided once",
	     t->txid <= TXNS && !W.decided[t->txid]);
	W.decided[t->txid] = step == COK_TS_COMMITTED ? COK_MSG_COMMIT
						      : COK_MSG_ABORT;
	if (step == COK_TS_COMMITTED)
		note_commit(t);
}

static void note_request(void *ctx, const struct cok_request *r, __u32 answer,
			 __u16 why, __u64 given)
{
	(void)ctx;
	(void)why;
	(void)given;
	if (!answer)
		return;
	must("requests: ended once",
	     r->number <= NUMBERS && !W.ended[r->number]);
	W.ended[r->number] = answer;
}

static const struct cok_host_notes notes = { note_txn, note_request };

/* ---- the co-kernel --------------------------------------------------------------- */

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

static const struct cok_ck_ops ck_ops = {
	.work = ck_work,
	.commit = ck_commit,
	.undo = ck_undo,
	.answered = ck_answered,
};

/* ---- the channel -------------------------------------------------------------------- */

static __u32 room(void *ctx, __u16 type)
{
	struct channel *c = ctx;
	unsigned int keep = type == COK_MSG_COMMIT || type == COK_MSG_ABORT ||
					    type == COK_MSG_DECLINE ||
					    type == COK_MSG_DONE
				    ? 0
				    : RESERVED;

	return c->n + keep >= CHANNEL ? 0 : CHANNEL - keep - c->n;
}

static void send(void *ctx, struct cok_msg *m)
{
	struct channel *c = ctx;

	must("channel: sent without room", c->n < CHANNEL);
	c->msg[c->n++] = *m;
}

static void no_bell(void *ctx)
{
	(void)ctx;
}

static const struct cok_link h2c = { room, send, no_bell, &W.h2c };
static const struct cok_link c2h = { room, send, no_bell, &W.c2h };

/* ---- the end of the enclave ----------------------------------------------------------- */

static void mark_leases(bool quarantine)
{
	for (unsigned int i = 0; i < LEASES; i++) {
		struct cok_lease *l = &W.lease[i];

		if (l->id && quarantine && l->state == COK_LS_GRANTED)
			move(l, COK_LS_QUARANTINED, 0);
		if (l->id && !quarantine && l->state == COK_LS_QUARANTINED)
			move(l, COK_LS_GRANTED, 0);
	}
}

void machine_halt_begin(void)
{
	W.halting = true;
	cok_host_end(&W.host);
}

void machine_halt_end(bool stuck)
{
	W.halt_over = true;
	W.quarantined = stuck;
	W.running = 0;
	W.stuck = 0;
	mark_leases(stuck);
}

void machine_halt_again(void)
{
	W.quarantined = false;
	mark_leases(false);
}

void machine_destroy(void)
{
	for (unsigned int i = 0; i < LEASES; i++)
		if (W.lease[i].id && W.lease[i].state == COK_LS_GRANTED)
			move(&W.lease[i], COK_LS_POOLED, 0);
}

/* ---- properties ------------------------------------------------------------------------ */

static void check_unit(unsigned int u, const struct cok_lease *l)
{
	if (l->state == COK_LS_POOLED && u < UNITS)
		must("scrubbed", W.clean >> u & 1);
	if (!touched(u))
		return;
	must("one owner", l->state != COK_LS_POOLED && l->enclave == ENCLAVE);
	if (l->state == COK_LS_OFFERED)
		must("one owner: used before COMMIT",
		     W.decided[l->txid] == COK_MSG_COMMIT &&
			     (W.given[l->txid] >> u & 1));
}

/* What was agreed to and has not gone from there yet, to the pool or others. */
static units_t units_to_move(const struct cok_txn *t)
{
	units_t mask = 0;

	if (!t->step)
		return units_of_txn(t);
	for (unsigned int i = 0; i < t->total; i++)
		if (t->res[i].piece)
			mask |= units_of_lease(lease_of(t->res[i].piece));
	return mask;
}

/* Committed, taken, not yet parked: is it really out of its hands? */
static void check_drained(const struct job *j)
{
	units_t units;

	if (j->pc != PC_SETTLE || j->txn.state != COK_TXN_COMMITTED ||
	    j->txn.ask == COK_MSG_OFFER)
		return;
	units = units_to_move(&j->txn) & ~W.stuck;
	for (unsigned int u = 0; u < ALL; u++)
		if (units >> u & 1)
			must("drained", !touched(u));
}

void check_invariants(void)
{
	struct map map = map_leases();

	for (unsigned int u = 0; u < ALL; u++)
		check_unit(u, map.of[u]);
	for (unsigned int i = 0; i < JOBS; i++)
		check_drained(&W.job[i]);
	check_drained(&W.release);
}

static void check_lease_ended(const struct cok_lease *l)
{
	if (l->id)
		must("none lost: in a named state",
		     l->state == COK_LS_POOLED || l->state == COK_LS_GRANTED ||
			     l->state == COK_LS_QUARANTINED);
}

static void check_both_know(unsigned int u, const struct cok_lease *l)
{
	if (l->state == COK_LS_GRANTED)
		must("none lost: both ends agree", W.unit[u] == HELD);
	else
		must("none lost: both ends agree", W.unit[u] == NO);
}

static bool asks(uint64_t number)
{
	for (unsigned int i = 0; i < COK_CK_ASKS; i++)
		if (W.ck.ask[i].number == number)
			return true;
	return false;
}

static void check_requests(void)
{
	struct cok_requests *q = &W.host.requests;

	must("ends: a RELEASE", q->release.state == COK_RELEASE_NONE ||
					q->release.state == COK_RELEASE_ENDED);
	for (unsigned int i = 0; i < COK_CK_ASKS; i++)
		must("requests: both ends agree",
		     !W.ck.ask[i].number ||
			     cok_requests_find(q, W.ck.ask[i].number));
	for (unsigned int i = 0; i < COK_REQUESTS; i++)
		must("requests: both ends agree",
		     !q->waiting[i].number || asks(q->waiting[i].number));
}

/* It is dead: all can be taken from it. */
static void check_destroy(void)
{
	struct map map;

	if (!W.halt_over) {
		machine_halt_begin();
		machine_halt_end(false);
	}
	machine_halt_again();
	machine_destroy();
	map = map_leases();
	for (unsigned int u = 0; u < ALL; u++)
		must("none lost: POOLED", map.of[u]->state == COK_LS_POOLED);
}

void check_agreement(void)
{
	struct map map = map_leases();

	for (unsigned int i = 0; i < LEASES; i++)
		check_lease_ended(&W.lease[i]);
	must("none lost: entries set aside", !W.ledger.spare);
	for (unsigned int i = 0; i < COK_HOST_OPEN; i++)
		must("ends", !W.host.open[i]);
	if (W.halt_over || W.crashed) {
		check_destroy();
		return;
	}
	for (unsigned int i = 0; i < COK_HOST_KEPT; i++)
		must("ends: the host keeps an outcome", !W.host.kept[i].txid);
	for (unsigned int i = 0; i < COK_CK_OPEN; i++)
		must("ends: the co-kernel waits",
		     W.ck.open[i].state == COK_CK_TXN_FREE);
	for (unsigned int u = 0; u < ALL; u++)
		check_both_know(u, map.of[u]);
	check_requests();
}

/* ---- the beginning ------------------------------------------------------------------------ */

static void add_lease(struct cok_lease want)
{
	struct cok_lease *l;

	must("the beginning", !cok_ledger_add(&W.ledger, &want, 1, &l));
	move(l, COK_LS_POOLED, 0);
}

/* Memory side by side that is in the same hands is one lease. */
static void add_memory(units_t held)
{
	unsigned int u = 0, first;

	while (u < UNITS) {
		for (first = u;
		     u < UNITS && (held >> u & 1) == (held >> first & 1);)
			u++;
		add_lease((struct cok_lease){
			.kind = COK_RES_MEM,
			.start = address(first),
			.size = address(u) - address(first),
			.source = COK_SRC_CONTIG,
		});
	}
}

static void add_cores(void)
{
	for (unsigned int c = 0; c < CORES; c++)
		add_lease((struct cok_lease){
			.kind = COK_RES_CPU,
			.cpu = APIC_ID + c,
			.apic_id = APIC_ID + c,
		});
}

static void no_event(const struct cok_lease *lease)
{
	(void)lease;
}

/* All of it reserved, and then what is held granted. */
static void add_leases(units_t held)
{
	add_memory(held);
	add_cores();
	must("the beginning", !cok_ledger_keep(&W.ledger, 1, no_event));
	for (unsigned int i = 0; i < LEASES; i++)
		if (W.lease[i].id && (units_of_lease(&W.lease[i]) & held))
			move(&W.lease[i], COK_LS_GRANTED, 0);
}

void world_init(const struct scenario *s, const struct budget *b)
{
	units_t cores = ALL_UNITS & ~((1u << CORE) - 1);

	scenario = s;
	memset(&W, 0, sizeof(W));
	cok_host_init(&W.host, &h2c, EPOCH, REPEAT);
	W.host.notes = &notes;
	cok_ck_init(&W.ck, &ck_ops, NULL, &c2h, EPOCH, REPEAT);
	W.ledger.slot = W.lease;
	W.ledger.nr_slots = LEASES;
	W.left = *b;
	add_leases(s->held);
	for (unsigned int u = 0; u < ALL; u++)
		W.unit[u] = s->held >> u & 1 ? HELD : NO;
	W.running = s->held & cores;
	W.clean = ~s->held;
}
