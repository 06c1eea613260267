// SPDX-License-Identifier: GPL-2.0
/* What must be true: always, and at the end. */
#include "model.h"

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
