// sources: module/core/ledger.c module/core/state.c
// SPDX-License-Identifier: GPL-2.0
/* The ledger and the two state tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/ledger.h"
#include "core/state.h"

#define MIB (1ULL << 20)

static struct cok_lease slots[4];
static struct cok_ledger ledger;

static int reset(void **state)
{
	(void)state;
	memset(slots, 0, sizeof(slots));
	ledger = (struct cok_ledger){ .slot = slots, .nr_slots = 4 };
	return 0;
}

static int add_cpu(__u32 cpu, struct cok_lease **out)
{
	struct cok_lease want = { .kind = COK_RES_CPU, .cpu = cpu };

	return cok_ledger_add(&ledger, &want, 7, out);
}

static int add_mem(__u64 start, __u64 size, struct cok_lease **out)
{
	struct cok_lease want = {
		.kind = COK_RES_MEM,
		.start = start,
		.size = size,
	};

	return cok_ledger_add(&ledger, &want, 7, out);
}

static void adds_in_taking_with_fresh_ids(void **state)
{
	struct cok_lease *a, *b;

	(void)state;
	assert_int_equal(add_cpu(3, &a), 0);
	assert_int_equal(a->state, COK_LS_TAKING);
	assert_int_equal(a->op, 7);
	assert_int_equal(a->id, 1);
	assert_int_equal(cok_ledger_move(&ledger, a, COK_LS_HOST, 0, 0), 0);
	assert_null(cok_ledger_find_cpu(&ledger, 3));
	/* The slot is used again, the id is not. */
	assert_int_equal(add_cpu(3, &b), 0);
	assert_int_equal(b->id, 2);
}

static void refuses_what_is_leased(void **state)
{
	struct cok_lease *l;

	(void)state;
	assert_int_equal(add_cpu(3, &l), 0);
	assert_int_equal(add_cpu(3, &l), -EEXIST);
	assert_int_equal(add_mem(128 * MIB, 128 * MIB, &l), 0);
	assert_int_equal(add_mem(128 * MIB, 128 * MIB, &l), -EEXIST);
	assert_int_equal(add_mem(0, 129 * MIB, &l), -EEXIST);
	assert_int_equal(add_mem(255 * MIB, 4 * MIB, &l), -EEXIST);
	/* Touching is not overlapping. */
	assert_int_equal(add_mem(0, 128 * MIB, &l), 0);
	assert_int_equal(add_mem(256 * MIB, 128 * MIB, &l), 0);
	assert_int_equal(add_cpu(4, &l), -ENOSPC);
}

static void refuses_nonsense(void **state)
{
	struct cok_lease want = { .kind = 9 }, *l;

	(void)state;
	assert_int_equal(cok_ledger_add(&ledger, &want, 1, &l), -EINVAL);
	assert_int_equal(add_mem(4096, 0, &l), -EINVAL);
	assert_int_equal(add_mem(-4096ULL, 8192, &l), -EINVAL);
	assert_null(cok_ledger_find(&ledger, 0));
	assert_null(cok_ledger_find(&ledger, 1));
}

static void moves_only_with_fitting_holder(void **state)
{
	struct cok_lease *l;

	(void)state;
	assert_int_equal(add_cpu(1, &l), 0);
	assert_int_equal(cok_ledger_move(&ledger, l, COK_LS_GRANTED, 1, 0),
			 -EINVAL);
	assert_int_equal(cok_ledger_move(&ledger, l, COK_LS_POOLED, 1, 0),
			 -EINVAL);
	assert_int_equal(cok_ledger_move(&ledger, l, COK_LS_POOLED, 0, 0), 0);
	assert_int_equal(cok_ledger_move(&ledger, l, COK_LS_OFFERED, 1, 0),
			 -EINVAL);
	assert_int_equal(cok_ledger_move(&ledger, l, COK_LS_OFFERED, 0, 5),
			 -EINVAL);
	assert_int_equal(cok_ledger_move(&ledger, l, COK_LS_OFFERED, 1, 5), 0);
	/* From one enclave to another only through the pool. */
	assert_int_equal(cok_ledger_move(&ledger, l, COK_LS_GRANTED, 2, 0),
			 -EINVAL);
	assert_int_equal(cok_ledger_move(&ledger, l, COK_LS_GRANTED, 1, 0), 0);
	assert_int_equal(l->op, 0);
	assert_int_equal(cok_ledger_move(&ledger, l, COK_LS_HOST, 0, 0),
			 -EINVAL);
	assert_int_equal(cok_ledger_move(&ledger, l, COK_LS_RETURNING, 0, 0),
			 -EINVAL);
	assert_int_equal(cok_ledger_move(&ledger, l, COK_LS_RECALLED, 1, 6), 0);
	l->boot = true;
	assert_int_equal(cok_ledger_move(&ledger, l, COK_LS_POOLED, 0, 0), 0);
	assert_false(l->boot);
	assert_int_equal(cok_ledger_move(&ledger, l, COK_LS_RETURNING, 0, 0),
			 0);
	assert_int_equal(cok_ledger_move(&ledger, l, COK_LS_HOST, 0, 0), 0);
	assert_int_equal(cok_ledger_move(&ledger, l, COK_LS_TAKING, 0, 0),
			 -EINVAL);
}

