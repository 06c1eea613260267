// SPDX-License-Identifier: GPL-2.0
#include "ledger.h"
#include "state.h"

static bool ranges_overlap(__u64 a, __u64 alen, __u64 b, __u64 blen)
{
	return a < b + blen && b < a + alen;
}

static bool conflicts(struct cok_ledger *l, const struct cok_lease *want)
{
	if (want->kind == COK_RES_CPU)
		return cok_ledger_find_cpu(l, want->cpu);
	return cok_ledger_find_mem(l, want->start, want->size);
}

/* A free entry, while more than `spare` are free. */
static struct cok_lease *free_slot(struct cok_ledger *l, __u32 spare)
{
	struct cok_lease *found = NULL;

	for (__u32 i = 0; i < l->nr_slots; i++) {
		if (l->slot[i].id)
			continue;
		if (!found)
			found = &l->slot[i];
		if (!spare)
			return found;
		spare--;
	}
	return NULL;
}

int cok_ledger_add(struct cok_ledger *l, const struct cok_lease *want, __u32 op,
		   struct cok_lease **out)
{
	struct cok_lease *lease;

	if (want->kind != COK_RES_CPU && want->kind != COK_RES_MEM)
		return -EINVAL;
	if (want->kind == COK_RES_MEM &&
	    (!want->size || want->start + want->size < want->start))
		return -EINVAL;
	if (conflicts(l, want))
		return -EEXIST;
	lease = free_slot(l, l->spare);
	if (!lease)
		return -ENOSPC;

	*lease = *want;
	lease->id = ++l->last_id;
	lease->state = COK_LS_TAKING;
	lease->enclave = 0;
	lease->txid = 0;
	lease->op = op;
	lease->boot = false;
	lease->reserved = false;
	lease->spare = 0;
	*out = lease;
	return 0;
}

/* Do enclave and txid fit the state? */
static bool holder_fits(__u32 state, __u32 enclave, __u64 txid)
{
	switch (state) {
	case COK_LS_OFFERED:
	case COK_LS_RECALLED:
		return enclave && txid;
	case COK_LS_GRANTED:
	case COK_LS_QUARANTINED:
		return enclave && !txid;
	default:
		return !enclave && !txid;
	}
}

static bool in_transaction(__u32 state)
{
	return state == COK_LS_OFFERED || state == COK_LS_RECALLED;
}

int cok_ledger_move(struct cok_ledger *l, struct cok_lease *lease, __u32 to,
		    __u32 enclave, __u64 txid)
{
	if (!lease->id || !cok_lease_state_ok(lease->state, to) ||
	    !holder_fits(to, enclave, txid))
		return -EINVAL;
	/* No way for a resource to pass between enclaves but by the pool. */
	if (enclave && lease->enclave && enclave != lease->enclave)
		return -EINVAL;
	if (!in_transaction(to)) {
		l->spare -= lease->spare;
		lease->spare = 0;
	}
	lease->state = to;
	lease->enclave = enclave;
	lease->txid = txid;
	if (to == COK_LS_GRANTED || to == COK_LS_QUARANTINED)
		lease->op = 0;
	if (to == COK_LS_POOLED) {
		lease->boot = false;
		if (lease->reserved)
			lease->op = 0;
	}
	if (to == COK_LS_HOST)
		memset(lease, 0, sizeof(*lease));
	return 0;
}

int cok_ledger_keep(struct cok_ledger *l, __u32 op, cok_lease_fn changed)
{
	bool any = false;
	__u32 i;

	for (i = 0; i < l->nr_slots; i++) {
		const struct cok_lease *s = &l->slot[i];

		if (!s->id || s->op != op)
			continue;
		if (s->state != COK_LS_POOLED || s->busy)
			return -EBUSY;
		any = true;
	}
	for (i = 0; i < l->nr_slots; i++) {
		struct cok_lease *s = &l->slot[i];

		if (!s->id || s->op != op)
			continue;
		s->reserved = true;
		s->op = 0;
		changed(s);
	}
	return any ? 0 : -ENOENT;
}

static bool drawable(const struct cok_lease *lease)
{
	return lease && cok_lease_in_pool(lease) && !lease->busy;
}

static void draw(struct cok_lease *lease, __u32 op, bool home,
		 cok_lease_fn changed)
{
	lease->op = op;
	lease->reserved = !home;
	changed(lease);
}

int cok_ledger_draw(struct cok_ledger *l, const __u32 *ids, __u32 n, __u32 op,
		    bool home, cok_lease_fn changed)
{
	__u32 i, k;

	for (i = 0; i < n; i++) {
		if (!drawable(cok_ledger_find(l, ids[i])))
			return -ENOENT;
		for (k = 0; k < i; k++)
			if (ids[k] == ids[i])
				return -ENOENT;
	}
	for (i = 0; i < n; i++)
		draw(cok_ledger_find(l, ids[i]), op, home, changed);
	return 0;
}

int cok_ledger_draw_all(struct cok_ledger *l, __u32 op, bool home,
			cok_lease_fn changed)
{
	bool any = false;

	for (__u32 i = 0; i < l->nr_slots; i++) {
		if (!l->slot[i].id || !drawable(&l->slot[i]))
			continue;
		draw(&l->slot[i], op, home, changed);
		any = true;
	}
	return any ? 0 : -ENOENT;
}

