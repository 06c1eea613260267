// sources: module/core/txn.c module/core/txn_host.c module/core/txn_settle.c module/core/request.c
// SPDX-License-Identifier: GPL-2.0
/* The host's end, against every kind of answer; and what its job does then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/txn_host.h"

#define EPOCH	 3
#define DEADLINE 1600
#define REPEAT	 160
#define MIB	 (1ULL << 20)

static struct cok_host h;
static struct cok_txn t;
static struct {
	__u32 room;
	__u32 bells, nsent;
	struct cok_msg sent[128];
	char notes[64];
	char ops[256];
	__u32 fail_stage;  /* this lease */
	__u32 fail_detach; /* this lease */
} fake;

static __u32 fake_room(void *ctx, __u16 type)
{
	__u32 keep = type == COK_MSG_COMMIT || type == COK_MSG_ABORT ? 0 : 2;

	(void)ctx;
	return fake.room > keep ? fake.room - keep : 0;
}

static void fake_send(void *ctx, struct cok_msg *m)
{
	(void)ctx;
	assert_true(fake.room && fake.nsent < 128);
	assert_int_equal(m->epoch, EPOCH);
	fake.room--;
	fake.sent[fake.nsent++] = *m;
}

static void fake_ring(void *ctx)
{
	(void)ctx;
	fake.bells++;
}

static void note_txn(void *ctx, const struct cok_txn *txn, __u32 step)
{
	(void)ctx;
	(void)txn;
	strncat(fake.notes, &"-apPdCAR"[step], 1);
}

static void note_request(void *ctx, const struct cok_request *r, __u32 answer,
			 __u16 why, __u64 given)
{
	(void)ctx;
	(void)r;
	(void)why;
	(void)given;
	strncat(fake.notes, &"+QGDXd"[answer], 1);
}

static const struct cok_link channel = { fake_room, fake_send, fake_ring,
					 NULL };
static const struct cok_host_notes notes = { note_txn, note_request };

static int setup(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof(fake));
	fake.room = 100;
	cok_host_init(&h, &channel, EPOCH, REPEAT);
	h.notes = &notes;
	return 0;
}

/* ---- the conversation ---------------------------------------------------- */

/* A core, 8 MiB in granules of 2, and 2 MiB that can't be parted. */
static void three(__u16 ask, __u64 txid)
{
	t = (struct cok_txn){
		.txid = txid,
		.ask = ask,
		.total = 3,
		.deadline = DEADLINE,
		.deadline_tsc = 77,
		.res = {
			{ { COK_RES_CPU, 0, 0, 3, 1, 3, 0 }, 1 },
			{ { COK_RES_MEM, 21, 0, 16 * MIB, 8 * MIB, 0, 0 }, 2 },
			{ { COK_RES_MEM, 0, 0, 64 * MIB, 2 * MIB, 0, 0 }, 3 },
		},
	};
}

static void begin(__u16 ask, __u64 txid)
{
	three(ask, txid);
	assert_int_equal(cok_host_begin(&h, &t, 0), 0);
}

static struct cok_msg agreeing(__u16 i)
{
	struct cok_msg m = {
		.txid = t.txid,
		.type = t.ask == COK_MSG_OFFER ? COK_MSG_ACCEPT
					       : COK_MSG_PREPARED,
		.index = i,
		.total = t.total,
		.epoch = EPOCH,
		.kind = t.res[i].res.kind,
		.start = t.res[i].res.start,
		.size = t.res[i].res.size,
	};

	return m;
}

static int take(struct cok_msg m)
{
	return cok_host_message(&h, &m, 10);
}

static int simple(__u16 type, __u64 txid, __u16 status)
{
	struct cok_msg m = {
		.type = type, .txid = txid, .status = status, .epoch = EPOCH
	};

	return take(m);
}

static struct cok_msg part(__u16 i, __u64 start, __u64 size, __u16 why)
{
	struct cok_msg m = agreeing(i);

	m.type = COK_MSG_PARTIAL;
	m.start = start;
	m.size = size;
	m.status = why;
	return m;
}

static const struct cok_msg *last_sent(void)
{
	assert_true(fake.nsent);
	return &fake.sent[fake.nsent - 1];
}

