// sources: module/core/txn.c
// SPDX-License-Identifier: GPL-2.0
/* The host's side of a transaction, against every kind of answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/txn.h"

static struct cok_txn offer_of_two(void)
{
	return (struct cok_txn){
		.txid = 9,
		.ask = COK_MSG_OFFER,
		.total = 2,
		.res = {
			{ .kind = COK_RES_CPU, .lease = 1, .start = 3, .size = 1 },
			{ .kind = COK_RES_MEM, .lease = 2, .start = 1 << 27,
			  .size = 1 << 27 },
		},
	};
}

static struct cok_msg answer(const struct cok_txn *t, __u16 type, __u16 i)
{
	struct cok_msg m;

	cok_txn_msg(t, type, i, 0, &m);
	return m;
}

static void agrees_when_all_are_accepted(void **state)
{
	struct cok_txn t = offer_of_two();
	struct cok_msg m = answer(&t, COK_MSG_ACCEPT, 0);

	(void)state;
	m.arg0 = 0x1000;
	m.arg1 = 0x2000;
	assert_int_equal(cok_txn_commit(&t), -EINVAL);
	assert_int_equal(cok_txn_answer(&t, &m), 0);
	assert_int_equal(t.state, COK_TXN_OPEN);
	m = answer(&t, COK_MSG_ACCEPT, 1);
	assert_int_equal(cok_txn_answer(&t, &m), 0);
	assert_int_equal(t.state, COK_TXN_AGREED);
	assert_int_equal(t.res[0].arg0, 0x1000);
	assert_int_equal(t.res[0].arg1, 0x2000);
	assert_int_equal(cok_txn_answer(&t, &m), -EALREADY);
	assert_int_equal(cok_txn_commit(&t), 0);
	assert_int_equal(cok_txn_abort(&t, COK_WHY_TIMEOUT), -EINVAL);
}

/* Each changes one thing in an otherwise right answer. */
static void counts_what_does_not_fit(void **state)
{
	struct cok_txn t = offer_of_two();
	struct cok_msg good = answer(&t, COK_MSG_ACCEPT, 0), m;

	(void)state;
#define WRONG(field, val) \
	do { \
		m = good; \
		m.field = (val); \
		assert_int_equal(cok_txn_answer(&t, &m), -EPROTO); \
		assert_int_equal(t.answered, 0); \
		assert_int_equal(t.state, COK_TXN_OPEN); \
	} while (0)
	WRONG(txid, 8);
	WRONG(type, COK_MSG_PREPARED);
	WRONG(type, COK_MSG_COMMIT);
	WRONG(type, 0xffff);
	WRONG(index, 1);
	WRONG(index, 0xffff);
	WRONG(total, 1);
	WRONG(total, 0xffff);
	WRONG(kind, COK_RES_MEM);
	WRONG(start, 4);
	WRONG(size, 2);
	assert_int_equal(cok_txn_answer(&t, &good), 0);
	/* The same again is a duplicate. */
	assert_int_equal(cok_txn_answer(&t, &good), -EPROTO);
	assert_int_equal(t.answered, 1);
}

static void declines_with_a_reason(void **state)
{
	struct cok_txn t = offer_of_two();
	struct cok_msg m = {
		.txid = 9,
		.type = COK_MSG_DECLINE,
		.status = COK_WHY_NO_SPACE,
		.total = 1,
	};

	(void)state;
	assert_int_equal(cok_txn_answer(&t, &m), 0);
	assert_int_equal(t.state, COK_TXN_DECLINED);
	assert_int_equal(cok_txn_commit(&t), -EINVAL);
	assert_int_equal(cok_txn_abort(&t, COK_WHY_TIMEOUT), 0);
	assert_int_equal(t.why, COK_WHY_NO_SPACE);
}

static void a_recall_wants_prepared(void **state)
{
	struct cok_txn t = offer_of_two();
	struct cok_msg m;

	(void)state;
	t.ask = COK_MSG_RECALL;
	m = answer(&t, COK_MSG_ACCEPT, 0);
	assert_int_equal(cok_txn_answer(&t, &m), -EPROTO);
	m.type = COK_MSG_PREPARED;
	assert_int_equal(cok_txn_answer(&t, &m), 0);
}

static void remembers_outcomes(void **state)
{
	struct cok_txn_history h = { 0 };
	struct cok_msg m;

	(void)state;
	assert_int_equal(cok_txn_outcome(&h, 0, &m), -ENOENT);
	assert_int_equal(cok_txn_outcome(&h, 1, &m), -ENOENT);
	for (__u64 id = 1; id <= COK_TXN_HISTORY + 1; id++) {
		struct cok_txn t = {
			.txid = id,
			.state = id & 1 ? COK_TXN_COMMITTED : COK_TXN_ABORTED,
			.why = id & 1 ? 0 : COK_WHY_TIMEOUT,
		};

		cok_txn_remember(&h, &t);
	}
	assert_int_equal(cok_txn_outcome(&h, 1, &m), -ENOENT); /* forgotten */
	assert_int_equal(cok_txn_outcome(&h, 2, &m), 0);
	assert_int_equal(m.type, COK_MSG_ABORT);
	assert_int_equal(m.status, COK_WHY_TIMEOUT);
	assert_int_equal(cok_txn_outcome(&h, 3, &m), 0);
	assert_int_equal(m.type, COK_MSG_COMMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_when_all_are_accepted),
		cmocka_unit_test(counts_what_does_not_fit),
		cmocka_unit_test(declines_with_a_reason),
		cmocka_unit_test(a_recall_wants_prepared),
		cmocka_unit_test(remembers_outcomes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
