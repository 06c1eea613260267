// sources: libcoord/pool.c libcoord/pool_pick.c libcoord/topo.c libcoord/where.c libcoord/pick.c libcoord/pages.c libcoord/pick_contig.c libcoord/blocks.c libcoord/size.c libcoord/cpulist.c libcoord/err.c libcoord/sysfs.c libcoord/step.c
// SPDX-License-Identifier: GPL-2.0
/* What is done when somebody else is faster at the pool. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "internal.h"

#define MIB    (1ULL << 20)
#define BLOCK  (128 * MIB)
#define OURS   1 /* the operation ... */
#define OTHERS 2

static struct coord c;
static struct coord_err err;
static struct coord_lease world[64];
static size_t nr;
static int takes; /* POOL_TAKEs so far */
static int theft; /* before this one the last lease is somebody's; 0: never */
static bool refused; /* and that is because of memory */

static int reset(void **state)
{
	(void)state;
	memset(world, 0, sizeof(world));
	memset(&err, 0, sizeof(err));
	c = (struct coord){ .info = { .block_size = BLOCK } };
	nr = takes = theft = 0;
	refused = false;
	return 0;
}

static void have_blocks(int n)
{
	while (n-- > 0) {
		world[nr] = (struct coord_lease){ .id = (uint32_t)nr + 1,
						  .kind = COK_RES_MEM,
						  .source = COK_SRC_BLOCK,
						  .size = BLOCK,
						  .state = COK_LS_POOLED,
						  .reserved = true };
		nr++;
	}
}

static struct coord_lease *lease(uint32_t id)
{
	assert_in_range(id, 1, nr);
	return &world[id - 1];
}

static size_t in_pool(void)
{
	size_t i, n = 0;

	for (i = 0; i < nr; i++)
		n += coord_lease_in_pool(&world[i]);
	return n;
}

/* ---- the module ------------------------------------------------------------- */

static uint8_t cmd;
static uint32_t list[COK_TXN_MAX_RES];
static size_t listed;

void lc_req_init(struct coord *h, struct lc_req *r, uint8_t which, int flags,
		 const char *what)
{
	(void)h, (void)r, (void)flags, (void)what;
	cmd = which;
	listed = 0;
}

void lc_put_u32(struct lc_req *r, int attr, uint32_t v)
{
	(void)r, (void)attr, (void)v;
}

void lc_put_u64(struct lc_req *r, int attr, uint64_t v)
{
	(void)r, (void)attr, (void)v;
}

void lc_put_data(struct lc_req *r, int attr, const void *p, size_t len)
{
	(void)r;
	assert_int_equal(attr, COK_A_LEASE_LIST);
	assert_in_range(len, sizeof(*list), sizeof(list));
	memcpy(list, p, len);
	listed = len / sizeof(*list);
}

int lc_parse(struct genlmsghdr *g, struct nlattr **tb)
{
	(void)g, (void)tb;
	return -1;
}

uint32_t lc_get_u32(struct nlattr *a)
{
	(void)a;
	return 0;
}

/* All of the list or none. */
static int pool_take(struct coord_err *e)
{
	size_t i;

	if (++takes == theft) {
		if (refused)
			return lc_err(e, COORD_E_FAILED, ENOMEM, "no memory");
		world[nr - 1].op = OTHERS;
	}
	for (i = 0; i < listed; i++)
		if (!coord_lease_in_pool(lease(list[i])))
			return lc_err(e, COORD_E_FAILED, ENOENT, "not there");
	for (i = 0; i < listed; i++)
		lease(list[i])->op = OURS;
	return 0;
}

int lc_call(struct coord *h, struct lc_req *r, lc_handler handler, void *arg,
	    struct coord_err *e)
{
	(void)h, (void)r, (void)handler, (void)arg;
	assert_int_equal(cmd, COK_CMD_POOL_TAKE);
	return pool_take(e);
}

int lc_ledger_get(struct coord *h, struct lc_ledger *l, struct coord_err *e)
{
	(void)h, (void)e;
	l->lease = malloc(sizeof(world));
	assert_non_null(l->lease);
	memcpy(l->lease, world, sizeof(world));
	l->n = nr;
	return 0;
}

int lc_plan(struct coord *h, const char *numa, struct lc_want *w,
	    struct lc_draw *d, struct coord_plan *out, struct coord_err *e)
{
	struct lc_ledger l = { world, nr };

	(void)numa, (void)out;
	return lc_pool_pick("/nowhere", h->info.block_size, &l, w, d, e);
}

int lc_take_memory(struct coord *h, const struct lc_want *w,
		   struct coord_err *e)
{
	(void)h, (void)w, (void)e;
	fail();
	return -1;
}

int lc_take_cpus(struct coord *h, const struct lc_want *w, struct coord_err *e)
{
	(void)h, (void)w, (void)e;
	fail();
	return -1;
}

int lc_op_begin(struct coord *h, uint32_t kind, uint32_t enclave,
		struct coord_err *e)
{
	(void)kind, (void)enclave, (void)e;
	h->op = OURS;
	return 0;
}

int lc_op_end(struct coord *h, struct coord_err *e)
{
	(void)e;
	h->op = 0;
	return 0;
}

