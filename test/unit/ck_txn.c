// sources: cokernel/lib/txn.c
// SPDX-License-Identifier: GPL-2.0
/*
 * The co-kernel's side of a transaction: tables of what the host says and what
 * the answer and the counters are then. A fake machine records the calls.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "../../cokernel/lib/txn.h"

static struct {
	enum txn_step step;
	u16 why;
	bool no_room;
	char calls[64]; /* w(ork) c(ommit) u(ndo) */
	struct cok_msg sent[64];
	u32 nsent;
} fake;
static struct txn_table tab;

static void called(char c)
{
	size_t n = strlen(fake.calls);

	if (n + 1 < sizeof(fake.calls))
		fake.calls[n] = c;
}

static enum txn_step fake_work(void *ctx, struct txn *t, u16 *why)
{
	(void)ctx;
	called('w');
	*why = fake.why;
	if (!t->recall)
		t->res[0].entry = 0xe0 + t->txid;
	return fake.step;
}

static void fake_commit(void *ctx, struct txn *t)
{
	(void)ctx;
	(void)t;
	called('c');
}

static void fake_undo(void *ctx, struct txn *t)
{
	(void)ctx;
	(void)t;
	called('u');
}

static bool fake_send(void *ctx, const struct cok_msg *msgs, u32 n)
{
	(void)ctx;
	if (fake.no_room || fake.nsent + n > 64)
		return false;
	memcpy(fake.sent + fake.nsent, msgs, n * sizeof(*msgs));
	fake.nsent += n;
	return true;
}

static const struct txn_ops ops = { fake_work, fake_commit, fake_undo,
				    fake_send };

static int setup(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof(fake));
	memset(&tab, 0, sizeof(tab));
	tab.ops = &ops;
	return 0;
}

#define DEADLINE 800

static struct cok_msg mem_msg(u16 type, u64 txid, u16 index, u16 total)
{
	struct cok_msg m = {
		.type = type,
		.txid = txid,
		.index = index,
		.total = total,
		.kind = COK_RES_MEM,
		.start = (txid * 64 + index) << 20,
		.size = 1 << 20,
		.arg0 = DEADLINE,
	};

	return m;
}

static void say(u16 type, u64 txid, u16 index, u16 total)
{
	struct cok_msg m = mem_msg(type, txid, index, total);

	txn_message(&tab, &m, 0);
}

/*
 * A conversation. `say` are the host's messages: a letter (Offer, Recall,
 * Commit, Abort), the txid, and for the first two index/total. `calls` is what
 * the machine was asked to do, `answers` what was sent: Accept, Prepared, or
 * Decline with its reason.
 */
struct talk {
	const char *name, *say;
	enum txn_step step;
	u16 why;
	const char *calls, *answers;
	size_t counter; /* offset in struct txn_counters of one that is 1 */
};

#define COUNTER(f) offsetof(struct txn_counters, f)
#define DONE	   TXN_DONE, 0
#define WAIT	   TXN_WAIT, 0
#define IN_USE	   TXN_REFUSE, COK_WHY_IN_USE

