// SPDX-License-Identifier: GPL-2.0
/*
 * The one ledger (core/ledger.c), its lock, and its side effects: every entry
 * pins the module, every change is an event.
 */
#include <linux/mm.h>
#include <linux/module.h>

#include "cok.h"

#define LEDGER_SLOTS 4096

static DEFINE_SPINLOCK(ledger_lock);
static struct cok_ledger ledger; /* ledger_lock */

int cok_ledger_setup(void)
{
	ledger.slot = kvcalloc(LEDGER_SLOTS, sizeof(*ledger.slot), GFP_KERNEL);
	ledger.nr_slots = LEDGER_SLOTS;
	return ledger.slot ? 0 : -ENOMEM;
}

void cok_ledger_cleanup(void)
{
	kvfree(ledger.slot);
}

bool cok_ledger_empty(void)
{
	bool empty;

	spin_lock(&ledger_lock);
	empty = !cok_ledger_next(&ledger, 0);
	spin_unlock(&ledger_lock);
	return empty;
}

int cok_lease_next(u32 id, struct cok_lease *copy)
{
	struct cok_lease *lease;

	spin_lock(&ledger_lock);
	lease = cok_ledger_next(&ledger, id);
	if (lease)
		*copy = *lease;
	spin_unlock(&ledger_lock);
	return lease ? 0 : -ENOENT;
}

int cok_lease_add(const struct cok_lease *want, u32 op, u32 *id)
{
	struct cok_lease *lease;
	int err;

	if (cok_fault("ledger entry"))
		return -ENOSPC;
	spin_lock(&ledger_lock);
	err = cok_ledger_add(&ledger, want, op, &lease);
	if (!err) {
		*id = lease->id;
		__module_get(THIS_MODULE);
		cok_event_lease(lease);
	}
	spin_unlock(&ledger_lock);
	return err;
}

/* A lease that ended without its resource going home. Under ledger_lock. */
static void ended(struct cok_lease *gone)
{
	gone->state = COK_LS_HOST;
	cok_event_lease(gone);
	module_put(THIS_MODULE);
}

/* Under ledger_lock. */
static void join_locked(struct cok_lease *lease)
{
	struct cok_lease gone;

	while ((lease = cok_ledger_join(&ledger, lease, &gone))) {
		ended(&gone);
		cok_event_lease(lease);
	}
}

int cok_lease_move(u32 id, u32 to, u32 enclave, u64 txid)
{
	struct cok_lease *lease, copy;
	int err = -ENOENT;

	spin_lock(&ledger_lock);
	lease = cok_ledger_find(&ledger, id);
	if (lease) {
		copy = *lease;
		if (to == COK_LS_POOLED && lease->op && cok_op_home(lease->op))
			lease->reserved = false;
		err = cok_ledger_move(&ledger, lease, to, enclave, txid);
	}
	if (!err) {
		if (to != COK_LS_HOST)
			copy = *lease;
		copy.state = to;
		cok_event_lease(&copy);
	}
	if (!err && cok_lease_in_pool(&copy))
		join_locked(lease);
	spin_unlock(&ledger_lock);
	WARN(err, "cok: lease %u: no way to state %u: %d\n", id, to, err);
	if (!err && to == COK_LS_HOST)
		module_put(THIS_MODULE);
	return err;
}

void cok_lease_join(u32 id)
{
	struct cok_lease *lease;

	spin_lock(&ledger_lock);
	lease = cok_ledger_find(&ledger, id);
	if (lease)
		join_locked(lease);
	spin_unlock(&ledger_lock);
}

/* ---- the pool --------------------------------------------------------------- */

int cok_pool_put(u32 op)
{
	int err;

	spin_lock(&ledger_lock);
	err = cok_ledger_keep(&ledger, op, cok_event_lease);
	spin_unlock(&ledger_lock);
	if (!err)
		pr_info_once(
			"leases are in the pool: 'cokctl release --all' before the module can be removed\n");
	return err;
}

int cok_pool_take(const u32 *ids, u32 n, u32 op)
{
	bool home = cok_op_home(op);
	int err;

	spin_lock(&ledger_lock);
	if (n)
		err = cok_ledger_draw(&ledger, ids, n, op, home,
				      cok_event_lease);
	else
		err = cok_ledger_draw_all(&ledger, op, home, cok_event_lease);
	spin_unlock(&ledger_lock);
	return err;
}

void cok_pool_put_back(u32 id)
{
	struct cok_lease *lease;

	spin_lock(&ledger_lock);
	lease = cok_ledger_find(&ledger, id);
	if (lease && lease->reserved) {
		lease->op = 0;
		lease->busy = false;
		cok_event_lease(lease);
		join_locked(lease);
	}
	spin_unlock(&ledger_lock);
}