int lc_op_pooled(struct coord *h, struct coord_err *e)
{
	int n = 0;
	size_t i;

	(void)h, (void)e;
	for (i = 0; i < nr; i++)
		n += world[i].op == OURS && world[i].state == COK_LS_POOLED;
	return n;
}

/* A release's: it has HOME. */
int lc_op_return(struct coord *h, uint32_t dead, struct coord_err *e)
{
	size_t i;

	(void)h, (void)dead, (void)e;
	for (i = 0; i < nr; i++)
		if (world[i].op == OURS)
			world[i].state = COK_LS_HOST;
	return 0;
}

int lc_op_undo(struct coord *h, struct coord_err *e)
{
	struct coord_err ignored;

	(void)e;
	lc_op_return(h, 0, &ignored);
	lc_op_end(h, &ignored);
	return -1;
}

/* ---- taking from it ----------------------------------------------------------- */

static struct lc_draw drawn;

static int take(uint64_t memory, enum coord_from from)
{
	struct lc_want w = { .memory = memory,
			     .from = from,
			     .node = LC_NODE_ANY };

	assert_int_equal(lc_plan(&c, "any", &w, &drawn, NULL, &err), 0);
	return lc_take_pooled(&c, &w, &drawn, &err);
}

static void looks_again(void **state)
{
	(void)state;
	have_blocks(3);
	theft = 1;
	/* The last one that was looked at is gone, and Linux is to give that. */
	assert_int_equal(take(3 * BLOCK, COORD_FROM_AUTO), 0);
	assert_int_equal(takes, 2);
	assert_int_equal(drawn.n, 2);
	assert_true(drawn.rest.memory == BLOCK);
	free(drawn.id);
}

/* What the pool lacks, when nothing but the pool will do, is nobody else's. */
static void too_little_now(void **state)
{
	(void)state;
	have_blocks(3);
	theft = 1;
	assert_int_equal(take(3 * BLOCK, COORD_FROM_POOL), -1);
	assert_int_equal(err.code, COORD_E_BUSY);
	assert_int_equal(err.err, EAGAIN);
	assert_non_null(strstr(err.text, "the pool lacks 128M"));
	assert_int_equal(in_pool(), 2);
	assert_null(drawn.id);
	assert_int_equal(drawn.n, 0);
	assert_false(lc_wants_anything(&drawn.rest));
}

/* ---- release ------------------------------------------------------------------- */

static int release(size_t n, uint32_t last)
{
	uint32_t ids[64];
	struct coord_release rel = { .leases = ids, .nr_leases = n };
	size_t i;

	for (i = 0; i < n; i++)
		ids[i] = (uint32_t)i + 1;
	ids[n - 1] = last;
	return coord_release(&c, &rel, &err);
}

static void releases_more_than_one_list(void **state)
{
	(void)state;
	have_blocks(40);
	assert_int_equal(release(33, 33), 0);
	assert_int_equal(takes, 2);
	assert_int_equal(in_pool(), 7);
}

/* One that is not there, or that is named twice, and nothing goes home. */
static void releases_all_or_none(void **state)
{
	(void)state;
	have_blocks(40);
	lease(40)->op = OTHERS;
	assert_int_equal(release(33, 40), -1);
	assert_int_equal(err.code, COORD_E_INVALID);
	assert_int_equal(err.err, ENOENT);
	assert_non_null(strstr(err.text, "not all of these leases"));
	assert_int_equal(in_pool(), 39);
	assert_int_equal(release(33, 41), -1);
	assert_int_equal(err.code, COORD_E_INVALID);
	assert_int_equal(in_pool(), 39);
	assert_int_equal(release(33, 1), -1);
	assert_int_equal(err.code, COORD_E_INVALID);
	assert_int_equal(in_pool(), 39);
	assert_int_equal(takes, 0);
	assert_int_equal(c.op, 0);
}

/* Somebody is faster at the second list, when the first one was taken. */
static void says_what_went_home(void **state)
{
	(void)state;
	have_blocks(33);
	theft = 2;
	assert_int_equal(release(33, 33), -1);
	assert_int_equal(err.code, COORD_E_BUSY);
	assert_non_null(strstr(err.text, "somebody else took it"));
	assert_non_null(
		strstr(err.text, "; 32 leases had left the pool and go home"));
	assert_int_equal(in_pool(), 0);
	reset(NULL);
	have_blocks(33);
	theft = 2;
	refused = true;
	assert_int_equal(release(33, 33), -1);
	assert_int_equal(err.err, ENOMEM);
	assert_non_null(strstr(err.text, "32 leases had left"));
	assert_int_equal(in_pool(), 1);
	/* At the first one nothing is lost. */
	reset(NULL);
	have_blocks(5);
	theft = 1;
	assert_int_equal(release(5, 5), -1);
	assert_int_equal(err.code, COORD_E_BUSY);
	assert_null(strstr(err.text, "had left"));
	assert_int_equal(in_pool(), 4);
}

#define TEST(f) cmocka_unit_test_setup(f, reset)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(looks_again),
		TEST(too_little_now),
		TEST(releases_more_than_one_list),
		TEST(releases_all_or_none),
		TEST(says_what_went_home),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