static const struct talk talks[] = {
	{ "accept, commit", "O1:0/1 C1", DONE, "wc", "A", COUNTER(committed) },
	{ "accept, abort", "O1:0/1 A1", DONE, "wu", "A", COUNTER(aborted) },
	{ "offer of three", "O1:0/3 O1:1/3 O1:2/3 C1", DONE, "wc", "AAA",
	  COUNTER(committed) },
	{ "prepared, commit", "R1:0/1 C1", DONE, "wc", "P",
	  COUNTER(committed) },
	{ "prepared, abort", "R1:0/1 A1", DONE, "wu", "P", COUNTER(aborted) },
	{ "refused: undone", "R1:0/1", IN_USE, "wu", "D3", COUNTER(declined) },
	{ "abort while draining", "R1:0/1 A1", WAIT, "wu", "",
	  COUNTER(aborted) },
	{ "abort half an offer", "O1:0/2 A1", DONE, "", "", COUNTER(aborted) },
	{ "commit while draining", "R1:0/1 C1", WAIT, "w", "", COUNTER(early) },
	{ "commit half an offer", "O1:0/2 C1", DONE, "", "", COUNTER(early) },
	{ "commit twice", "O1:0/1 C1 C1", DONE, "wc", "A", COUNTER(ended) },
	{ "abort after commit", "O1:0/1 C1 A1", DONE, "wc", "A",
	  COUNTER(ended) },
	{ "commit after abort", "R1:0/1 A1 C1", DONE, "wu", "P",
	  COUNTER(ended) },
	{ "offer after the end", "O1:0/1 C1 O1:0/1", DONE, "wc", "A",
	  COUNTER(ended) },
	{ "abort of a declined one", "O1:0/1 A1", IN_USE, "wu", "D3",
	  COUNTER(ended) },
	{ "rest of a declined one", "O1:0/3 O1:2/3 O1:1/3", DONE, "", "D8",
	  COUNTER(ended) },
	{ "commit of nothing", "C7", DONE, "", "", COUNTER(unknown) },
	{ "abort of nothing", "A7", DONE, "", "", COUNTER(unknown) },
	{ "offer twice", "O1:0/1 O1:0/1", DONE, "w", "A", COUNTER(duplicate) },
	{ "recall with an offer's id", "O1:0/1 R1:0/1", DONE, "w", "A",
	  COUNTER(duplicate) },
	{ "txid 0", "O0:0/1", DONE, "", "", COUNTER(malformed) },
	{ "total 0", "O1:0/0", DONE, "", "D8", COUNTER(malformed) },
	{ "total 33", "O1:0/33", DONE, "", "D8", COUNTER(malformed) },
	{ "first one lost", "O1:1/2", DONE, "", "", COUNTER(malformed) },
	{ "one lost", "O1:0/3 O1:2/3", DONE, "", "D8", COUNTER(malformed) },
	{ "total changes", "O1:0/2 O1:1/3", DONE, "", "D8",
	  COUNTER(malformed) },
	{ "another in between", "O1:0/2 O2:0/1 C2", DONE, "wc", "D8A",
	  COUNTER(malformed) },
};

static u16 type_of(char letter)
{
	return letter == 'O'   ? COK_MSG_OFFER
	       : letter == 'R' ? COK_MSG_RECALL
	       : letter == 'C' ? COK_MSG_COMMIT
			       : COK_MSG_ABORT;
}

static void say_all(const char *text)
{
	unsigned int txid, index = 0, total = 0;

	for (; text; text = strchr(text, ' ')) {
		text += *text == ' ';
		if (sscanf(text + 1, "%u:%u/%u", &txid, &index, &total) < 3)
			index = total = 0;
		say(type_of(*text), txid, (u16)index, (u16)total);
	}
}

static const char *answers(void)
{
	static char text[3 * 64 + 1];
	char *p = text;

	*p = '\0';
	for (u32 i = 0; i < fake.nsent; i++) {
		u16 type = fake.sent[i].type;

		p += sprintf(p, "%c",
			     type == COK_MSG_ACCEPT	? 'A'
			     : type == COK_MSG_PREPARED ? 'P'
							: 'D');
		if (type == COK_MSG_DECLINE)
			p += sprintf(p, "%u", fake.sent[i].status);
	}
	return text;
}

static void test_talks(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(talks); i++) {
		const struct talk *t = &talks[i];

		setup(state);
		fake.step = t->step;
		fake.why = t->why;
		say_all(t->say);
		if (strcmp(fake.calls, t->calls) ||
		    strcmp(answers(), t->answers) ||
		    *(u64 *)((char *)&tab.count + t->counter) != 1)
			fail_msg("%s: calls '%s', answers '%s', counted %llu",
				 t->name, fake.calls, answers(),
				 *(u64 *)((char *)&tab.count + t->counter));
	}
}

