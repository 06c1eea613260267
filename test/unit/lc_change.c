// sources: libcoord/shrink.c libcoord/grow.c libcoord/pick_recall.c libcoord/deal.c libcoord/names.c libcoord/size.c libcoord/cpulist.c libcoord/err.c libcoord/sysfs.c libcoord/step.c
// SPDX-License-Identifier: GPL-2.0
/*
 * Grow and shrink against a made-up module and co-kernel: what is listed, what
 * is done with parts and refusals, and who has what in the end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "internal.h"

#define M     (1ULL << 20)
#define BLOCK (128 * M)
#define OURS  1 /* the operation, and the enclave */

/* ---- the made-up world ----------------------------------------------------------- */

static struct coord_lease world[128];
static size_t nr;
static uint32_t last_id;
static bool stubborn[256];   /* by lease: it does not agree to that */
static int transactions;     /* so far */
static int late;	     /* this one is not answered; 0: none */
static size_t longest;	     /* list so far */
static uint64_t request_met; /* named by an offer */
static uint32_t spare_cpus;  /* that Linux could give ... */
static uint64_t spare_memory;
static bool greedy_linux; /* ... as it says, but does not */
static bool going_home;	  /* the operation has HOME */
static struct coord c;

static uint32_t have(uint32_t kind, uint64_t size, bool boot)
{
	bool block = kind == COK_RES_MEM && size == BLOCK;

	assert_true(nr < 128);
	last_id++;
	world[nr++] = (struct coord_lease){
		.id = last_id,
		.kind = kind,
		.state = COK_LS_GRANTED,
		.enclave = OURS,
		.boot = boot,
		.cpu = last_id,
		.start = last_id * BLOCK,
		.size = size,
		.source = kind == COK_RES_CPU ? COK_SRC_NONE
			  : block	      ? COK_SRC_BLOCK
					      : COK_SRC_CONTIG,
	};
	return last_id;
}

static void taken(uint32_t kind, uint64_t size)
{
	have(kind, size, false);
	world[nr - 1].state = COK_LS_POOLED;
	world[nr - 1].enclave = 0;
	world[nr - 1].op = OURS;
}

/* Of the pool: there, or granted. */
static void pooled(uint32_t kind, uint64_t size, bool granted)
{
	have(kind, size, false);
	world[nr - 1].reserved = true;
	if (granted)
		return;
	world[nr - 1].state = COK_LS_POOLED;
	world[nr - 1].enclave = 0;
}

static struct coord_lease *lease(uint32_t id)
{
	size_t i;

	for (i = 0; i < nr; i++)
		if (world[i].id == id)
			return &world[i];
	fail();
	return NULL;
}

static struct coord_amount of_enclave(void)
{
	struct coord_amount a = { 0 };
	size_t i;

	for (i = 0; i < nr; i++)
		if (world[i].state == COK_LS_GRANTED) {
			a.cpus += world[i].kind == COK_RES_CPU;
			if (world[i].kind == COK_RES_MEM)
				a.memory += world[i].size;
		}
	return a;
}

static int begin_world(void **state)
{
	(void)state;
	nr = last_id = transactions = late = longest = request_met = 0;
	memset(stubborn, 0, sizeof(stubborn));
	spare_cpus = 100;
	spare_memory = 100 * BLOCK;
	greedy_linux = going_home = false;
	c = (struct coord){ .info = { .block_size = BLOCK } };
	have(COK_RES_CPU, 0, true);
	have(COK_RES_MEM, BLOCK, true);
	return 0;
}

/* ---- the module, as libcoord sees it ------------------------------------------------ */

int lc_ledger_get(struct coord *h, struct lc_ledger *l, struct coord_err *err)
{
	(void)h, (void)err;
	l->lease = malloc((nr + 1) * sizeof(*world));
	assert_non_null(l->lease);
	memcpy(l->lease, world, nr * sizeof(*world));
	l->n = nr;
	return 0;
}

int lc_enclave_id(struct coord *h, const char *name, uint32_t *id,
		  struct coord_err *err)
{
	(void)h, (void)name, (void)err;
	*id = OURS;
	return 0;
}

