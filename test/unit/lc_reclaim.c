// sources: libcoord/reclaim.c libcoord/op.c libcoord/names.c libcoord/err.c libcoord/sysfs.c
// SPDX-License-Identifier: GPL-2.0
/* Recovery, of a made-up module's ledger, by a clock that need not be waited for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "internal.h"

#define OURS   1 /* the operation */
#define DEAD   2
#define OTHERS 3

static struct coord c;
static struct coord_err err;
static char report[256];
static struct coord_lease world[8];
static size_t nr;
static int refusal;	  /* errno of LEASE_RETURN, 0: it goes home */
static uint32_t taken_by; /* ... because that operation has it by then */
static uint64_t now;
static struct coord_enclave enclave; /* its id 0: there is none */
static uint64_t over;		     /* when its deal is */

static int reset(void **state)
{
	(void)state;
	memset(world, 0, sizeof(world));
	memset(&err, 0, sizeof(err));
	c = (struct coord){ .root = "/nowhere",
			    .info = { .unsettled = 1 },
			    .fresh = true };
	nr = 0;
	refusal = 0;
	taken_by = 0;
	now = 1000;
	enclave = (struct coord_enclave){ 0 };
	over = 0;
	return 0;
}

static struct coord_lease *have_cpu(uint32_t state)
{
	world[nr] = (struct coord_lease){ .id = (uint32_t)nr + 1,
					  .kind = COK_RES_CPU,
					  .cpu = 3,
					  .state = state };
	return &world[nr++];
}

/* ---- time -------------------------------------------------------------------- */

uint64_t lc_now(void)
{
	return now;
}

int lc_dup_high(int fd)
{
	return fd;
}

int lc_left(uint64_t deadline)
{
	return deadline > now ? (int)(deadline - now) : 0;
}

void lc_sleep(unsigned int ms)
{
	now += ms;
}

bool lc_is_cancelled(struct coord *h)
{
	return h->hooks.cancelled && h->hooks.cancelled(h->hooks.arg);
}

void lc_step(struct coord *h, const char *text, unsigned int ms)
{
	(void)h, (void)text, (void)ms;
}

/* ---- the module ---------------------------------------------------------------- */

static uint8_t cmd;
static uint32_t named;

void lc_req_init(struct coord *h, struct lc_req *r, uint8_t which, int flags,
		 const char *what)
{
	(void)h, (void)r, (void)flags, (void)what;
	cmd = which;
}

void lc_put_u32(struct lc_req *r, int attr, uint32_t v)
{
	(void)r;
	if (attr == COK_A_LEASE)
		named = v;
}

void lc_put_data(struct lc_req *r, int attr, const void *p, size_t len)
{
	(void)r, (void)attr, (void)p, (void)len;
}