static void sends_the_list(void **state)
{
	(void)state;
	three(COK_MSG_RECALL, 9);
	t.want_cpus = 1;
	t.want_mem = 4 * MIB;
	assert_int_equal(cok_host_begin(&h, &t, 0), 0);
	assert_int_equal(fake.nsent, 3);
	assert_int_equal(fake.bells, 1);
	assert_int_equal(fake.sent[0].arg1, 1);
	assert_int_equal(fake.sent[1].arg1, 4 * MIB);
	assert_int_equal(fake.sent[1].status, 21);
	assert_int_equal(fake.sent[2].status, 0);
	for (__u16 i = 0; i < 3; i++) {
		assert_int_equal(fake.sent[i].type, COK_MSG_RECALL);
		assert_int_equal(fake.sent[i].index, i);
		assert_int_equal(fake.sent[i].total, 3);
		assert_int_equal(fake.sent[i].arg0, 77);
		assert_int_equal(fake.sent[i].size, t.res[i].res.size);
	}
}

static void begins_or_sends_nothing(void **state)
{
	static const struct {
		__u64 txid, request;
		__u16 total, ask;
		__u32 room;
		bool ended;
		int err;
	} cases[] = {
		{ 0, 0, 3, COK_MSG_OFFER, 100, false, -EINVAL },
		{ 9, 0, 0, COK_MSG_OFFER, 100, false, -EINVAL },
		{ 9, 0, 33, COK_MSG_OFFER, 100, false, -EINVAL },
		{ 9, 0, 3, COK_MSG_QUERY, 100, false, -EINVAL },
		{ 9, 1, 3, COK_MSG_OFFER, 100, false, -ENOENT },
		{ 9, 0, 3, COK_MSG_OFFER, 4, false, -EBUSY },
		{ 9, 0, 3, COK_MSG_OFFER, 100, true, -EPIPE },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		setup(state);
		three(cases[i].ask, cases[i].txid);
		t.total = cases[i].total;
		t.request = cases[i].request;
		fake.room = cases[i].room;
		if (cases[i].ended)
			cok_host_end(&h);
		assert_int_equal(cok_host_begin(&h, &t, 0), cases[i].err);
		assert_int_equal(fake.nsent, 0);
		assert_int_equal(t.state, COK_TXN_ABORTED);
		assert_int_equal(cok_host_decide(&h, &t, 0), cases[i].err);
	}
}

static void agrees_when_all_are_accepted(void **state)
{
	struct cok_msg m;

	(void)state;
	begin(COK_MSG_OFFER, 9);
	m = agreeing(0);
	m.arg0 = 0x1000;
	m.arg1 = 0x2000;
	assert_int_equal(take(m), 0);
	assert_int_equal(take(m), -EALREADY);
	assert_true(cok_txn_waiting(&t));
	assert_int_equal(take(agreeing(1)), 0);
	assert_int_equal(take(agreeing(2)), 0);
	assert_int_equal(t.state, COK_TXN_AGREED);
	assert_int_equal(t.res[0].entry, 0x1000);
	assert_int_equal(t.res[0].arg, 0x2000);
	assert_int_equal(take(agreeing(2)), -EALREADY);
	assert_int_equal(cok_host_decide(&h, &t, 20), 0);
	assert_int_equal(last_sent()->type, COK_MSG_COMMIT);
	assert_int_equal(t.cpus, 1);
	assert_int_equal(t.mem, 10 * MIB);
	assert_string_equal(fake.notes, "apC");
	/* An ACCEPT that comes late hears it again, and so until DONE. */
	assert_int_equal(take(agreeing(1)), -EALREADY);
	assert_int_equal(fake.nsent, 4);
	assert_int_equal(take(agreeing(2)), -EALREADY);
	assert_int_equal(fake.nsent, 5);
	assert_int_equal(cok_host_poll(&h, 10 + REPEAT), 10 + 2 * REPEAT);
	assert_int_equal(fake.nsent, 6);
	assert_int_equal(simple(COK_MSG_DONE, 9, 0), 0);
	assert_int_equal(cok_host_next(&h), COK_NEVER);
	assert_int_equal(simple(COK_MSG_DONE, 9, 0), -ENOENT);
	assert_int_equal(cok_host_decide(&h, &t, 30), 0);
	assert_int_equal(fake.nsent, 6);
}