int coord_enclave(struct coord *h, const char *name, struct coord_enclave **out,
		  struct coord_err *err)
{
	(void)h, (void)name, (void)err;
	*out = calloc(1, sizeof(**out));
	assert_non_null(*out);
	(*out)->id = OURS;
	(*out)->state = COK_ST_RUNNING;
	return 0;
}

void coord_enclaves_free(struct coord_enclave *e, size_t n)
{
	(void)n;
	free(e);
}

int lc_op_begin(struct coord *h, uint32_t kind, uint32_t enclave,
		struct coord_err *err)
{
	(void)kind, (void)enclave, (void)err;
	h->op = OURS;
	going_home = false;
	return 0;
}

int lc_op_end(struct coord *h, struct coord_err *err)
{
	size_t i;

	(void)err;
	for (i = 0; i < nr; i++)
		assert_int_not_equal(world[i].op, OURS);
	h->op = 0;
	return 0;
}

int lc_return(struct coord *h, const struct coord_lease *l,
	      struct coord_err *err)
{
	struct coord_lease *w = lease(l->id);

	(void)h, (void)err;
	assert_int_equal(w->state, COK_LS_POOLED);
	if (w->reserved)
		w->op = 0;
	else
		*w = world[--nr];
	return 0;
}

int lc_op_return(struct coord *h, uint32_t dead, struct coord_err *err)
{
	size_t i = 0;

	(void)dead;
	while (i < nr)
		if (world[i].op == OURS)
			lc_return(h, &world[i], err);
		else
			i++;
	return 0;
}

int lc_op_undo(struct coord *h, struct coord_err *err)
{
	struct coord_err e;

	(void)err;
	lc_op_return(h, 0, &e);
	lc_op_end(h, &e);
	return -1;
}

int lc_op_pooled(struct coord *h, struct coord_err *err)
{
	int n = 0;
	size_t i;

	(void)h, (void)err;
	for (i = 0; i < nr; i++)
		n += world[i].op == OURS;
	return n;
}

int lc_op_begin_home(struct coord *h, uint32_t kind, uint32_t enclave,
		     struct coord_err *err)
{
	lc_op_begin(h, kind, enclave, err);
	going_home = true;
	return 0;
}

int lc_split(struct coord *h, uint32_t from, uint64_t size, uint32_t *tail,
	     struct coord_err *err)
{
	(void)h, (void)err;
	assert_in_range(size, 1, lease(from)->size - 2 * M);
	lease(from)->size -= size;
	*tail = have(COK_RES_MEM, size, false);
	return 0;
}

/* ---- the pool ------------------------------------------------------------------------- */

void lc_pool_note(struct coord *h, const struct lc_ledger *l, uint32_t enclave,
		  const uint32_t *ids, size_t n)
{
	size_t i;

	(void)h, (void)l, (void)enclave;
	for (i = 0; i < n; i++)
		assert_true(lease(ids[i])->reserved);
}

bool lc_wants_anything(const struct lc_want *w)
{
	return w->cpus || w->cpu_list || w->memory;
}

int lc_take_pooled(struct coord *h, const struct lc_want *w, struct lc_draw *d,
		   struct coord_err *err)
{
	size_t i;

	(void)w, (void)err;
	for (i = 0; i < d->n; i++) {
		assert_int_equal(lease(d->id[i])->op, 0);
		lease(d->id[i])->op = h->op;
	}
	return 0;
}

/* Blocks; the rest is to be Linux's. */
static void draw(struct lc_draw *d)
{
	size_t i;

	d->id = calloc(nr + 1, sizeof(*d->id));
	assert_non_null(d->id);
	for (i = 0; i < nr; i++) {
		if (!world[i].reserved || world[i].state != COK_LS_POOLED ||
		    world[i].op || world[i].size > d->rest.memory)
			continue;
		d->id[d->n++] = world[i].id;
		d->rest.memory -= world[i].size;
	}
}

/* ---- Linux, that has so much to give -------------------------------------------------- */

int lc_plan(struct coord *h, const char *numa, struct lc_want *w,
	    struct lc_draw *d, struct coord_plan *out, struct coord_err *err)
{
	(void)numa, (void)out;
	memset(d, 0, sizeof(*d));
	d->rest = *w;
	if (w->memory &&
	    lc_check_size(w->memory, h->info.block_size, w->mem_from, err))
		return -1;
	draw(d);
	if (w->cpus <= spare_cpus && d->rest.memory <= spare_memory)
		return 0;
	free(d->id);
	return lc_err(err, COORD_E_INVALID, ENOMEM, "Linux is poor");
}