static void test_answer_repeats_the_resources(void **state)
{
	(void)state;
	say(COK_MSG_OFFER, 5, 0, 2);
	say(COK_MSG_OFFER, 5, 1, 2);
	assert_int_equal(fake.nsent, 2);
	for (u16 i = 0; i < 2; i++) {
		struct cok_msg want = mem_msg(COK_MSG_ACCEPT, 5, i, 2);

		want.arg0 = i ? 0 : 0xe5; /* what work() put there */
		assert_memory_equal(&fake.sent[i], &want, sizeof(want));
	}
}

static void test_draining_takes_time(void **state)
{
	(void)state;
	fake.step = TXN_WAIT;
	say(COK_MSG_RECALL, 1, 0, 1);
	txn_poll(&tab, 100);
	assert_true(txn_busy(&tab));
	assert_int_equal(fake.nsent, 0);
	fake.step = TXN_DONE;
	txn_poll(&tab, 200);
	assert_false(txn_busy(&tab));
	assert_int_equal(fake.sent[0].type, COK_MSG_PREPARED);
	txn_poll(&tab, 10 * DEADLINE); /* the host's to end now */
	assert_string_equal(fake.calls, "www");
	say(COK_MSG_COMMIT, 1, 0, 0);
	assert_string_equal(fake.calls, "wwwc");
}

static void test_deadlines(void **state)
{
	struct cok_msg late = mem_msg(COK_MSG_OFFER, 3, 0, 1);

	(void)state;
	fake.step = TXN_WAIT;
	say(COK_MSG_RECALL, 1, 0, 1);
	txn_poll(&tab, DEADLINE * 7 / 8 - 1);
	assert_int_equal(fake.nsent, 0);
	txn_poll(&tab, DEADLINE * 7 / 8); /* an eighth early, for the way */
	assert_int_equal(fake.sent[0].type, COK_MSG_DECLINE);
	assert_int_equal(fake.sent[0].status, COK_WHY_IN_USE);
	assert_string_equal(fake.calls, "wwu");
	say(COK_MSG_OFFER, 2, 0, 2); /* its second half never comes */
	txn_poll(&tab, DEADLINE);
	assert_int_equal(fake.sent[1].status, COK_WHY_TIMEOUT);
	txn_message(&tab, &late, DEADLINE); /* late when it comes */
	assert_int_equal(fake.sent[2].status, COK_WHY_TIMEOUT);
	assert_string_equal(fake.calls, "wwu");
	assert_false(txn_busy(&tab));
}

static void test_no_room_for_the_answer(void **state)
{
	(void)state;
	fake.no_room = true;
	say(COK_MSG_OFFER, 1, 0, 1);
	assert_true(txn_busy(&tab));
	say(COK_MSG_COMMIT, 1, 0, 0); /* can't be: the answer was not sent */
	assert_int_equal(tab.count.early, 1);
	fake.no_room = false;
	txn_poll(&tab, 1);
	assert_int_equal(fake.sent[0].type, COK_MSG_ACCEPT);
	assert_string_equal(fake.calls, "w"); /* the work is done once */
}

static void test_too_many_at_once(void **state)
{
	(void)state;
	for (u64 id = 1; id <= TXN_OPEN; id++)
		say(COK_MSG_OFFER, id, 0, 1);
	say(COK_MSG_OFFER, 99, 0, 1);
	assert_int_equal(fake.sent[TXN_OPEN].type, COK_MSG_DECLINE);
	assert_int_equal(fake.sent[TXN_OPEN].status, COK_WHY_NO_SPACE);
	say(COK_MSG_ABORT, 1, 0, 0);
	say(COK_MSG_OFFER, 100, 0, 1);
	assert_int_equal(fake.sent[TXN_OPEN + 1].type, COK_MSG_ACCEPT);
}