void lc_put_enclave(struct lc_req *r, uint32_t id)
{
	(void)r, (void)id;
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

int lc_call(struct coord *h, struct lc_req *r, lc_handler handler, void *arg,
	    struct coord_err *e)
{
	(void)r, (void)handler, (void)arg, (void)e;
	assert_true(cmd == COK_CMD_OP_BEGIN || cmd == COK_CMD_OP_END);
	h->op = cmd == COK_CMD_OP_BEGIN ? OURS : 0;
	return 0;
}

int lc_job(struct coord *h, struct lc_req *r, unsigned int limit,
	   struct coord_err *e)
{
	(void)h, (void)r, (void)limit;
	assert_int_equal(cmd, COK_CMD_LEASE_RETURN);
	assert_in_range(named, 1, nr);
	if (!refusal) {
		world[named - 1].state = COK_LS_HOST;
		return 0;
	}
	world[named - 1].op = taken_by;
	world[named - 1].op_alive = taken_by;
	return lc_err(e, COORD_E_FAILED, refusal, "cannot return CPU 3");
}

int lc_ledger_get(struct coord *h, struct lc_ledger *l, struct coord_err *e)
{
	size_t i;

	(void)h, (void)e;
	if (nr && world[0].state == COK_LS_RECALLED && now >= over)
		world[0].state = COK_LS_GRANTED;
	l->lease = calloc(nr + 1, sizeof(*l->lease));
	assert_non_null(l->lease);
	l->n = 0;
	for (i = 0; i < nr; i++)
		if (world[i].state != COK_LS_HOST)
			l->lease[l->n++] = world[i];
	return 0;
}

int coord_info(struct coord *h, const struct coord_info **out,
	       struct coord_err *e)
{
	(void)h, (void)out, (void)e;
	return 0;
}

ssize_t coord_enclaves(struct coord *h, struct coord_enclave **out,
		       struct coord_err *e)
{
	(void)h, (void)e;
	*out = calloc(1, sizeof(**out));
	assert_non_null(*out);
	**out = enclave;
	return enclave.id ? 1 : 0;
}

int coord_enclave(struct coord *h, const char *name, struct coord_enclave **out,
		  struct coord_err *e)
{
	(void)name;
	if (!enclave.id)
		return lc_err(e, COORD_E_NOENCLAVE, ENOENT, "none");
	return coord_enclaves(h, out, e) == 1 ? 0 : -1;
}

void coord_enclaves_free(struct coord_enclave *e, size_t n)
{
	(void)n;
	free(e);
}

int lc_kill(struct coord *h, uint32_t id, struct coord_err *e)
{
	(void)h, (void)id, (void)e;
	return 0;
}

int lc_enclave_destroy(struct coord *h, uint32_t id, uint32_t dead_op,
		       struct coord_err *e)
{
	(void)h, (void)id, (void)dead_op, (void)e;
	fail();
	return -1;
}

void lc_op_abandon(struct coord *h)
{
	h->op = 0;
}

int lc_block_get(const char *root, uint64_t block_size, uint64_t start,
		 struct lc_block *out)
{
	(void)root, (void)block_size, (void)start, (void)out;
	fail();
	return -1;
}

int lc_block_online(struct coord *h, const struct coord_lease *l,
		    struct coord_err *e)
{
	(void)h, (void)l, (void)e;
	fail();
	return -1;
}

/* ---- leases of nobody ------------------------------------------------------------ */

static int reclaim(void)
{
	return coord_reclaim(&c, report, sizeof(report), &err);
}

static void what_was_released(void **state)
{
	(void)state;
	have_cpu(COK_LS_POOLED);
	assert_int_equal(reclaim(), 1);
	assert_string_equal(report, "returned 1 stray leases");
	assert_int_equal(world[0].state, COK_LS_HOST);
}

/* It fails before the lease is in our operation's hands. */
static void what_was_released_and_stays(void **state)
{
	(void)state;
	have_cpu(COK_LS_POOLED);
	refusal = ENOMEM;
	assert_int_equal(reclaim(), -1);
	assert_int_equal(err.err, ENOMEM);
	assert_string_equal(report, "");
}

/* It fails because another cokctl is at it: no failure of ours. */
static void somebody_else_is_at_it(void **state)
{
	(void)state;
	have_cpu(COK_LS_POOLED)->op = DEAD;
	refusal = ENOENT;
	taken_by = OTHERS;
	assert_int_equal(reclaim(), 1);
	reset(NULL);
	have_cpu(COK_LS_POOLED)->op = DEAD;
	refusal = ENOMEM;
	taken_by = OURS;
	assert_int_equal(reclaim(), -1);
}

/* ---- a deal that nobody waits for ---------------------------------------------------- */

static void have_deal(uint64_t ms)
{
	enclave = (struct coord_enclave){ .id = 7,
					  .name = "a",
					  .state = COK_ST_RUNNING,
					  .op = DEAD,
					  .op_kind = COK_OP_SHRINK };
	have_cpu(COK_LS_RECALLED)->enclave = 7;
	world[0].op = DEAD;
	over = now + ms;
}

static void a_deal_ends(void **state)
{
	(void)state;
	have_deal(30000);
	assert_int_equal(reclaim(), 1);
	assert_string_equal(report, "settled an unfinished change of 'a'");
	assert_true(now >= over);
}

/* It may take ten minutes: then it is not settled, nor said to be. */
static void a_deal_goes_on(void **state)
{
	(void)state;
	have_deal(600000);
	assert_int_equal(reclaim(), -1);
	assert_int_equal(err.code, COORD_E_TIMEOUT);
	assert_non_null(strstr(err.text, "shrink of 'a' still has a job"));
	assert_string_equal(report, "");
	assert_int_equal(world[0].op, DEAD);
	assert_true(now < over);
}

static bool interrupt(void *arg)
{
	(void)arg;
	return now >= 5000;
}

static void interrupted(void **state)
{
	(void)state;
	have_deal(600000);
	c.hooks.cancelled = interrupt;
	assert_int_equal(reclaim(), -1);
	assert_int_equal(err.code, COORD_E_CANCELLED);
	assert_true(now < 6000);
}

static void it_is_gone(void **state)
{
	(void)state;
	have_deal(0);
	enclave.state = 0;
	assert_int_equal(reclaim(), 0);
	assert_string_equal(report, "");
}

#define TEST(f) cmocka_unit_test_setup(f, reset)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_released),
		TEST(what_was_released_and_stays),
		TEST(somebody_else_is_at_it),
		TEST(a_deal_ends),
		TEST(a_deal_goes_on),
		TEST(interrupted),
		TEST(it_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