int lc_take_memory(struct coord *h, const struct lc_want *w,
		   struct coord_err *err)
{
	uint64_t left = w->memory;

	(void)h;
	for (; left >= BLOCK; left -= BLOCK) {
		if (greedy_linux)
			return lc_err(err, COORD_E_BUSY, EBUSY,
				      "Linux holds it");
		taken(COK_RES_MEM, BLOCK);
	}
	if (left)
		taken(COK_RES_MEM, left);
	return 0;
}

int lc_take_cpus(struct coord *h, const struct lc_want *w,
		 struct coord_err *err)
{
	struct lc_cpus set = { 0 };
	uint32_t i, n = w->cpus;

	(void)h, (void)err;
	if (w->cpu_list) {
		lc_cpulist_parse(w->cpu_list, &set, err);
		n = lc_cpus_count(&set);
	}
	for (i = 0; i < n; i++)
		taken(COK_RES_CPU, 0);
	return 0;
}

/* ---- the co-kernel --------------------------------------------------------------------- */

static uint64_t units(const struct coord_lease *l)
{
	return l->kind == COK_RES_CPU ? 1 : l->size;
}

/* Agrees to what it is not stubborn about, the oldest first, up to *want. */
static void answer(struct lc_results *res, const uint32_t *ids, size_t n,
		   uint64_t *want)
{
	size_t i;

	res->n = (uint32_t)n;
	for (i = n; i-- > 0;) {
		struct coord_lease *l = lease(ids[i]);
		struct coord_result *r = &res->r[i];
		uint64_t *rest = &want[l->kind == COK_RES_MEM];

		*r = (struct coord_result){ .lease = l->id,
					    .kind = l->kind,
					    .cpu = l->cpu,
					    .start = l->start,
					    .asked = units(l) };
		if (stubborn[l->id])
			r->why = COK_WHY_IN_USE;
		else if (l->source == COK_SRC_CONTIG)
			r->agreed = units(l) < *rest ? units(l) : *rest;
		else if (units(l) <= *rest)
			r->agreed = units(l);
		if (r->agreed < r->asked && !r->why)
			r->why = COK_WHY_WANTED;
		*rest -= r->agreed;
	}
}

static bool agreed_to_any(const struct lc_results *res)
{
	uint32_t i;

	for (i = 0; i < res->n; i++)
		if (res->r[i].agreed)
			return true;
	return false;
}

/* 0: it is committed. */
static int judge(const struct lc_results *res, const uint64_t *want,
		 const struct lc_terms *t, struct coord_err *err)
{
	assert_in_range(res->n, 1, COK_TXN_MAX_RES);
	if (res->n > longest)
		longest = res->n;
	if (++transactions == late)
		return lc_err(err, COORD_E_TIMEOUT, ETIMEDOUT, "no answer");
	if (!agreed_to_any(res))
		return lc_err(err, COORD_E_DECLINED, ECONNREFUSED, "declined");
	if ((want[0] || want[1]) && !t->best_effort)
		return lc_err(err, COORD_E_DECLINED, ECONNREFUSED, "partial");
	return 0;
}

static void pool(struct coord_lease *l, uint64_t size)
{
	if (size < units(l)) {
		l->size -= size;
		have(COK_RES_MEM, size, false);
		l = &world[nr - 1];
	}
	l->state = COK_LS_POOLED;
	l->enclave = 0;
	if (going_home)
		l->reserved = false;
	l->op = l->reserved ? 0 : OURS;
}

int lc_recall(struct coord *h, const struct lc_terms *t, const uint32_t *leases,
	      size_t n, struct coord_deal *d, struct coord_err *err)
{
	uint64_t want[2] = { t->want.cpus, t->want.memory };
	uint64_t all[2] = { 0 };
	struct lc_results res;
	size_t i;
	int ret;

	(void)h;
	for (i = 0; i < n; i++) {
		assert_false(lease(leases[i])->boot);
		assert_int_equal(lease(leases[i])->state, COK_LS_GRANTED);
		all[lease(leases[i])->kind == COK_RES_MEM] +=
			units(lease(leases[i]));
	}
	for (i = 0; i < 2; i++) {
		assert_in_range(want[i], 0, all[i]);
		want[i] = want[i] ? want[i] : all[i];
	}
	answer(&res, leases, n, want);
	ret = judge(&res, want, t, err);
	if (transactions != late)
		lc_deal_add(d, &res, !ret, err);
	for (i = 0; !ret && i < n; i++)
		if (res.r[i].agreed)
			pool(lease(leases[i]), res.r[i].agreed);
	return ret;
}