static void walks_by_id(void **state)
{
	struct cok_lease *a, *b, *c;

	(void)state;
	assert_int_equal(add_cpu(1, &a), 0);
	assert_int_equal(add_cpu(2, &b), 0);
	assert_int_equal(cok_ledger_move(&ledger, a, COK_LS_HOST, 0, 0), 0);
	assert_int_equal(add_cpu(3, &c), 0); /* in a's slot, with id 3 */
	assert_ptr_equal(cok_ledger_next(&ledger, 0), b);
	assert_ptr_equal(cok_ledger_next(&ledger, b->id), c);
	assert_null(cok_ledger_next(&ledger, c->id));
}

/* ---- the pool ---- */

static __u32 changes;

static void count_change(const struct cok_lease *lease)
{
	assert_true(lease->id);
	changes++;
}

static struct cok_lease *pooled_cpu(__u32 cpu)
{
	struct cok_lease *l;

	assert_int_equal(add_cpu(cpu, &l), 0);
	assert_int_equal(cok_ledger_move(&ledger, l, COK_LS_POOLED, 0, 0), 0);
	return l;
}

static int keep(__u32 op)
{
	changes = 0;
	return cok_ledger_keep(&ledger, op, count_change);
}

static int draw(const __u32 *ids, __u32 n, __u32 op, bool home)
{
	changes = 0;
	return cok_ledger_draw(&ledger, ids, n, op, home, count_change);
}

static void keeps_all_or_nothing(void **state)
{
	struct cok_lease *a = pooled_cpu(1), *b, *c;

	(void)state;
	assert_int_equal(add_cpu(2, &b), 0);
	assert_int_equal(keep(7), -EBUSY); /* b is still being taken */
	assert_false(cok_lease_in_pool(a));
	assert_int_equal(a->op, 7);
	assert_int_equal(cok_ledger_move(&ledger, b, COK_LS_POOLED, 0, 0), 0);
	b->busy = true;
	assert_int_equal(keep(7), -EBUSY);
	assert_int_equal(changes, 0);
	b->busy = false;
	c = pooled_cpu(3);
	c->op = 8; /* somebody else's */
	assert_int_equal(keep(7), 0);
	assert_int_equal(changes, 2);
	assert_true(cok_lease_in_pool(a));
	assert_true(cok_lease_in_pool(b));
	assert_false(cok_lease_in_pool(c));
	assert_int_equal(keep(7), -ENOENT);
}

static void draws_all_or_nothing(void **state)
{
	__u32 ids[3] = { pooled_cpu(1)->id, pooled_cpu(2)->id, 0 };
	struct cok_lease *a = cok_ledger_find(&ledger, ids[0]);
	struct cok_lease *b = cok_ledger_find(&ledger, ids[1]);

	(void)state;
	assert_int_equal(draw(ids, 2, 9, false), -ENOENT); /* another's */
	assert_int_equal(keep(7), 0);
	assert_int_equal(draw(ids, 3, 9, false), -ENOENT); /* no lease 0 */
	ids[2] = ids[0];
	assert_int_equal(draw(ids, 3, 9, false), -ENOENT); /* twice */
	b->busy = true;
	assert_int_equal(draw(ids, 2, 9, false), -ENOENT);
	assert_int_equal(changes, 0);
	assert_true(cok_lease_in_pool(a));
	b->busy = false;
	assert_int_equal(draw(ids, 2, 9, false), 0);
	assert_int_equal(changes, 2);
	assert_int_equal(a->op, 9);
	assert_true(a->reserved);
	assert_int_equal(draw(ids, 1, 10, true), -ENOENT);
	assert_int_equal(keep(9), 0);
	assert_int_equal(cok_ledger_draw_all(&ledger, 10, true, count_change),
			 0);
	assert_int_equal(b->op, 10);
	assert_false(b->reserved); /* on its way home */
	assert_int_equal(cok_ledger_draw_all(&ledger, 11, true, count_change),
			 -ENOENT);
}