static void test_bad_resources(void **state)
{
	static const struct {
		u32 kind;
		u64 start, size;
		u16 why;
	} cases[] = {
		{ 0, 0x1000, 0x1000, COK_WHY_UNSUPPORTED },
		{ 3, 0x1000, 0x1000, COK_WHY_UNSUPPORTED },
		{ COK_RES_MEM, 0x1000, 0, COK_WHY_PROTOCOL },
		{ COK_RES_MEM, 0x1001, 0x1000, COK_WHY_PROTOCOL },
		{ COK_RES_MEM, 0x1000, 0x800, COK_WHY_PROTOCOL },
		{ COK_RES_MEM, ~0xfffULL, 0x1000, COK_WHY_PROTOCOL },
		{ COK_RES_MEM, 0x1000, ~0xfffULL, COK_WHY_PROTOCOL },
		{ COK_RES_CPU, 1ULL << 32, 1, COK_WHY_PROTOCOL },
		{ COK_RES_CPU, 1, COK_MAX_CORES, COK_WHY_PROTOCOL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct cok_msg m = mem_msg(COK_MSG_OFFER, 1, 0, 1);

		setup(state);
		m.kind = cases[i].kind;
		m.start = cases[i].start;
		m.size = cases[i].size;
		txn_message(&tab, &m, 0);
		assert_int_equal(fake.nsent, 1);
		assert_int_equal(fake.sent[0].type, COK_MSG_DECLINE);
		assert_int_equal(fake.sent[0].status, cases[i].why);
		assert_string_equal(fake.calls, "");
	}
}

static void test_named_twice(void **state)
{
	struct cok_msg m = mem_msg(COK_MSG_OFFER, 1, 0, 2), cpu = m;

	(void)state;
	txn_message(&tab, &m, 0);
	m.index = 1; /* the same memory again, in one transaction */
	txn_message(&tab, &m, 0);
	assert_int_equal(fake.sent[0].status, COK_WHY_PROTOCOL);
	m = mem_msg(COK_MSG_OFFER, 2, 0, 1);
	txn_message(&tab, &m, 0);
	m.txid = 3; /* in another one, while the first is open */
	m.start += m.size / 2;
	txn_message(&tab, &m, 0);
	assert_int_equal(fake.sent[2].status, COK_WHY_IN_USE);
	cpu.kind = COK_RES_CPU;
	cpu.txid = 4;
	cpu.total = 2;
	cpu.start = 8;
	cpu.size = 1;
	txn_message(&tab, &cpu, 0);
	cpu.index = 1;
	cpu.start = 9; /* another core, the same slot */
	txn_message(&tab, &cpu, 0);
	assert_int_equal(fake.sent[3].status, COK_WHY_PROTOCOL);
}

static void test_unknown_flags(void **state)
{
	struct cok_msg m = mem_msg(COK_MSG_OFFER, 1, 0, 1);

	(void)state;
	m.flags = 1;
	txn_message(&tab, &m, 0);
	assert_int_equal(tab.count.malformed, 1);
	assert_int_equal(fake.nsent, 0);
}

static void test_history_is_finite(void **state)
{
	(void)state;
	for (u64 id = 1; id <= TXN_HISTORY + 1; id++) {
		fake.nsent = 0;
		say(COK_MSG_OFFER, id, 0, 1);
		say(COK_MSG_COMMIT, id, 0, 0);
	}
	say(COK_MSG_COMMIT, 2, 0, 0);
	assert_int_equal(tab.count.ended, 1);
	say(COK_MSG_COMMIT, 1, 0, 0); /* forgotten: the oldest */
	assert_int_equal(tab.count.unknown, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_talks),
		cmocka_unit_test_setup(test_answer_repeats_the_resources,
				       setup),
		cmocka_unit_test_setup(test_draining_takes_time, setup),
		cmocka_unit_test_setup(test_deadlines, setup),
		cmocka_unit_test_setup(test_no_room_for_the_answer, setup),
		cmocka_unit_test_setup(test_too_many_at_once, setup),
		cmocka_unit_test(test_bad_resources),
		cmocka_unit_test_setup(test_named_twice, setup),
		cmocka_unit_test_setup(test_unknown_flags, setup),
		cmocka_unit_test_setup(test_history_is_finite, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