int lc_offer(struct coord *h, const struct lc_terms *t, struct coord_deal *d,
	     struct coord_err *err)
{
	uint64_t want[2] = { 0 };
	uint32_t ids[COK_TXN_MAX_RES];
	struct lc_results res;
	size_t i, n = 0;
	int ret;

	(void)h;
	for (i = 0; i < nr && n < COK_TXN_MAX_RES; i++)
		if (world[i].op == OURS) {
			ids[n++] = world[i].id;
			want[world[i].kind == COK_RES_MEM] += units(&world[i]);
		}
	answer(&res, ids, n, want);
	ret = judge(&res, want, t, err);
	if (transactions != late)
		lc_deal_add(d, &res, !ret, err);
	if (!ret && t->request)
		request_met = t->request;
	for (i = 0; !ret && i < n; i++)
		if (res.r[i].agreed) {
			lease(ids[i])->state = COK_LS_GRANTED;
			lease(ids[i])->enclave = OURS;
			lease(ids[i])->op = 0;
		}
	return ret;
}

/* ---- shrink --------------------------------------------------------------------------------- */

struct outcome {
	int ret;
	struct coord_err err;
	struct coord_amount moved;
};

/* In the end nothing may be ours, and what moved is what it has less. */
static struct outcome shrink(struct coord_change ch)
{
	struct coord_amount before = of_enclave(), after;
	struct outcome o = { 0 };
	struct coord_deal d;

	ch.name = "a";
	o.ret = coord_shrink(&c, &ch, &d, &o.err);
	after = of_enclave();
	o.moved = d.moved;
	assert_int_equal(before.cpus - after.cpus, d.moved.cpus);
	assert_true(before.memory - after.memory == d.moved.memory);
	assert_int_equal(c.op, 0);
	coord_deal_free(&d);
	return o;
}

static struct outcome shrink_mem(uint64_t memory, unsigned int flags)
{
	return shrink(
		(struct coord_change){ .memory = memory, .flags = flags });
}

static void it_chooses(void **state)
{
	struct outcome o;
	uint32_t old = have(COK_RES_MEM, BLOCK, false);

	(void)state;
	have(COK_RES_MEM, BLOCK, false);
	have(COK_RES_CPU, 0, false);
	o = shrink((struct coord_change){ .memory = BLOCK, .cpus = 1 });
	assert_int_equal(o.ret, 0);
	assert_int_equal(transactions, 1);
	assert_int_equal(longest, 3);
	assert_int_equal(o.moved.cpus, 1);
	/* The oldest, as this co-kernel likes it. */
	for (size_t i = 0; i < nr; i++)
		assert_int_not_equal(world[i].id, old);
}

static void named_cpus(void **state)
{
	struct outcome o;

	(void)state;
	have(COK_RES_CPU, 0, false); /* 3 */
	have(COK_RES_CPU, 0, false); /* 4 */
	have(COK_RES_CPU, 0, false); /* 5 */
	o = shrink((struct coord_change){ .cpu_list = "3,5" });
	assert_int_equal(o.ret, 0);
	assert_int_equal(longest, 2);
	assert_int_equal(lease(4)->state, COK_LS_GRANTED);
	o = shrink((struct coord_change){ .cpu_list = "1,4" });
	assert_int_equal(o.err.code, COORD_E_INVALID);
	assert_non_null(strstr(o.err.text, "CPU 1 cannot"));
	assert_int_equal(transactions, 1);
	stubborn[4] = true;
	o = shrink((struct coord_change){ .cpu_list = "4" });
	assert_int_equal(o.err.code, COORD_E_DECLINED);
}