/* From wherever it comes back. */
static void reserved_goes_back_to_the_pool(void **state)
{
	static const __u32 from[] = { COK_LS_OFFERED, COK_LS_GRANTED,
				      COK_LS_RECALLED };
	struct cok_lease *l = pooled_cpu(1);

	(void)state;
	assert_int_equal(keep(7), 0);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(draw(&l->id, 1, 9, false), 0);
		if (from[i] == COK_LS_RECALLED)
			assert_int_equal(cok_ledger_move(&ledger, l,
							 COK_LS_GRANTED, 1, 0),
					 0);
		assert_int_equal(cok_ledger_move(&ledger, l, from[i], 1,
						 from[i] == COK_LS_GRANTED ? 0
									   : 5),
				 0);
		l->op = 9; /* a recall's, a destroy's */
		assert_int_equal(
			cok_ledger_move(&ledger, l, COK_LS_POOLED, 0, 0), 0);
		assert_true(cok_lease_in_pool(l));
	}
	/* And one that is not stays in the operation's hands. */
	assert_int_equal(draw(&l->id, 1, 9, true), 0);
	assert_int_equal(cok_ledger_move(&ledger, l, COK_LS_OFFERED, 1, 5), 0);
	assert_int_equal(cok_ledger_move(&ledger, l, COK_LS_POOLED, 0, 0), 0);
	assert_int_equal(l->op, 9);
	assert_false(cok_lease_in_pool(l));
	/* A new lease is not reserved, whatever it is entered with. */
	assert_int_equal(cok_ledger_move(&ledger, l, COK_LS_RETURNING, 0, 0),
			 0);
	assert_int_equal(cok_ledger_move(&ledger, l, COK_LS_HOST, 0, 0), 0);
	assert_false(l->reserved);
}

/* Reachability: every lease can get home from every state it can be in. */
static void every_lease_state_leads_home(void **state)
{
	(void)state;
	for (__u32 from = COK_LS_TAKING; from < COK_LS_COUNT; from++) {
		__u32 seen = 1u << from, before;

		do {
			before = seen;
			for (__u32 a = 0; a < COK_LS_COUNT; a++)
				for (__u32 b = 0; b < COK_LS_COUNT; b++)
					if ((seen >> a & 1) &&
					    cok_lease_state_ok(a, b))
						seen |= 1u << b;
		} while (seen != before);
		assert_true(seen >> COK_LS_HOST & 1);
	}
}

static struct cok_lease *pooled(__u64 start, __u64 size, __u32 op, __u32 source)
{
	struct cok_lease want = {
		.kind = COK_RES_MEM,
		.source = source,
		.start = start,
		.size = size,
		.zone = "Normal",
	};
	struct cok_lease *l;

	assert_int_equal(cok_ledger_add(&ledger, &want, op, &l), 0);
	assert_int_equal(cok_ledger_move(&ledger, l, COK_LS_POOLED, 0, 0), 0);
	return l;
}