int cok_lease_split(u32 id, u32 enclave, u64 size, u64 image, u32 *tail)
{
	struct cok_lease *lease, *part;
	int err = -ENOENT;

	if (cok_fault("ledger entry"))
		return -ENOSPC;
	spin_lock(&ledger_lock);
	lease = cok_ledger_find(&ledger, id);
	if (lease && (cok_lease_in_pool(lease) ||
		      (lease->enclave && lease->enclave == enclave)))
		err = cok_ledger_split(&ledger, lease, size,
				       lease->boot ? image : 0, &part);
	if (!err) {
		*tail = part->id;
		__module_get(THIS_MODULE);
		cok_event_lease(lease);
		cok_event_lease(part);
	}
	spin_unlock(&ledger_lock);
	return err;
}

int cok_lease_stage(u32 id, u32 to, u32 enclave, u64 txid)
{
	bool full = cok_fault("ledger parts");
	struct cok_lease *lease, before;
	int err = -ENOENT;

	spin_lock(&ledger_lock);
	lease = cok_ledger_find(&ledger, id);
	if (lease) {
		before = *lease;
		err = cok_ledger_move(&ledger, lease, to, enclave, txid);
	}
	if (!err && lease->source == COK_SRC_CONTIG) {
		err = full ? -ENOSPC : cok_ledger_reserve(&ledger, lease);
		if (err)
			*lease = before;
	}
	if (!err)
		cok_event_lease(lease);
	spin_unlock(&ledger_lock);
	WARN(err == -EINVAL, "cok: lease %u: no way to state %u\n", id, to);
	return err;
}

void cok_lease_part(u32 id, u64 start, u64 size, u32 part[3])
{
	struct cok_lease *lease, *piece[3] = {};
	int err = -ENOENT;
	u32 i;

	spin_lock(&ledger_lock);
	lease = cok_ledger_find(&ledger, id);
	if (lease && lease->start == start && lease->size == size) {
		piece[0] = lease; /* all of it: a block, too */
		err = 0;
	} else if (lease) {
		err = cok_ledger_part(&ledger, lease, start, size, piece);
	}
	for (i = 0; i < 3; i++) {
		part[i] = !err && piece[i] ? piece[i]->id : 0;
		if (!part[i] || !piece[1])
			continue;
		if (part[i] != id)
			__module_get(THIS_MODULE);
		cok_event_lease(piece[i]);
	}
	spin_unlock(&ledger_lock);
	/* Judged and set aside before: our bug. Then all of it stays. */
	if (WARN(err, "cok: lease %u can't be parted: %d\n", id, err))
		part[1] = id;
}

static struct cok_lease *find_core(u32 enclave, u64 apic_id)
{
	u32 i;

	for (i = 0; i < ledger.nr_slots; i++) {
		struct cok_lease *lease = &ledger.slot[i];

		if (lease->id && lease->kind == COK_RES_CPU &&
		    lease->apic_id == apic_id && lease->enclave == enclave)
			return lease;
	}
	return NULL;
}

int cok_lease_find(u32 enclave, u32 kind, u64 start, u64 size,
		   struct cok_lease *copy)
{
	struct cok_lease *lease;
	int err = -ENOENT;

	spin_lock(&ledger_lock);
	lease = kind == COK_RES_CPU ? find_core(enclave, start)
				    : cok_ledger_find_mem(&ledger, start, size);
	if (lease && lease->enclave == enclave) {
		*copy = *lease;
		err = 0;
	}
	spin_unlock(&ledger_lock);
	return err;
}

int cok_lease_claim(u32 id, u32 op, u32 states, u32 enclave,
		    struct cok_lease *copy)
{
	struct cok_lease *lease;
	int err = 0;

	spin_lock(&ledger_lock);
	lease = cok_ledger_find(&ledger, id);
	if (!lease)
		err = -ENOENT;
	else if (!(states & BIT(lease->state)) || lease->enclave != enclave)
		err = -EACCES;
	else if (lease->busy || cok_lease_in_pool(lease) ||
		 (lease->op != op && lease->op && cok_op_alive(lease->op)))
		err = -EBUSY;
	if (!err) {
		lease->busy = true;
		lease->op = op;
		*copy = *lease;
	}
	spin_unlock(&ledger_lock);
	return err;
}

void cok_lease_release(u32 id)
{
	struct cok_lease *lease;

	spin_lock(&ledger_lock);
	lease = cok_ledger_find(&ledger, id);
	if (lease)
		lease->busy = false;
	spin_unlock(&ledger_lock);
}