static void part_of_a_range(void **state)
{
	uint32_t id = have(COK_RES_MEM, 8 * M, false);

	(void)state;
	assert_int_equal(shrink_mem(6 * M, 0).ret, 0);
	assert_true(lease(id)->size == 2 * M);
}

static void too_little(void **state)
{
	struct outcome o;

	(void)state;
	have(COK_RES_MEM, BLOCK, false);
	o = shrink_mem(2 * M, 0);
	assert_int_equal(o.err.code, COORD_E_INVALID);
	assert_non_null(
		strstr(o.err.text, "only none can be; blocks go whole"));
	o = shrink_mem(2 * BLOCK, 0);
	assert_non_null(strstr(o.err.text, "only 128M can be"));
	o = shrink_mem(2 * BLOCK, COORD_BEST_EFFORT);
	assert_int_equal(o.err.code, COORD_E_PARTIAL);
	assert_true(o.moved.memory == BLOCK);
	o = shrink((struct coord_change){ .cpus = 1 });
	assert_int_equal(o.err.code, COORD_E_INVALID);
}

/* Blocks leave a gap that only a range can fill. */
static void blocks_and_ranges(void **state)
{
	struct outcome o;

	(void)state;
	have(COK_RES_MEM, BLOCK, false);
	have(COK_RES_MEM, 4 * M, false);
	o = shrink((struct coord_change){ .memory = BLOCK + 2 * M,
					  .mem_from = COORD_MEM_BLOCKS });
	assert_int_equal(o.err.code, COORD_E_INVALID);
	assert_int_equal(shrink_mem(BLOCK + 2 * M, 0).ret, 0);
	o = shrink((struct coord_change){ .memory = 2 * M,
					  .mem_from = COORD_MEM_CONTIG });
	assert_int_equal(o.ret, 0);
}

/* Of the range that holds the image, only the end, and only if it must be. */
static void end_of_the_image(void **state)
{
	uint32_t id;

	(void)state;
	nr = 1;
	id = have(COK_RES_MEM, 64 * M, true);
	have(COK_RES_MEM, 4 * M, false);
	assert_int_equal(shrink_mem(4 * M, 0).ret, 0);
	assert_true(lease(id)->size == 64 * M);
	assert_int_equal(shrink_mem(62 * M, 0).ret, 0);
	assert_true(lease(id)->size == 2 * M);
	assert_int_equal(shrink_mem(2 * M, 0).err.code, COORD_E_INVALID);
}

static void part_is_not_enough(void **state)
{
	struct outcome o;

	(void)state;
	have(COK_RES_MEM, BLOCK, false);
	stubborn[have(COK_RES_MEM, BLOCK, false)] = true;
	o = shrink_mem(2 * BLOCK, 0);
	assert_int_equal(o.err.code, COORD_E_DECLINED);
	assert_true(o.moved.memory == 0);
	assert_non_null(strstr(o.err.text, "it agreed to 128M of 256M"));
	o = shrink_mem(2 * BLOCK, COORD_BEST_EFFORT);
	assert_int_equal(o.err.code, COORD_E_PARTIAL);
	assert_int_equal(o.err.why, COK_WHY_IN_USE);
	assert_true(o.moved.memory == BLOCK);
}

/* ---- shrink, more than one transaction -------------------------------------------------------- */

static void have_blocks(int n, int from, int to)
{
	int i;

	for (i = 0; i < n; i++)
		stubborn[have(COK_RES_MEM, BLOCK, false)] = i >= from && i < to;
}

/* The newest 32 say no, the next ones do. */
static void the_next_ones(void **state)
{
	(void)state;
	have_blocks(40, 8, 40);
	assert_int_equal(shrink_mem(3 * BLOCK, 0).ret, 0);
	assert_int_equal(transactions, 2);
	assert_int_equal(longest, COK_TXN_MAX_RES);
}

static void more_than_one_list(void **state)
{
	(void)state;
	have_blocks(70, 0, 0);
	assert_int_equal(shrink_mem(70 * BLOCK, 0).ret, 0);
	assert_int_equal(transactions, 3);
}

