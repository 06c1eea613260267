// sources: cokernel/lib/deals.c
// SPDX-License-Identifier: GPL-2.0
/* The record of negotiations: what messages went by, and what it then says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "../../cokernel/lib/deals.h"

static struct deals deals;
static u64 now;

static int setup(void **state)
{
	(void)state;
	memset(&deals, 0, sizeof(deals));
	now = 0;
	return 0;
}

static void pass(struct cok_msg m)
{
	now++;
	if (m.type & 0x80)
		deals_said(&deals, &m, now);
	else
		deals_heard(&deals, &m, now);
}

static struct cok_msg mem(u16 type, u64 txid, u16 index, u64 size, u64 arg1)
{
	return (struct cok_msg){ .type = type,
				 .txid = txid,
				 .index = index,
				 .total = 2,
				 .kind = COK_RES_MEM,
				 .size = size,
				 .arg1 = arg1 };
}

static struct cok_msg cpu(u16 type, u64 txid, u16 index, u64 arg1)
{
	struct cok_msg m = mem(type, txid, index, 3, arg1);

	m.kind = COK_RES_CPU;
	return m;
}

static struct cok_msg bare(u16 type, u64 txid, u16 why)
{
	return (struct cok_msg){ .type = type, .txid = txid, .status = why };
}

static struct cok_msg answer(u64 number, u64 arg0, u16 why, u64 size)
{
	struct cok_msg m = bare(COK_MSG_ANSWER, number, why);

	m.arg0 = arg0;
	m.size = size;
	return m;
}

static void check(u32 i, u64 number, u16 end, u16 why, u64 asked_cpus,
		  u64 asked_mem, u64 got_cpus, u64 got_mem)
{
	const struct deal *e = deals_get(&deals, i);

	assert_non_null(e);
	assert_int_equal(e->number, number);
	assert_string_equal(deal_end_name(e->end), deal_end_name(end));
	assert_int_equal(e->why, why);
	assert_int_equal(e->cpus, asked_cpus);
	assert_int_equal(e->mem, asked_mem);
	assert_int_equal(e->got_cpus, got_cpus);
	assert_int_equal(e->got_mem, got_mem);
}

static void test_offer(void **state)
{
	(void)state;
	pass(cpu(COK_MSG_OFFER, 5, 0, 9));
	pass(mem(COK_MSG_OFFER, 5, 1, 4096, 9));
	pass(mem(COK_MSG_OFFER, 5, 1, 4096, 9)); /* repeated */
	check(0, 5, DEAL_OPEN, 0, 1, 4096, 0, 0);
	assert_int_equal(deals_get(&deals, 0)->request, 9);
	pass(cpu(COK_MSG_ACCEPT, 5, 0, 0));
	pass(mem(COK_MSG_ACCEPT, 5, 1, 4096, 0));
	check(0, 5, DEAL_ANSWERED, 0, 1, 4096, 1, 4096);
	pass(bare(COK_MSG_COMMIT, 5, 0));
	pass(bare(COK_MSG_COMMIT, 5, 0));
	check(0, 5, DEAL_COMMITTED, 0, 1, 4096, 1, 4096);
	assert_int_equal(deals_get(&deals, 0)->begun, 1);
	assert_int_equal(deals_get(&deals, 0)->ended, 6);
	assert_null(deals_get(&deals, 1));
}

/* Of two ranges 10 are wanted; a part of one is given, said twice. */
static void test_recall_of_an_amount(void **state)
{
	(void)state;
	pass(mem(COK_MSG_RECALL, 5, 0, 16, 10));
	pass(mem(COK_MSG_RECALL, 5, 1, 16, 10));
	for (int i = 0; i < 2; i++) {
		struct cok_msg m = mem(COK_MSG_PARTIAL, 5, 0, 7, 0);

		m.status = COK_WHY_IN_USE;
		pass(m);
		m = mem(COK_MSG_PARTIAL, 5, 1, 0, 0);
		m.status = COK_WHY_WANTED;
		pass(m);
	}
	check(0, 5, DEAL_ANSWERED, COK_WHY_IN_USE, 0, 10, 0, 7);
	pass(bare(COK_MSG_ABORT, 5, COK_WHY_PARTIAL));
	check(0, 5, DEAL_ABORTED, COK_WHY_IN_USE, 0, 10, 0, 7);
}

static void test_decline(void **state)
{
	(void)state;
	pass(cpu(COK_MSG_RECALL, 5, 0, 0));
	pass(bare(COK_MSG_DECLINE, 5, COK_WHY_BOOT));
	pass(bare(COK_MSG_ABORT, 5, COK_WHY_TIMEOUT)); /* it ended before */
	check(0, 5, DEAL_DECLINED, COK_WHY_BOOT, 1, 0, 0, 0);
}

/* Numbers of our own are others than the host's. */
static void test_own(void **state)
{
	struct cok_msg m = mem(COK_MSG_REQUEST, 1, 0, 8192, 0);

	(void)state;
	pass(mem(COK_MSG_OFFER, 1, 0, 4096, 0));
	m.total = 0;
	pass(m);
	pass(m);
	pass(answer(1, COK_ANSWER_QUEUED, 0, 0));
	check(1, 1, DEAL_QUEUED, 0, 0, 8192, 0, 0);
	pass(answer(1, COK_ANSWER_GRANTED, 0, 4096));
	check(1, 1, DEAL_GRANTED, 0, 0, 8192, 0, 4096);
	check(0, 1, DEAL_OPEN, 0, 0, 4096, 0, 0);
	pass(cpu(COK_MSG_RELEASE, 2, 0, 0));
	pass(mem(COK_MSG_RELEASE, 2, 1, 4096, 0));
	pass(cpu(COK_MSG_RELEASE, 2, 0, 0));
	pass(answer(2, COK_ANSWER_DONE, 0, 0));
	check(2, 2, DEAL_COMMITTED, 0, 1, 4096, 1, 4096);
	pass(cpu(COK_MSG_REQUEST, 3, 0, 0));
	pass(answer(3, COK_ANSWER_DENIED, COK_WHY_REFUSED, 0));
	check(3, 3, DEAL_DENIED, COK_WHY_REFUSED, 3, 0, 0, 0);
	pass(answer(77, COK_ANSWER_DENIED, COK_WHY_REFUSED, 0));
	assert_int_equal(deals.count, 4);
}

static void test_the_last_ones(void **state)
{
	(void)state;
	for (u64 i = 1; i <= DEALS + 5; i++)
		pass(cpu(COK_MSG_RECALL, i, 0, 0));
	assert_int_equal(deals.count, DEALS + 5);
	assert_int_equal(deals_get(&deals, 0)->number, 6);
	assert_int_equal(deals_get(&deals, DEALS - 1)->number, DEALS + 5);
	assert_null(deals_get(&deals, DEALS));
	pass(bare(COK_MSG_COMMIT, 1, 0)); /* forgotten */
}

static void test_names(void **state)
{
	(void)state;
	for (u16 i = 0; i <= COK_WHY_CANCELLED; i++)
		assert_string_not_equal(why_name(i), "?");
	assert_string_equal(why_name(COK_WHY_CANCELLED + 1), "?");
	assert_string_equal(deal_end_name(DEAL_CANCELLED + 1), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_offer, setup),
		cmocka_unit_test_setup(test_recall_of_an_amount, setup),
		cmocka_unit_test_setup(test_decline, setup),
		cmocka_unit_test_setup(test_own, setup),
		cmocka_unit_test_setup(test_the_last_ones, setup),
		cmocka_unit_test_setup(test_names, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
