// SPDX-License-Identifier: GPL-2.0
/*
 * A machine of a few granules of memory and cores that move, the channel of its
 * enclave, and how that ends.
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

unsigned int pick(unsigned int n)
{
	if (n > choices)
		choices = n;
	return choice < n ? choice : 0;
}

/* ---- units and leases -------------------------------------------------------- */

uint64_t address(unsigned int unit)
{
	return MEM_BASE + unit * COK_CONTIG_UNIT;
}

/* Memory by its address, a core by its APIC id. */
units_t units_of(uint32_t kind, uint64_t start, uint64_t bytes)
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

units_t units_given(const struct cok_res *r)
{
	return r->given ? units_of(r->kind, r->at, r->given) : 0;
}

units_t units_of_txn(const struct cok_txn *t)
{
	units_t mask = 0;

	for (unsigned int i = 0; i < t->total; i++)
		mask |= units_given(&t->res[i].res);
	return mask;
}

units_t units_of_ck(const struct cok_ck_txn *t)
{
	units_t mask = 0;

	for (unsigned int i = 0; i < t->total; i++)
		mask |= units_given(&t->res[i].res);
	return mask;
}

bool proved_dead(void)
{
	return W.halt_over && !W.quarantined;
}

/* May the enclave touch it now, as far as the hardware is concerned? */
bool touched(unsigned int unit)
{
	if (proved_dead())
		return false;
	if (unit >= CORE)
		return W.running >> unit & 1;
	return W.unit[unit] == HELD || W.unit[unit] == DRAINING;
}

struct cok_lease *lease_of(uint32_t id)
{
	struct cok_lease *l = cok_ledger_find(&W.ledger, id);

	must("none lost", l);
	return l;
}

struct map map_leases(void)
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

void move_lease(struct cok_lease *l, uint32_t to, uint64_t txid)
{
	uint32_t enclave = to == COK_LS_POOLED ? 0 : ENCLAVE;

	must("none lost", !cok_ledger_move(&W.ledger, l, to, enclave, txid));
}

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
			move_lease(l, COK_LS_QUARANTINED, 0);
		if (l->id && !quarantine && l->state == COK_LS_QUARANTINED)
			move_lease(l, COK_LS_GRANTED, 0);
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
			move_lease(&W.lease[i], COK_LS_POOLED, 0);
}

/* ---- the beginning ------------------------------------------------------------------------ */

static void add_lease(struct cok_lease want)
{
	struct cok_lease *l;

	must("the beginning", !cok_ledger_add(&W.ledger, &want, 1, &l));
	move_lease(l, COK_LS_POOLED, 0);
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
			move_lease(&W.lease[i], COK_LS_GRANTED, 0);
}

void world_init(const struct scenario *s, const struct budget *b)
{
	units_t cores = ALL_UNITS & ~((1u << CORE) - 1);

	scenario = s;
	memset(&W, 0, sizeof(W));
	cok_host_init(&W.host, &h2c, EPOCH, REPEAT);
	W.host.notes = &host_notes;
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