static void all_lists_and_too_little(void **state)
{
	struct outcome o;

	(void)state;
	have_blocks(40, 0, 1);
	o = shrink_mem(40 * BLOCK, 0);
	assert_int_equal(o.err.code, COORD_E_DECLINED);
	assert_true(o.moved.memory == 0);
	assert_int_equal(o.err.why, COK_WHY_PARTIAL);
	assert_non_null(strstr(o.err.text, "it agreed to 4992M of 5G"));
	o = shrink_mem(40 * BLOCK, COORD_BEST_EFFORT);
	assert_int_equal(o.err.code, COORD_E_PARTIAL);
	assert_true(o.moved.memory == 39 * BLOCK);
}

static void late_in_the_second(void **state)
{
	struct outcome o;

	(void)state;
	have_blocks(40, 0, 0);
	late = 2;
	o = shrink_mem(40 * BLOCK, 0);
	assert_int_equal(o.err.code, COORD_E_TIMEOUT);
	assert_true(o.moved.memory == 0);
	assert_int_equal(of_enclave().memory / BLOCK, 41);
}

static void have_of_pool(int n)
{
	while (n-- > 0)
		pooled(COK_RES_MEM, BLOCK, true);
}

static size_t in_pool(void)
{
	size_t i, n = 0;

	for (i = 0; i < nr; i++)
		n += world[i].reserved && world[i].state == COK_LS_POOLED &&
		     !world[i].op;
	return n;
}

/* What went to the pool is there; what was to go home, the enclave has again. */
static void too_little_of_the_pool(void **state)
{
	struct coord_change ch = { .memory = 40 * BLOCK };
	struct outcome o;

	(void)state;
	have_of_pool(39);
	stubborn[have(COK_RES_MEM, BLOCK, false)] = true;
	ch.home = true;
	o = shrink(ch);
	assert_int_equal(o.err.code, COORD_E_DECLINED);
	assert_true(o.moved.memory == 0);
	assert_int_equal(of_enclave().memory / BLOCK, 41);
	assert_null(strstr(o.err.text, "is there now"));
	assert_non_null(strstr(o.err.text, "what was of the pool will go"));
	assert_int_equal(in_pool(), 0);
	begin_world(NULL);
	have_of_pool(39);
	stubborn[have(COK_RES_MEM, BLOCK, false)] = true;
	ch.home = false;
	o = shrink(ch);
	assert_int_equal(o.err.code, COORD_E_DECLINED);
	assert_true(o.moved.memory == 39 * BLOCK);
	assert_non_null(strstr(o.err.text, "the pool is there now"));
	assert_int_equal(in_pool(), 39);
	/* None of it was: then there is nothing to be said. */
	begin_world(NULL);
	have_blocks(40, 0, 1);
	ch.home = true;
	o = shrink(ch);
	assert_int_equal(o.err.code, COORD_E_DECLINED);
	assert_true(o.moved.memory == 0);
	assert_null(strstr(o.err.text, "of the pool"));
}

/* ---- grow ---------------------------------------------------------------------------------------- */

static struct outcome grow(struct coord_change ch, uint64_t request)
{
	struct coord_amount before = of_enclave(), after;
	struct outcome o = { 0 };
	struct coord_deal d;

	ch.name = "a";
	o.ret = lc_grow(&c, &ch, request, &d, &o.err);
	after = of_enclave();
	o.moved = d.moved;
	assert_int_equal(after.cpus - before.cpus, d.moved.cpus);
	assert_true(after.memory - before.memory == d.moved.memory);
	assert_int_equal(c.op, 0);
	coord_deal_free(&d);
	return o;
}

static void grow_all(void **state)
{
	(void)state;
	assert_int_equal(
		grow((struct coord_change){ .cpus = 2, .memory = 2 * BLOCK }, 7)
			.ret,
		0);
	assert_int_equal(transactions, 1);
	assert_int_equal(request_met, 7);
}

static void grow_part(void **state)
{
	const struct coord_change ch = { .cpus = 1, .memory = 2 * BLOCK };
	struct coord_change best = ch;
	struct outcome o;

	(void)state;
	stubborn[last_id + 1] = true; /* the first block */
	o = grow(ch, 0);
	assert_int_equal(o.err.code, COORD_E_DECLINED);
	assert_true(o.moved.memory == 0);
	assert_non_null(
		strstr(o.err.text, "it agreed to 1 CPU and 128M of 1 CPU"));
	best.flags = COORD_BEST_EFFORT;
	stubborn[last_id + 1] = true;
	o = grow(best, 0);
	assert_int_equal(o.err.code, COORD_E_PARTIAL);
	assert_true(o.moved.memory == BLOCK);
	assert_int_equal(o.moved.cpus, 1);
}