/* Each changes one thing in an otherwise right answer. */
static void counts_what_does_not_fit(void **state)
{
	struct cok_msg good, m;

	(void)state;
	begin(COK_MSG_OFFER, 9);
	good = agreeing(0);
#define WRONG(field, val, err) \
	do { \
		m = good; \
		m.field = (val); \
		assert_int_equal(take(m), err); \
		assert_int_equal(t.answered, 0); \
		assert_int_equal(t.state, COK_TXN_ASKED); \
	} while (0)
	WRONG(txid, 8, -ENOENT);
	WRONG(epoch, EPOCH + 1, -ESTALE);
	WRONG(type, COK_MSG_PREPARED, -EPROTO);
	WRONG(type, COK_MSG_DONE, -EPROTO);
	WRONG(type, COK_MSG_QUERY_END, -EALREADY);
	WRONG(type, COK_MSG_COMMIT, -EOPNOTSUPP);
	WRONG(type, COK_MSG_PONG, -EOPNOTSUPP);
	WRONG(type, 0xffff, -EOPNOTSUPP);
	WRONG(index, 1, -EPROTO);
	WRONG(index, 0xffff, -EPROTO);
	WRONG(total, 2, -EPROTO);
	WRONG(total, 0xffff, -EPROTO);
	WRONG(kind, COK_RES_MEM, -EPROTO);
	WRONG(start, 4, -EPROTO);
	WRONG(size, 2, -EPROTO);
	assert_int_equal(take(good), 0);
}

static void judges_parts(void **state)
{
	static const struct {
		__u64 start, size;
		int err;
	} cases[] = {
		{ 16 * MIB, 2 * MIB, 0 },
		{ 18 * MIB, 4 * MIB, 0 },
		{ 22 * MIB, 2 * MIB, 0 },
		{ 16 * MIB, 0, 0 },
		{ 18 * MIB, 0, -EPROTO },	/* none: start as asked */
		{ 16 * MIB, 8 * MIB, -EPROTO }, /* all is no part */
		{ 16 * MIB, 1 * MIB, -EPROTO }, /* not in granules */
		{ 17 * MIB, 2 * MIB, -EPROTO },
		{ 14 * MIB, 2 * MIB, -EPROTO }, /* not inside */
		{ 22 * MIB, 4 * MIB, -EPROTO },
		{ 24 * MIB, 2 * MIB, -EPROTO },
		{ 18 * MIB, -2 * MIB, -EPROTO },
		{ -2 * MIB, 4 * MIB, -EPROTO },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		setup(state);
		begin(COK_MSG_RECALL, 9);
		assert_int_equal(take(agreeing(0)), 0);
		assert_int_equal(take(part(1, cases[i].start, cases[i].size,
					   COK_WHY_IN_USE)),
				 cases[i].err);
		if (!cases[i].err)
			assert_int_equal(t.res[1].res.given, cases[i].size);
	}
	/* Without a granule: all or none. A core: not with a size. */
	assert_int_equal(take(part(1, 16 * MIB, 4 * MIB, 0)), 0);
	assert_int_equal(take(part(2, 64 * MIB, 1 * MIB, 0)), -EPROTO);
	assert_int_equal(take(part(2, 64 * MIB, 0, 0)), 0);
	setup(state);
	begin(COK_MSG_RECALL, 9);
	assert_int_equal(take(part(0, 3, 1, 0)), -EPROTO);
	assert_int_equal(take(part(0, 3, 0, 0)), 0);
}

static void partial(bool best_effort)
{
	begin(COK_MSG_RECALL, 9);
	t.best_effort = best_effort;
	assert_int_equal(take(part(0, 3, 0, COK_WHY_IN_USE)), 0);
	assert_int_equal(take(part(1, 18 * MIB, 4 * MIB, COK_WHY_BOOT)), 0);
	assert_int_equal(take(agreeing(2)), 0);
	assert_int_equal(t.state, COK_TXN_AGREED);
	assert_int_equal(t.why, COK_WHY_IN_USE);
}