static void joins_neighbours(void **state)
{
	struct cok_lease *a, *b, *c, gone;

	(void)state;
	a = pooled(64 * MIB, 32 * MIB, 7, COK_SRC_CONTIG);
	c = pooled(128 * MIB, 2 * MIB, 7, COK_SRC_CONTIG);
	assert_null(cok_ledger_join(&ledger, c, &gone)); /* a gap */
	b = pooled(96 * MIB, 32 * MIB, 7, COK_SRC_CONTIG);
	/* In the middle: with one of them, then with the other. */
	assert_ptr_equal(cok_ledger_join(&ledger, b, &gone), a);
	assert_int_equal(gone.id, 3);
	assert_ptr_equal(cok_ledger_join(&ledger, a, &gone), a);
	assert_int_equal(gone.id, 2);
	assert_null(cok_ledger_join(&ledger, a, &gone));
	assert_int_equal(a->id, 1);
	assert_int_equal(a->start, 64 * MIB);
	assert_int_equal(a->size, 66 * MIB);
	assert_null(cok_ledger_next(&ledger, 1));
	/* Downwards: the older one keeps its id, and starts lower. */
	b = pooled(62 * MIB, 2 * MIB, 7, COK_SRC_CONTIG);
	assert_ptr_equal(cok_ledger_join(&ledger, b, &gone), a);
	assert_int_equal(a->start, 62 * MIB);
	assert_int_equal(a->size, 68 * MIB);
}

static void joins_nothing_else(void **state)
{
	struct cok_lease *a, *b, gone;

	(void)state;
	a = pooled(64 * MIB, 32 * MIB, 7, COK_SRC_CONTIG);
	b = pooled(96 * MIB, 32 * MIB, 8, COK_SRC_CONTIG);
	assert_null(cok_ledger_join(&ledger, b, &gone)); /* another's */
	b->op = 7;
	b->busy = true;
	assert_null(cok_ledger_join(&ledger, a, &gone));
	b->busy = false;
	strcpy(b->zone, "DMA32");
	assert_null(cok_ledger_join(&ledger, a, &gone));
	strcpy(b->zone, "Normal");
	b->source = COK_SRC_BLOCK;
	assert_null(cok_ledger_join(&ledger, a, &gone));
	assert_null(cok_ledger_join(&ledger, b, &gone));
	b->source = COK_SRC_CONTIG;
	assert_int_equal(cok_ledger_move(&ledger, b, COK_LS_GRANTED, 1, 0), 0);
	assert_null(cok_ledger_join(&ledger, a, &gone));
	assert_null(cok_ledger_join(&ledger, b, &gone));
}

static void splits_what_is_granted(void **state)
{
	struct cok_lease *a, *tail, gone;

	(void)state;
	a = pooled(64 * MIB, 32 * MIB, 7, COK_SRC_CONTIG);
	assert_int_equal(cok_ledger_split(&ledger, a, 2 * MIB, 0, &tail),
			 -EBUSY);
	assert_int_equal(cok_ledger_move(&ledger, a, COK_LS_GRANTED, 5, 0), 0);
	a->boot = true;
	assert_int_equal(cok_ledger_split(&ledger, a, 0, 0, &tail), -EINVAL);
	assert_int_equal(cok_ledger_split(&ledger, a, MIB, 0, &tail), -EINVAL);
	assert_int_equal(cok_ledger_split(&ledger, a, 32 * MIB, 0, &tail),
			 -EINVAL);
	assert_int_equal(cok_ledger_split(&ledger, a, 30 * MIB, 2 * MIB + 1,
					  &tail),
			 -EBUSY);
	a->busy = true;
	assert_int_equal(cok_ledger_split(&ledger, a, 2 * MIB, 0, &tail),
			 -EBUSY);
	a->busy = false;
	assert_int_equal(cok_ledger_split(&ledger, a, 30 * MIB, 2 * MIB, &tail),
			 0);
	assert_int_equal(a->start, 64 * MIB);
	assert_int_equal(a->size, 2 * MIB);
	assert_true(a->boot);
	assert_int_equal(tail->id, 2);
	assert_int_equal(tail->start, 66 * MIB);
	assert_int_equal(tail->size, 30 * MIB);
	assert_int_equal(tail->state, COK_LS_GRANTED);
	assert_int_equal(tail->enclave, 5);
	assert_false(tail->boot);
	/* What is granted is not joined again. */
	assert_null(cok_ledger_join(&ledger, tail, &gone));
	a->source = COK_SRC_BLOCK;
	assert_int_equal(cok_ledger_split(&ledger, a, 2 * MIB, 0, &tail),
			 -EINVAL);
	add_cpu(1, &a);
	add_cpu(2, &a);
	assert_int_equal(cok_ledger_split(&ledger, tail, 2 * MIB, 0, &a),
			 -ENOSPC);
}