static bool joinable(const struct cok_lease *a, const struct cok_lease *b)
{
	return b->id && a->source == COK_SRC_CONTIG &&
	       b->source == COK_SRC_CONTIG && a->state == COK_LS_POOLED &&
	       b->state == COK_LS_POOLED && !a->busy && !b->busy &&
	       a->op == b->op && a->reserved == b->reserved &&
	       !strcmp(a->zone, b->zone) &&
	       (a->start + a->size == b->start ||
		b->start + b->size == a->start);
}

struct cok_lease *cok_ledger_join(struct cok_ledger *l, struct cok_lease *lease,
				  struct cok_lease *gone)
{
	struct cok_lease *other = NULL, *older;

	for (__u32 i = 0; i < l->nr_slots && !other; i++)
		if (joinable(lease, &l->slot[i]))
			other = &l->slot[i];
	if (!other)
		return NULL;
	older = other->id < lease->id ? other : lease;
	if (older == lease)
		lease = other;
	if (lease->start < older->start)
		older->start = lease->start;
	older->size += lease->size;
	*gone = *lease;
	memset(lease, 0, sizeof(*lease));
	return older;
}

int cok_ledger_split(struct cok_ledger *l, struct cok_lease *lease, __u64 size,
		     __u64 keep, struct cok_lease **tail)
{
	if (lease->source != COK_SRC_CONTIG || !size ||
	    size % COK_CONTIG_UNIT || size >= lease->size)
		return -EINVAL;
	if ((lease->state != COK_LS_GRANTED && !cok_lease_in_pool(lease)) ||
	    lease->busy || lease->size - size < keep)
		return -EBUSY;
	*tail = free_slot(l, l->spare);
	if (!*tail)
		return -ENOSPC;
	**tail = *lease;
	(*tail)->id = ++l->last_id;
	(*tail)->boot = false;
	(*tail)->start += lease->size - size;
	(*tail)->size = size;
	lease->size -= size;
	return 0;
}

int cok_ledger_reserve(struct cok_ledger *l, struct cok_lease *lease)
{
	__u64 want;

	if (lease->source != COK_SRC_CONTIG || lease->spare ||
	    !in_transaction(lease->state))
		return -EINVAL;
	/* As many as there can be pieces more than one. */
	want = lease->size / COK_CONTIG_UNIT - 1;
	if (want > 2)
		want = 2;
	if (want && !free_slot(l, l->spare + want - 1))
		return -ENOSPC;
	lease->spare = want;
	l->spare += want;
	return 0;
}

/* The last bytes of a lease, from `start` on, as one of their own. */
static struct cok_lease *cut(struct cok_ledger *l, struct cok_lease *lease,
			     __u64 start)
{
	struct cok_lease *tail;

	if (lease->spare) {
		lease->spare--;
		l->spare--;
	}
	tail = free_slot(l, l->spare);
	if (!tail)
		return NULL;
	*tail = *lease;
	tail->id = ++l->last_id;
	tail->boot = false;
	tail->spare = 0;
	tail->start = start;
	tail->size = lease->start + lease->size - start;
	lease->size -= tail->size;
	return tail;
}

/* Exchanges two leases' ranges, not their numbers. */
static void swap_ranges(struct cok_lease *a, struct cok_lease *b)
{
	__u64 start = a->start, size = a->size;

	a->start = b->start;
	a->size = b->size;
	b->start = start;
	b->size = size;
}

int cok_ledger_part(struct cok_ledger *l, struct cok_lease *lease, __u64 start,
		    __u64 size, struct cok_lease *piece[3])
{
	__u64 before = start - lease->start;
	__u64 after = lease->size - before - size;

	memset(piece, 0, 3 * sizeof(piece[0]));
	if (lease->source != COK_SRC_CONTIG || !in_transaction(lease->state) ||
	    start < lease->start || before >= lease->size || !size ||
	    size > lease->size - before || start % COK_CONTIG_UNIT ||
	    size % COK_CONTIG_UNIT)
		return -EINVAL;
	if (!before && !after) {
		piece[0] = lease;
		return 0;
	}
	if (!lease->spare && !free_slot(l, l->spare + (before && after)))
		return -ENOSPC;
	piece[1] = lease;
	if (before && after)
		piece[2] = cut(l, lease, start + size);
	/* The lease's number goes with what stays, wherever that lies. */
	piece[0] = cut(l, lease, before ? start : start + size);
	if (!before)
		swap_ranges(piece[0], lease);
	return 0;
}

struct cok_lease *cok_ledger_find(struct cok_ledger *l, __u32 id)
{
	for (__u32 i = 0; id && i < l->nr_slots; i++)
		if (l->slot[i].id == id)
			return &l->slot[i];
	return NULL;
}

struct cok_lease *cok_ledger_find_cpu(struct cok_ledger *l, __u32 cpu)
{
	for (__u32 i = 0; i < l->nr_slots; i++) {
		struct cok_lease *s = &l->slot[i];

		if (s->id && s->kind == COK_RES_CPU && s->cpu == cpu)
			return s;
	}
	return NULL;
}

struct cok_lease *cok_ledger_find_mem(struct cok_ledger *l, __u64 start,
				      __u64 size)
{
	for (__u32 i = 0; i < l->nr_slots; i++) {
		struct cok_lease *s = &l->slot[i];

		if (s->id && s->kind == COK_RES_MEM &&
		    ranges_overlap(s->start, s->size, start, size))
			return s;
	}
	return NULL;
}

struct cok_lease *cok_ledger_next(struct cok_ledger *l, __u32 id)
{
	struct cok_lease *best = NULL;

	for (__u32 i = 0; i < l->nr_slots; i++) {
		struct cok_lease *s = &l->slot[i];

		if (s->id > id && (!best || s->id < best->id))
			best = s;
	}
	return best;
}