static void decides_by_policy(void **state)
{
	(void)state;
	partial(false);
	assert_int_equal(cok_host_decide(&h, &t, 20), -ECONNREFUSED);
	assert_int_equal(t.why, COK_WHY_PARTIAL);
	assert_int_equal(last_sent()->type, COK_MSG_ABORT);
	assert_int_equal(last_sent()->status, COK_WHY_PARTIAL);
	assert_string_equal(fake.notes, "aPA");
	setup(state);
	partial(true);
	assert_int_equal(cok_host_decide(&h, &t, 20), 0);
	assert_int_equal(last_sent()->type, COK_MSG_COMMIT);
	assert_int_equal(t.cpus, 0);
	assert_int_equal(t.mem, 6 * MIB);
	assert_string_equal(fake.notes, "aPC");
}

static void takes_no_more_than_was_wanted(void **state)
{
	(void)state;
	three(COK_MSG_RECALL, 9);
	t.want_mem = 4 * MIB;
	assert_int_equal(cok_host_begin(&h, &t, 0), 0);
	assert_int_equal(take(agreeing(0)), 0);
	assert_int_equal(take(agreeing(1)), -EPROTO); /* 8 of 4 MiB */
	assert_int_equal(take(part(1, 16 * MIB, 4 * MIB, COK_WHY_WANTED)), 0);
	assert_int_equal(take(agreeing(2)), -EPROTO); /* 6 of 4 MiB */
	assert_int_equal(take(part(2, 64 * MIB, 0, COK_WHY_WANTED)), 0);
	assert_int_equal(t.why, COK_WHY_NONE);
	assert_int_equal(cok_host_decide(&h, &t, 20), 0);
	assert_string_equal(fake.notes, "apC");
}

static void declines_with_a_reason(void **state)
{
	(void)state;
	begin(COK_MSG_OFFER, 9);
	assert_int_equal(simple(COK_MSG_DECLINE, 9, COK_WHY_NO_SPACE), 0);
	assert_int_equal(cok_host_decide(&h, &t, 20), -ECONNREFUSED);
	assert_int_equal(t.why, COK_WHY_NO_SPACE);
	assert_int_equal(last_sent()->type, COK_MSG_ABORT);
	setup(state);
	begin(COK_MSG_OFFER, 9); /* none of it, in parts */
	assert_int_equal(take(part(0, 3, 0, COK_WHY_STOPPING)), 0);
	assert_int_equal(take(part(1, 16 * MIB, 0, COK_WHY_IN_USE)), 0);
	assert_int_equal(take(part(2, 64 * MIB, 0, COK_WHY_IN_USE)), 0);
	assert_int_equal(t.state, COK_TXN_DECLINED);
	assert_int_equal(t.why, COK_WHY_STOPPING);
}

static void asks_again_and_then_gives_up(void **state)
{
	(void)state;
	begin(COK_MSG_OFFER, 9);
	assert_int_equal(cok_host_next(&h), DEADLINE / 2);
	cok_host_poll(&h, DEADLINE / 2 - 1);
	assert_int_equal(fake.nsent, 3);
	assert_int_equal(cok_host_poll(&h, DEADLINE / 2), DEADLINE * 3 / 4);
	assert_int_equal(last_sent()->type, COK_MSG_QUERY);
	take(agreeing(0));
	assert_int_equal(cok_host_poll(&h, DEADLINE), DEADLINE + REPEAT);
	assert_int_equal(last_sent()->type, COK_MSG_ABORT);
	assert_int_equal(last_sent()->status, COK_WHY_TIMEOUT);
	assert_false(cok_txn_waiting(&t));
	assert_int_equal(cok_host_decide(&h, &t, DEADLINE), -ETIMEDOUT);
	assert_int_equal(fake.nsent, 5);
	assert_int_equal(t.why, COK_WHY_TIMEOUT);
}