static void parts_and_joins_in_the_pool(void **state)
{
	struct cok_lease *a, *tail, gone;

	(void)state;
	a = pooled(64 * MIB, 32 * MIB, 7, COK_SRC_CONTIG);
	assert_int_equal(keep(7), 0);
	assert_int_equal(cok_ledger_split(&ledger, a, 2 * MIB, 0, &tail), 0);
	assert_true(cok_lease_in_pool(a));
	assert_true(cok_lease_in_pool(tail));
	assert_int_equal(draw(&tail->id, 1, 9, false), 0);
	assert_int_equal(cok_ledger_split(&ledger, tail, 2 * MIB, 0, &a),
			 -EINVAL);
	/* In a hand it is no neighbour, in an enclave neither, then it is. */
	assert_null(cok_ledger_join(&ledger, tail, &gone));
	assert_int_equal(cok_ledger_move(&ledger, tail, COK_LS_GRANTED, 1, 0),
			 0);
	assert_null(cok_ledger_join(&ledger, tail, &gone));
	assert_int_equal(cok_ledger_move(&ledger, tail, COK_LS_POOLED, 0, 0),
			 0);
	a = cok_ledger_join(&ledger, tail, &gone);
	assert_non_null(a);
	assert_int_equal(a->size, 32 * MIB);
	assert_true(cok_lease_in_pool(a));
	/* What another is about to return home stays apart. */
	tail = pooled(96 * MIB, 2 * MIB, 8, COK_SRC_CONTIG);
	tail->op = 0;
	assert_null(cok_ledger_join(&ledger, tail, &gone));
}

static void enclave_states(void **state)
{
	(void)state;
	assert_true(cok_state_ok(COK_ST_BOOTING, COK_ST_RUNNING));
	assert_true(cok_state_ok(COK_ST_STOPPING, COK_ST_FAILED));
	/* FAILED means "its cores are parked": only a halt gets there. */
	assert_false(cok_state_ok(COK_ST_RUNNING, COK_ST_FAILED));
	assert_false(cok_state_ok(COK_ST_RUNNING, COK_ST_DESTROYED));
	assert_false(cok_state_ok(COK_ST_STOPPED, COK_ST_RUNNING));
	assert_false(cok_state_ok(COK_ST_COUNT, COK_ST_RUNNING));
	assert_false(cok_state_ok(COK_ST_RUNNING, 99));
	for (__u32 to = 0; to < COK_ST_COUNT; to++)
		assert_false(cok_state_ok(COK_ST_DESTROYED, to));
	assert_string_equal(cok_state_name(COK_ST_RUNNING), "RUNNING");
	assert_string_equal(cok_state_name(99), "?");
	assert_string_equal(cok_lease_state_name(COK_LS_POOLED), "POOLED");
}

/* ---- parts of a lease in a transaction ------------------------------------ */

static struct cok_lease *recalled(__u64 units)
{
	struct cok_lease want = {
		.kind = COK_RES_MEM,
		.start = 64 * MIB,
		.size = units * COK_CONTIG_UNIT,
		.source = COK_SRC_CONTIG,
		.zone = "Normal",
	};
	struct cok_lease *l;

	reset(NULL);
	assert_int_equal(cok_ledger_add(&ledger, &want, 7, &l), 0);
	assert_int_equal(cok_ledger_reserve(&ledger, l), -EINVAL);
	assert_int_equal(cok_ledger_move(&ledger, l, COK_LS_POOLED, 0, 0), 0);
	assert_int_equal(cok_ledger_move(&ledger, l, COK_LS_GRANTED, 1, 0), 0);
	assert_int_equal(cok_ledger_move(&ledger, l, COK_LS_RECALLED, 1, 9), 0);
	return l;
}