void cok_lease_set_op(u32 id, u32 op)
{
	struct cok_lease *lease;

	spin_lock(&ledger_lock);
	lease = cok_ledger_find(&ledger, id);
	if (lease)
		lease->op = op;
	spin_unlock(&ledger_lock);
}

void cok_lease_set_boot(u32 id)
{
	struct cok_lease *lease;

	spin_lock(&ledger_lock);
	lease = cok_ledger_find(&ledger, id);
	if (lease)
		lease->boot = true;
	spin_unlock(&ledger_lock);
}

void cok_lease_set_apic_id(u32 id, u32 apic_id)
{
	struct cok_lease *lease;

	spin_lock(&ledger_lock);
	lease = cok_ledger_find(&ledger, id);
	if (lease)
		lease->apic_id = apic_id;
	spin_unlock(&ledger_lock);
}

u32 cok_lease_list(u32 state, u32 enclave, u32 op, u32 *ids, u32 max)
{
	struct cok_lease *lease;
	u32 id = 0, nr = 0;

	spin_lock(&ledger_lock);
	while ((lease = cok_ledger_next(&ledger, id))) {
		id = lease->id;
		if (lease->state != state || lease->enclave != enclave ||
		    lease->op != op)
			continue;
		if (nr < max)
			ids[nr] = id;
		nr++;
	}
	spin_unlock(&ledger_lock);
	return nr;
}

bool cok_lease_quarantined(u32 enclave)
{
	bool found = false;
	u32 i;

	spin_lock(&ledger_lock);
	for (i = 0; i < ledger.nr_slots && !found; i++)
		found = ledger.slot[i].id &&
			ledger.slot[i].state == COK_LS_QUARANTINED &&
			ledger.slot[i].enclave == enclave;
	spin_unlock(&ledger_lock);
	return found;
}

u32 cok_lease_ranges(u32 enclave)
{
	u32 i, n = 0;

	spin_lock(&ledger_lock);
	for (i = 0; i < ledger.nr_slots; i++)
		n += ledger.slot[i].id &&
		     ledger.slot[i].source == COK_SRC_CONTIG &&
		     ledger.slot[i].enclave == enclave;
	spin_unlock(&ledger_lock);
	return n;
}

/* Leases in the hands of operations, alive or not. */
u32 cok_lease_in_hands(void)
{
	u32 i, n = 0;

	spin_lock(&ledger_lock);
	for (i = 0; i < ledger.nr_slots; i++)
		n += cok_lease_unsettled(&ledger.slot[i]);
	spin_unlock(&ledger_lock);
	return n;
}

/* Has an operation leases it has neither handed on nor returned? */
bool cok_lease_op_pending(u32 op)
{
	u32 i;
	bool pending = false;

	spin_lock(&ledger_lock);
	for (i = 0; i < ledger.nr_slots; i++)
		pending |= ledger.slot[i].id && ledger.slot[i].op == op;
	spin_unlock(&ledger_lock);
	return pending;
}

/* A RETURNING lease is on its way up: that one Linux may have. */
static bool vetoes(const struct cok_lease *lease)
{
	return lease && lease->state != COK_LS_RETURNING;
}

bool cok_cpu_vetoed(u32 cpu)
{
	bool veto;

	spin_lock(&ledger_lock);
	veto = vetoes(cok_ledger_find_cpu(&ledger, cpu));
	spin_unlock(&ledger_lock);
	return veto;
}

bool cok_mem_vetoed(u64 start, u64 size)
{
	bool veto = false;
	u32 i;

	spin_lock(&ledger_lock);
	for (i = 0; i < ledger.nr_slots && !veto; i++) {
		struct cok_lease *lease = &ledger.slot[i];

		veto = lease->id && lease->kind == COK_RES_MEM &&
		       lease->start < start + size &&
		       start < lease->start + lease->size && vetoes(lease);
	}
	spin_unlock(&ledger_lock);
	return veto;
}

void cok_for_each_cpu_lease(void (*fn)(u32 apic_id))
{
	u32 i;

	spin_lock(&ledger_lock);
	for (i = 0; i < ledger.nr_slots; i++) {
		struct cok_lease *lease = &ledger.slot[i];

		/* Half taken or half returned, Linux may run on it. */
		if (lease->id && lease->kind == COK_RES_CPU &&
		    lease->state != COK_LS_RETURNING &&
		    (lease->state != COK_LS_TAKING || !cpu_online(lease->cpu)))
			fn(lease->apic_id);
	}
	spin_unlock(&ledger_lock);
}