/* Staging can take longer than all of the time that there was. */
static void passes_a_deadline_that_was_past_at_once(void **state)
{
	(void)state;
	three(COK_MSG_OFFER, 9);
	assert_int_equal(cok_host_begin(&h, &t, DEADLINE), 0);
	assert_true(cok_txn_waiting(&t));
	assert_int_equal(cok_host_next(&h), DEADLINE);
	assert_int_equal(cok_host_poll(&h, DEADLINE), DEADLINE + REPEAT);
	assert_int_equal(last_sent()->type, COK_MSG_ABORT);
	assert_int_equal(cok_host_decide(&h, &t, DEADLINE), -ETIMEDOUT);
}

static void keeps_outcomes_until_done(void **state)
{
	__u64 id;

	(void)state;
	fake.room = 3 + 2;
	begin(COK_MSG_OFFER, 1);
	assert_int_equal(cok_host_decide(&h, &t, 0), -ETIMEDOUT);
	assert_int_equal(fake.nsent, 4); /* an ABORT may have the last ones */
	fake.room = 0;
	assert_int_equal(simple(COK_MSG_QUERY_END, 1, 0), 0);
	assert_int_equal(cok_host_next(&h), 10 + REPEAT / 16 + 1);
	fake.room = 100;
	cok_host_poll(&h, 100);
	assert_int_equal(fake.nsent, 5);
	for (id = 2; id <= COK_TXN_KEPT; id++) {
		fake.room = 100;
		fake.nsent = 0;
		begin(COK_MSG_OFFER, id);
		cok_host_decide(&h, &t, 0);
	}
	three(COK_MSG_OFFER, id);
	assert_int_equal(cok_host_begin(&h, &t, 0), -EBUSY);
	assert_int_equal(simple(COK_MSG_DONE, 7, 0), 0);
	begin(COK_MSG_OFFER, id);
	/* What is not kept, and asked about, has been aborted. */
	assert_int_equal(simple(COK_MSG_QUERY_END, 7, 0), -ENOENT);
	assert_int_equal(last_sent()->type, COK_MSG_ABORT);
	assert_int_equal(last_sent()->status, COK_WHY_UNKNOWN);
}

static void ends_with_the_enclave(void **state)
{
	(void)state;
	begin(COK_MSG_RECALL, 9);
	take(agreeing(0));
	cok_host_end(&h);
	assert_false(cok_txn_waiting(&t));
	assert_int_equal(take(agreeing(1)), -ESTALE);
	assert_int_equal(cok_host_decide(&h, &t, 20), -EPIPE);
	assert_int_equal(cok_host_next(&h), COK_NEVER);
	assert_int_equal(fake.nsent, 3);
	assert_string_equal(fake.notes, "aA");
}

/* ---- requests and releases ------------------------------------------------ */

static int ask(__u16 type, __u64 number)
{
	struct cok_msg m = {
		.type = type,
		.txid = number,
		.epoch = EPOCH,
		.kind = COK_RES_MEM,
		.size = 4096,
		.arg0 = COK_URGENCY_NORMAL,
	};

	return take(m);
}

static void expect_answer(__u64 number, __u16 answer, __u16 why, __u64 given)
{
	assert_int_equal(last_sent()->type, COK_MSG_ANSWER);
	assert_int_equal(last_sent()->txid, number);
	assert_int_equal(last_sent()->arg0, answer);
	assert_int_equal(last_sent()->status, why);
	assert_int_equal(last_sent()->size, given);
}

static void grants_a_request(void **state)
{
	(void)state;
	assert_int_equal(ask(COK_MSG_REQUEST, 1), 0);
	expect_answer(1, COK_ANSWER_QUEUED, 0, 0);
	assert_int_equal(ask(COK_MSG_REQUEST, 1), -EALREADY);
	three(COK_MSG_OFFER, 9);
	t.request = 1;
	t.best_effort = true;
	assert_int_equal(cok_host_begin(&h, &t, 0), 0);
	assert_int_equal(last_sent()->arg1, 1);
	assert_int_equal(cok_host_deny(&h, 1, COK_WHY_REFUSED), -EBUSY);
	assert_int_equal(ask(COK_MSG_CANCEL, 1), 0); /* too late */
	take(part(0, 3, 0, 0));
	take(part(1, 16 * MIB, 4 * MIB, 0));
	take(agreeing(2));
	assert_int_equal(cok_host_decide(&h, &t, 20), 0);
	expect_answer(1, COK_ANSWER_GRANTED, 0, 6 * MIB);
	assert_int_equal(ask(COK_MSG_CANCEL, 1), -EALREADY);
	expect_answer(1, COK_ANSWER_GRANTED, 0, 6 * MIB);
	assert_string_equal(fake.notes, "+aPCG");
}