static void parts_of_a_lease(void **state)
{
	static const struct {
		__u64 at, units; /* of five */
		int err;
		int pieces;
		__u64 first, second; /* where what stays begins */
	} cases[] = {
		{ 0, 5, 0, 1, 0, 0 },	     { 0, 2, 0, 2, 2, 0 },
		{ 3, 2, 0, 2, 0, 0 },	     { 1, 3, 0, 3, 0, 4 },
		{ 0, 0, -EINVAL, 0, 0, 0 },  { 5, 1, -EINVAL, 0, 0, 0 },
		{ 4, 2, -EINVAL, 0, 0, 0 },  { -1, 2, -EINVAL, 0, 0, 0 },
		{ 1, -1, -EINVAL, 0, 0, 0 },
	};
	struct cok_lease *l, *piece[3];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		__u64 at = 64 * MIB + cases[i].at * COK_CONTIG_UNIT;
		__u64 size = cases[i].units * COK_CONTIG_UNIT, sum = 0;

		l = recalled(5);
		assert_int_equal(cok_ledger_part(&ledger, l, at, size, piece),
				 cases[i].err);
		if (cases[i].err)
			continue;
		assert_int_equal(piece[0]->start, at);
		assert_int_equal(piece[0]->size, size);
		for (int n = 0; n < 3; n++) {
			assert_int_equal(!piece[n], n >= cases[i].pieces);
			if (!piece[n])
				continue;
			sum += piece[n]->size;
			assert_int_equal(piece[n]->state, COK_LS_RECALLED);
			assert_int_equal(piece[n]->txid, 9);
			assert_string_equal(piece[n]->zone, "Normal");
		}
		assert_int_equal(sum, 5 * COK_CONTIG_UNIT);
		/* The number stays with what stays. */
		assert_ptr_equal(piece[cases[i].pieces > 1], l);
		if (cases[i].pieces > 1)
			assert_int_equal(piece[1]->start,
					 64 * MIB + cases[i].first *
							    COK_CONTIG_UNIT);
		if (cases[i].pieces > 2)
			assert_int_equal(piece[2]->start,
					 64 * MIB + cases[i].second *
							    COK_CONTIG_UNIT);
	}
	l = recalled(5);
	assert_int_equal(cok_ledger_part(&ledger, l, 64 * MIB + 4096,
					 COK_CONTIG_UNIT, piece),
			 -EINVAL);
}

/* Entries that were set aside are nobody else's. */
static void entries_are_set_aside(void **state)
{
	struct cok_lease *l = recalled(5), *piece[3], *other;

	(void)state;
	assert_int_equal(cok_ledger_reserve(&ledger, l), 0);
	assert_int_equal(cok_ledger_reserve(&ledger, l), -EINVAL);
	assert_int_equal(add_cpu(1, &other), 0); /* the last of four */
	assert_int_equal(add_cpu(2, &other), -ENOSPC);
	assert_int_equal(cok_ledger_part(&ledger, l, 64 * MIB + COK_CONTIG_UNIT,
					 COK_CONTIG_UNIT, piece),
			 0);
	assert_int_equal(ledger.spare, 0);
	assert_int_equal(add_cpu(2, &other), -ENOSPC);

	l = recalled(5);
	assert_int_equal(cok_ledger_reserve(&ledger, l), 0);
	assert_int_equal(cok_ledger_move(&ledger, l, COK_LS_GRANTED, 1, 0), 0);
	assert_int_equal(ledger.spare, 0);
	for (__u32 cpu = 0; cpu < 3; cpu++)
		assert_int_equal(add_cpu(cpu, &other), 0);
	assert_int_equal(cok_ledger_move(&ledger, l, COK_LS_RECALLED, 1, 9), 0);
	assert_int_equal(cok_ledger_reserve(&ledger, l), -ENOSPC);
	assert_int_equal(cok_ledger_part(&ledger, l, 64 * MIB, COK_CONTIG_UNIT,
					 piece),
			 -ENOSPC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(adds_in_taking_with_fresh_ids, reset),
		cmocka_unit_test_setup(refuses_what_is_leased, reset),
		cmocka_unit_test_setup(refuses_nonsense, reset),
		cmocka_unit_test_setup(moves_only_with_fitting_holder, reset),
		cmocka_unit_test_setup(walks_by_id, reset),
		cmocka_unit_test_setup(joins_neighbours, reset),
		cmocka_unit_test_setup(joins_nothing_else, reset),
		cmocka_unit_test_setup(splits_what_is_granted, reset),
		cmocka_unit_test_setup(keeps_all_or_nothing, reset),
		cmocka_unit_test_setup(draws_all_or_nothing, reset),
		cmocka_unit_test_setup(reserved_goes_back_to_the_pool, reset),
		cmocka_unit_test_setup(parts_and_joins_in_the_pool, reset),
		cmocka_unit_test(every_lease_state_leads_home),
		cmocka_unit_test(enclave_states),
		cmocka_unit_test(parts_of_a_lease),
		cmocka_unit_test(entries_are_set_aside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