static void grow_more_than_one_offer(void **state)
{
	const struct coord_change ch = { .memory = 40 * BLOCK };
	struct coord_change best = ch;
	struct outcome o;

	(void)state;
	stubborn[last_id + 36] = true; /* in the second offer */
	o = grow(ch, 7);
	assert_int_equal(o.err.code, COORD_E_DECLINED);
	assert_true(o.moved.memory == 0);
	assert_int_equal(request_met, 0);
	best.flags = COORD_BEST_EFFORT;
	stubborn[last_id + 1] = stubborn[last_id + 2] = true; /* in the first */
	transactions = 0;
	o = grow(best, 7);
	assert_int_equal(o.err.code, COORD_E_PARTIAL);
	assert_true(o.moved.memory == 38 * BLOCK);
	assert_int_equal(transactions, 2);
	assert_int_equal(request_met, 7);
}

/* The first offer is declined whole, the second is not. */
static void grow_declined_first(void **state)
{
	struct outcome o;
	uint32_t i;

	(void)state;
	for (i = 1; i <= COK_TXN_MAX_RES; i++)
		stubborn[last_id + i] = true;
	o = grow((struct coord_change){ .memory = 40 * BLOCK,
					.flags = COORD_BEST_EFFORT },
		 0);
	assert_int_equal(o.err.code, COORD_E_PARTIAL);
	assert_true(o.moved.memory == 8 * BLOCK);
}

static void grow_late(void **state)
{
	struct outcome o;

	(void)state;
	late = 2;
	o = grow((struct coord_change){ .memory = 40 * BLOCK }, 0);
	assert_int_equal(o.err.code, COORD_E_TIMEOUT);
	assert_true(o.moved.memory == 0);
}

static void poor_linux(void **state)
{
	struct coord_change ch = { .cpus = 4, .memory = 4 * BLOCK };
	struct outcome o;

	(void)state;
	spare_cpus = 2;
	spare_memory = 3 * BLOCK + 5 * M;
	assert_int_equal(grow(ch, 0).err.code, COORD_E_INVALID);
	ch.flags = COORD_BEST_EFFORT;
	o = grow(ch, 0);
	assert_int_equal(o.err.code, COORD_E_PARTIAL);
	assert_int_equal(o.moved.cpus, 2);
	assert_true(o.moved.memory == 3 * BLOCK + 4 * M);
	assert_non_null(strstr(o.err.text, "Linux is poor"));
	spare_cpus = spare_memory = 0;
	assert_int_equal(grow(ch, 0).err.code, COORD_E_INVALID);
	/* Named CPUs are what was asked for, or nothing is. */
	assert_int_equal(
		grow((struct coord_change){ .cpu_list = "3",
					    .memory = 4 * BLOCK,
					    .flags = COORD_BEST_EFFORT },
		     0)
			.err.code,
		COORD_E_INVALID);
}

static void linux_that_does_not_keep_its_word(void **state)
{
	struct coord_change ch = { .cpus = 1, .memory = BLOCK };
	struct outcome o;

	(void)state;
	greedy_linux = true;
	assert_int_equal(grow(ch, 0).err.code, COORD_E_BUSY);
	ch.flags = COORD_BEST_EFFORT;
	o = grow(ch, 0);
	assert_int_equal(o.err.code, COORD_E_PARTIAL);
	assert_int_equal(o.moved.cpus, 1);
	assert_non_null(strstr(o.err.text, "Linux holds it"));
	ch.cpus = 0;
	assert_int_equal(grow(ch, 0).err.code, COORD_E_BUSY);
}

/* Between two offers, when there is no more than was taken. */
static bool interrupt(void *arg)
{
	(void)arg;
	return transactions > 0;
}

static void interrupted(void **state)
{
	struct coord_change ch = { .memory = 40 * BLOCK };
	struct outcome o;

	(void)state;
	c.hooks.cancelled = interrupt;
	o = grow(ch, 0);
	assert_int_equal(o.err.code, COORD_E_CANCELLED);
	assert_true(o.moved.memory == 0);
	transactions = 0;
	ch.flags = COORD_BEST_EFFORT;
	o = grow(ch, 0);
	assert_int_equal(o.err.code, COORD_E_CANCELLED);
	assert_true(o.moved.memory == 0);
}