static void takes_no_nonsense_for_a_request(void **state)
{
	static const struct {
		__u32 kind;
		__u64 size, urgency;
	} bad[] = {
		{ 0, 1, 0 },
		{ 3, 1, 0 },
		{ COK_RES_CPU, 0, 0 },
		{ COK_RES_CPU, COK_MAX_CORES + 1, 0 },
		{ COK_RES_CPU, (1ULL << 32) + 1, 0 },
		{ COK_RES_MEM, 0, 0 },
		{ COK_RES_MEM, (1ULL << 52) + 1, 0 },
		{ COK_RES_MEM, MIB, COK_URGENCY_HIGH + 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const struct cok_msg m = {
			.type = COK_MSG_REQUEST,
			.txid = i + 1,
			.epoch = EPOCH,
			.kind = bad[i].kind,
			.size = bad[i].size,
			.arg0 = bad[i].urgency,
		};

		assert_int_equal(cok_host_message(&h, &m, 0), -EPROTO);
		assert_null(cok_requests_find(&h.requests, m.txid));
	}
	assert_string_equal(fake.notes, "");
}

static void an_offer_that_fails_leaves_the_request(void **state)
{
	(void)state;
	ask(COK_MSG_REQUEST, 1);
	three(COK_MSG_OFFER, 9);
	t.request = 1;
	cok_host_begin(&h, &t, 0);
	simple(COK_MSG_DECLINE, 9, 0);
	cok_host_decide(&h, &t, 20);
	assert_int_equal(cok_host_deny(&h, 1, COK_WHY_REFUSED), 0);
	expect_answer(1, COK_ANSWER_DENIED, COK_WHY_REFUSED, 0);
	assert_int_equal(cok_host_deny(&h, 1, COK_WHY_REFUSED), -ENOENT);
	assert_string_equal(fake.notes, "+adAD");
}

static void tells_numbers_apart(void **state)
{
	struct cok_msg bad = {
		.type = COK_MSG_REQUEST,
		.txid = 5,
		.epoch = EPOCH,
		.kind = 9,
		.size = 1,
	};

	(void)state;
	assert_int_equal(take(bad), -EPROTO);
	assert_int_equal(ask(COK_MSG_REQUEST, 0), -EPROTO);
	assert_int_equal(ask(COK_MSG_REQUEST, 3), 0);
	assert_int_equal(ask(COK_MSG_CANCEL, 2),
			 0); /* came before its REQUEST */
	expect_answer(2, COK_ANSWER_CANCELLED, COK_WHY_CANCELLED, 0);
	assert_int_equal(ask(COK_MSG_REQUEST, 2), -EALREADY);
	expect_answer(2, COK_ANSWER_CANCELLED, COK_WHY_CANCELLED, 0);
	assert_int_equal(ask(COK_MSG_REQUEST, 1), 0); /* just late */
	expect_answer(1, COK_ANSWER_QUEUED, 0, 0);
	assert_int_equal(ask(COK_MSG_CANCEL, 1), 0);
	assert_int_equal(ask(COK_MSG_REQUEST, 200), 0);
	assert_int_equal(ask(COK_MSG_REQUEST, 4), -EALREADY); /* too late */
	expect_answer(4, COK_ANSWER_DENIED, COK_WHY_UNKNOWN, 0);
	for (__u64 i = 201; i < 201 + COK_MAX_REQUESTS - 2; i++)
		assert_int_equal(ask(COK_MSG_REQUEST, i), 0);
	assert_int_equal(ask(COK_MSG_REQUEST, 300), 0);
	expect_answer(300, COK_ANSWER_DENIED, COK_WHY_NO_SPACE, 0);
}

static struct cok_msg release(__u64 number, __u16 i, __u16 total)
{
	struct cok_msg m = {
		.type = COK_MSG_RELEASE,
		.txid = number,
		.index = i,
		.total = total,
		.epoch = EPOCH,
		.kind = COK_RES_MEM,
		.start = (16 + 2 * i) * MIB,
		.size = 2 * MIB,
	};

	return m;
}

static void takes_a_release(void **state)
{
	(void)state;
	assert_int_equal(take(release(1, 1, 2)), -EPROTO);
	assert_int_equal(take(release(1, 0, 2)), 0);
	assert_false(cok_host_release(&h, &t));
	assert_int_equal(take(release(1, 0, 2)), -EALREADY);
	assert_int_equal(take(release(1, 1, 2)), 0);
	assert_int_equal(fake.nsent, 0);
	assert_true(cok_host_release(&h, &t));
	assert_false(cok_host_release(&h, &t));
	assert_int_equal(take(release(2, 0, 1)), -EPROTO); /* one at a time */
	assert_int_equal(t.total, 2);
	assert_int_equal(t.mem, 4 * MIB);
	cok_host_released(&h, &t, 0);
	expect_answer(1, COK_ANSWER_DONE, 0, 0);
	assert_int_equal(take(release(1, 1, 2)), -EALREADY);
	expect_answer(1, COK_ANSWER_DONE, 0, 0);
	assert_int_equal(take(release(2, 0, 1)), 0);
	assert_true(cok_host_release(&h, &t));
	cok_host_released(&h, &t, -EBUSY);
	expect_answer(2, COK_ANSWER_DENIED, COK_WHY_UNKNOWN, 0);
	assert_int_equal(take(release(1, 0, 1)), -EALREADY); /* long over */
	assert_int_equal(fake.nsent, 3);
	assert_int_equal(take(release(3, 0, 33)), -EPROTO);
	expect_answer(3, COK_ANSWER_DENIED, COK_WHY_PROTOCOL, 0);
	assert_string_equal(fake.notes, "R");
}

/* ---- settling --------------------------------------------------------------- */

static void did(const char *what, __u32 lease)
{
	size_t n = strlen(fake.ops);

	snprintf(fake.ops + n, sizeof(fake.ops) - n, "%s%u ", what, lease);
}

static int op_stage(void *ctx, struct cok_txn *txn, struct cok_txn_res *r)
{
	(void)ctx;
	(void)txn;
	if (fake.fail_stage == r->lease)
		return -EBUSY;
	did("stage", r->lease);
	return 0;
}

static void op_split(void *ctx, struct cok_txn *txn, struct cok_txn_res *r)
{
	(void)ctx;
	(void)txn;
	did("split", r->lease);
	r->piece = r->lease;
	if (r->res.given == r->res.size)
		return;
	r->piece = r->lease * 10;
	r->rest[0] = r->lease;
	r->rest[1] = r->lease * 100;
}

static int op_detach(void *ctx, struct cok_txn *txn, struct cok_txn_res *r,
		     __u32 lease)
{
	(void)ctx;
	(void)txn;
	(void)r;
	did("detach", lease);
	return lease == fake.fail_detach ? -EREMOTEIO : 0;
}

static void op_scrub(void *ctx, struct cok_txn *txn, __u32 lease)
{
	(void)ctx;
	(void)txn;
	did("scrub", lease);
}

static void op_pool(void *ctx, struct cok_txn *txn, __u32 lease)
{
	(void)ctx;
	(void)txn;
	did("pool", lease);
}

static void op_hold(void *ctx, struct cok_txn *txn, __u32 lease)
{
	(void)ctx;
	(void)txn;
	did("hold", lease);
}

static int op_start(void *ctx, struct cok_txn *txn, struct cok_txn_res *r)
{
	(void)ctx;
	(void)txn;
	did("start", r->lease);
	return -EREMOTEIO;
}

static const struct cok_txn_ops ops = { op_stage, op_split, op_detach, op_scrub,
					op_pool,  op_hold,  op_start };

static void settles(void **state)
{
	static const struct {
		const char *name;
		__u16 ask;
		__u16 end; /* enum cok_txn_state */
		bool whole;
		__u32 fail_stage, fail_detach;
		const char *ops;
		int err;
	} cases[] = {
		{ "give", COK_MSG_OFFER, COK_TXN_COMMITTED, true, 0, 0,
		  "split2 split3 hold1 hold2 hold3 start1 ", -EREMOTEIO },
		{ "give a part", COK_MSG_OFFER, COK_TXN_COMMITTED, false, 0, 0,
		  "split2 detach1 pool1 detach2 detach200 detach3 scrub2 scrub200 scrub3 pool2 pool200 pool3 hold20 ",
		  0 },
		{ "give, aborted", COK_MSG_OFFER, COK_TXN_ABORTED, true, 0, 0,
		  "detach1 pool1 detach2 detach3 scrub2 scrub3 pool2 pool3 ",
		  0 },
		{ "take", COK_MSG_RECALL, COK_TXN_COMMITTED, true, 0, 0,
		  "split2 split3 detach1 pool1 detach2 detach3 scrub2 scrub3 pool2 pool3 ",
		  0 },
		{ "take a part", COK_MSG_RECALL, COK_TXN_COMMITTED, false, 0, 0,
		  "split2 detach20 scrub20 pool20 hold1 hold2 hold200 hold3 ",
		  0 },
		{ "take, aborted", COK_MSG_RECALL, COK_TXN_ABORTED, true, 0, 0,
		  "hold1 hold2 hold3 ", 0 },
		{ "a core does not park", COK_MSG_RECALL, COK_TXN_COMMITTED,
		  true, 0, 1,
		  "split2 split3 detach1 detach2 detach3 scrub2 scrub3 pool2 pool3 ",
		  -EREMOTEIO },
		{ "half staged", COK_MSG_RECALL, COK_TXN_ABORTED, true, 2, 0,
		  "hold1 ", 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		setup(state);
		three(cases[i].ask, 9);
		fake.fail_stage = cases[i].fail_stage;
		fake.fail_detach = cases[i].fail_detach;
		assert_int_equal(cok_txn_stage(&t, &ops, NULL),
				 cases[i].fail_stage ? -EBUSY : 0);
		fake.ops[0] = '\0';
		if (cases[i].whole)
			for (int r = 0; r < 3; r++)
				cok_res_give_all(&t.res[r].res);
		else
			cok_res_give_part(&t.res[1].res, 18 * MIB, 4 * MIB, 0);
		t.state = cases[i].end;
		while (cok_txn_settle(&t, &ops, NULL))
			;
		/* Of cores nothing is split: they have no steps of that. */
		if (strcmp(fake.ops, cases[i].ops) ||
		    t.settle_err != cases[i].err)
			fail_msg("%s: '%s', %d", cases[i].name, fake.ops,
				 t.settle_err);
		assert_false(cok_txn_settle(&t, &ops, NULL));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(sends_the_list, setup),
		cmocka_unit_test_setup(begins_or_sends_nothing, setup),
		cmocka_unit_test_setup(agrees_when_all_are_accepted, setup),
		cmocka_unit_test_setup(counts_what_does_not_fit, setup),
		cmocka_unit_test_setup(judges_parts, setup),
		cmocka_unit_test_setup(decides_by_policy, setup),
		cmocka_unit_test_setup(takes_no_more_than_was_wanted, setup),
		cmocka_unit_test_setup(declines_with_a_reason, setup),
		cmocka_unit_test_setup(asks_again_and_then_gives_up, setup),
		cmocka_unit_test_setup(passes_a_deadline_that_was_past_at_once,
				       setup),
		cmocka_unit_test_setup(keeps_outcomes_until_done, setup),
		cmocka_unit_test_setup(ends_with_the_enclave, setup),
		cmocka_unit_test_setup(grants_a_request, setup),
		cmocka_unit_test_setup(takes_no_nonsense_for_a_request, setup),
		cmocka_unit_test_setup(an_offer_that_fails_leaves_the_request,
				       setup),
		cmocka_unit_test_setup(tells_numbers_apart, setup),
		cmocka_unit_test_setup(takes_a_release, setup),
		cmocka_unit_test_setup(settles, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