/* ---- grow, part of it from the pool ------------------------------------------------------------- */

static void have_pooled(int n)
{
	while (n-- > 0)
		pooled(COK_RES_MEM, BLOCK, false);
}

/* 36 from the pool and 4 from Linux: the second offer has some of each. */
static void part_from_the_pool(void **state)
{
	struct coord_change ch = { .memory = 40 * BLOCK };
	struct outcome o;

	(void)state;
	have_pooled(36);
	late = 2;
	o = grow(ch, 0);
	assert_int_equal(o.err.code, COORD_E_TIMEOUT);
	assert_int_equal(in_pool(), 36);
	stubborn[last_id + 1] = true; /* the first of Linux's */
	o = grow(ch, 0);
	assert_int_equal(o.err.code, COORD_E_DECLINED);
	assert_true(o.moved.memory == 0);
	assert_int_equal(in_pool(), 36);
	c.hooks.cancelled = interrupt;
	transactions = late = 0;
	o = grow(ch, 0);
	assert_int_equal(o.err.code, COORD_E_CANCELLED);
	assert_int_equal(in_pool(), 36);
	ch.flags = COORD_BEST_EFFORT;
	transactions = 0;
	o = grow(ch, 0);
	assert_int_equal(o.err.code, COORD_E_CANCELLED);
	assert_true(o.moved.memory == 0);
	assert_int_equal(in_pool(), 36);
	c.hooks.cancelled = NULL;
	ch.flags = 0;
	assert_int_equal(grow(ch, 0).ret, 0);
	assert_int_equal(in_pool(), 0);
}

static void all_from_the_pool(void **state)
{
	struct coord_change ch = { .memory = 40 * BLOCK };
	struct outcome o;

	(void)state;
	have_pooled(40);
	late = 2;
	o = grow(ch, 0);
	assert_int_equal(o.err.code, COORD_E_TIMEOUT);
	assert_true(o.moved.memory == 0);
	assert_int_equal(in_pool(), 40);
	assert_int_equal(grow(ch, 0).ret, 0);
}

static uint32_t range; /* which it had before */

/* Between two offers it gives the middle of that, unasked. */
static bool gives_the_middle(void *arg)
{
	struct coord_lease *l = lease(range);

	(void)arg;
	if (transactions != 1 || l->size != 12 * M)
		return false;
	have(COK_RES_MEM, 4 * M, false);
	world[nr - 1].start = l->start + 8 * M;
	l->size = 4 * M;
	return false;
}

/* Its end has a new number then, but is not what this grow gave. */
static void not_what_it_had(void **state)
{
	struct coord_change ch = { .name = "a", .memory = 40 * BLOCK };
	struct coord_err err;
	struct coord_deal d;

	(void)state;
	range = have(COK_RES_MEM, 12 * M, false);
	c.hooks.cancelled = gives_the_middle;
	late = 2;
	assert_int_equal(lc_grow(&c, &ch, 0, &d, &err), -1);
	assert_int_equal(err.code, COORD_E_TIMEOUT);
	assert_true(d.moved.memory == 0);
	assert_true(of_enclave().memory == BLOCK + 8 * M);
	coord_deal_free(&d);
}

#define TEST(f) cmocka_unit_test_setup(f, begin_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_chooses),
		TEST(named_cpus),
		TEST(part_of_a_range),
		TEST(too_little),
		TEST(blocks_and_ranges),
		TEST(end_of_the_image),
		TEST(part_is_not_enough),
		TEST(the_next_ones),
		TEST(more_than_one_list),
		TEST(all_lists_and_too_little),
		TEST(late_in_the_second),
		TEST(too_little_of_the_pool),
		TEST(grow_all),
		TEST(grow_part),
		TEST(grow_more_than_one_offer),
		TEST(grow_declined_first),
		TEST(grow_late),
		TEST(interrupted),
		TEST(poor_linux),
		TEST(linux_that_does_not_keep_its_word),
		TEST(part_from_the_pool),
		TEST(all_from_the_pool),
		TEST(not_what_it_had),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
