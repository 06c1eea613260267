// sources: module/core/txn.c module/core/txn_ck.c module/core/request_ck.c
// SPDX-License-Identifier: GPL-2.0
/*
 * The co-kernel's end: tables of what the host says, and what the answers, the
 * machine and the counters are then. A fake machine records the calls.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/txn_ck.h"

#define DEADLINE 800
#define REPEAT	 100
#define EPOCH	 3
#define MIB	 (1ULL << 20)

static struct {
	enum cok_ck_step step;
	__u16 why;
	char give;	/* a(ll), n(one), h(alf of memory, no core) */
	__u32 room;	/* messages */
	char calls[64]; /* w(ork) c(ommit) u(ndo), and Answers of requests */
	struct cok_msg sent[64];
	__u32 nsent, bells;
} fake;
static struct cok_ck ck;

static void called(char c)
{
	size_t n = strlen(fake.calls);

	if (n + 1 < sizeof(fake.calls))
		fake.calls[n] = c;
}

static void give(struct cok_ck_res *r)
{
	if (fake.give == 'a')
		cok_res_give_all(&r->res);
	else if (fake.give == 'h' && r->res.kind == COK_RES_MEM)
		assert_true(cok_res_give_part(&r->res, r->res.start,
					      r->res.size / 2, COK_WHY_IN_USE));
	else
		cok_res_give_none(&r->res, COK_WHY_IN_USE);
}

static enum cok_ck_step fake_work(void *ctx, struct cok_ck_txn *t, __u16 *why)
{
	(void)ctx;
	called('w');
	*why = fake.why;
	for (__u16 i = 0; i < t->total; i++)
		give(&t->res[i]);
	t->res[0].entry = 0xe0 + t->txid;
	return fake.step;
}

static void fake_commit(void *ctx, struct cok_ck_txn *t)
{
	(void)ctx;
	(void)t;
	called('c');
}

static void fake_undo(void *ctx, struct cok_ck_txn *t)
{
	(void)ctx;
	(void)t;
	called('u');
}

static void fake_answered(void *ctx, const struct cok_ck_ask *ask, __u16 answer,
			  __u16 why, __u64 given)
{
	(void)ctx;
	(void)ask;
	(void)why;
	(void)given;
	called('0' + answer);
}

static __u32 fake_room(void *ctx, __u16 type)
{
	(void)ctx;
	(void)type;
	return fake.room;
}

static void fake_send(void *ctx, struct cok_msg *m)
{
	(void)ctx;
	assert_true(fake.room && fake.nsent < 64);
	assert_int_equal(m->epoch, EPOCH);
	fake.room--;
	fake.sent[fake.nsent++] = *m;
}

static void fake_ring(void *ctx)
{
	(void)ctx;
	fake.bells++;
}

static const struct cok_ck_ops ops = { fake_work, fake_commit, fake_undo,
				       fake_answered };
static const struct cok_link channel = { fake_room, fake_send, fake_ring,
					 NULL };

static int setup(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof(fake));
	fake.room = 1000;
	fake.give = 'a';
	cok_ck_init(&ck, &ops, NULL, &channel, EPOCH, REPEAT);
	return 0;
}

static struct cok_msg mem_msg(__u16 type, __u64 txid, __u16 index, __u16 total)
{
	struct cok_msg m = {
		.type = type,
		.txid = txid,
		.index = index,
		.total = total,
		.epoch = EPOCH,
	};

	if (type != COK_MSG_OFFER && type != COK_MSG_RECALL)
		return m;
	m.kind = COK_RES_MEM;
	m.status = 20;
	m.start = (txid * 64 + index) * 4 * MIB;
	m.size = 4 * MIB;
	m.arg0 = DEADLINE;
	return m;
}

static void say(__u16 type, __u64 txid, __u16 index, __u16 total)
{
	struct cok_msg m = mem_msg(type, txid, index, total);

	assert_true(cok_ck_message(&ck, &m, 0));
}

/*
 * A conversation. `say` are the host's messages: a letter (Offer, Recall,
 * Commit, Abort, Query), the txid, and for the first two index/total. `calls`
 * is what the machine was asked to do; `answers` what was sent: Accept,
 * Prepared, part (p), None (DONE), or Decline with its reason.
 */
struct talk {
	const char *name, *say;
	enum cok_ck_step step;
	__u16 why;
	char give;
	const char *calls, *answers;
	size_t counter; /* offset in struct cok_ck_counters of one that is 1 */
};

#define COUNTER(f) offsetof(struct cok_ck_counters, f)
#define DONE	   COK_CK_DONE, 0, 'a'
#define HALF	   COK_CK_DONE, 0, 'h'
#define NOTHING	   COK_CK_DONE, 0, 'n'
#define WAIT	   COK_CK_WAIT, 0, 'a'
#define IN_USE	   COK_CK_REFUSE, COK_WHY_IN_USE, 'a'

static const struct talk talks[] = {
	{ "accept, commit", "O1:0/1 C1", DONE, "wc", "AN", COUNTER(committed) },
	{ "accept, abort", "O1:0/1 A1", DONE, "wu", "AN", COUNTER(aborted) },
	{ "offer of three", "O1:0/3 O1:1/3 O1:2/3 C1", DONE, "wc", "AAAN",
	  COUNTER(committed) },
	{ "prepared, commit", "R1:0/1 C1", DONE, "wc", "PN",
	  COUNTER(committed) },
	{ "prepared, abort", "R1:0/1 A1", DONE, "wu", "PN", COUNTER(aborted) },
	{ "half of it", "R1:0/1 C1", HALF, "wc", "pN", COUNTER(partial) },
	{ "none of it", "R1:0/2 R1:1/2", NOTHING, "wu", "D3",
	  COUNTER(declined) },
	{ "refused: undone", "R1:0/1", IN_USE, "wu", "D3", COUNTER(declined) },
	{ "abort while draining", "R1:0/1 A1", WAIT, "wu", "N",
	  COUNTER(aborted) },
	{ "abort half an offer", "O1:0/2 A1", DONE, "", "N", COUNTER(aborted) },
	{ "commit while draining", "R1:0/1 C1", WAIT, "w", "", COUNTER(early) },
	{ "commit half an offer", "O1:0/2 C1", DONE, "", "", COUNTER(early) },
	{ "commit twice", "O1:0/1 C1 C1", DONE, "wc", "ANN", COUNTER(ended) },
	{ "abort after commit", "O1:0/1 C1 A1", DONE, "wc", "ANN",
	  COUNTER(ended) },
	{ "commit after abort", "R1:0/1 A1 C1", DONE, "wu", "PNN",
	  COUNTER(ended) },
	{ "offer after the end", "O1:0/1 C1 O1:0/1", DONE, "wc", "ANN",
	  COUNTER(ended) },
	{ "an older one", "O5:0/1 C5 O4:0/1", DONE, "wc", "AND5",
	  COUNTER(ended) },
	{ "abort of a declined one", "O1:0/1 A1", IN_USE, "wu", "D3N",
	  COUNTER(ended) },
	{ "rest of a declined one", "O1:0/3 O1:2/3 O1:1/3", DONE, "", "D8",
	  COUNTER(malformed) },
	{ "commit of nothing", "C7", DONE, "", "", COUNTER(unknown) },
	{ "abort of nothing, then its offer", "A7 O7:0/1", DONE, "", "NN",
	  COUNTER(ended) },
	{ "offer twice", "O1:0/1 O1:0/1", DONE, "w", "AA", COUNTER(duplicate) },
	{ "recall with an offer's id", "O1:0/1 R1:0/1", DONE, "w", "AA",
	  COUNTER(duplicate) },
	{ "asked again", "O1:0/2 O1:1/2 Q1 C1", DONE, "wc", "AAAAN",
	  COUNTER(committed) },
	{ "asked while draining", "R1:0/1 Q1 A1", WAIT, "wu", "N",
	  COUNTER(aborted) },
	{ "asked about half an offer", "O1:0/2 Q1 O1:1/2", DONE, "", "D5D5",
	  COUNTER(declined) },
	{ "asked about nothing, which then comes", "Q1 O1:0/1", DONE, "",
	  "D5D5", COUNTER(ended) },
	{ "asked about a declined one", "O1:0/1 Q1", IN_USE, "wu", "D3D3",
	  COUNTER(ended) },
	{ "txid 0", "O0:0/1", DONE, "", "", COUNTER(malformed) },
	{ "total 0", "O1:0/0", DONE, "", "D8", COUNTER(malformed) },
	{ "total 33", "O1:0/33", DONE, "", "D8", COUNTER(malformed) },
	{ "first one lost", "O1:1/2", DONE, "", "", COUNTER(malformed) },
	{ "one lost", "O1:0/3 O1:2/3", DONE, "", "D8", COUNTER(malformed) },
	{ "total changes", "O1:0/2 O1:1/3", DONE, "", "D8",
	  COUNTER(malformed) },
	{ "another in between", "O1:0/2 O2:0/1 C2", DONE, "wc", "D8AN",
	  COUNTER(malformed) },
};

static __u16 type_of(char letter)
{
	return letter == 'O'   ? COK_MSG_OFFER
	       : letter == 'R' ? COK_MSG_RECALL
	       : letter == 'C' ? COK_MSG_COMMIT
	       : letter == 'Q' ? COK_MSG_QUERY
			       : COK_MSG_ABORT;
}

static void say_all(const char *text)
{
	unsigned int txid, index = 0, total = 0;

	for (; text; text = strchr(text, ' ')) {
		text += *text == ' ';
		if (sscanf(text + 1, "%u:%u/%u", &txid, &index, &total) < 3)
			index = total = 0;
		say(type_of(*text), txid, (__u16)index, (__u16)total);
	}
}

static char letter_of(__u16 type)
{
	switch (type) {
	case COK_MSG_ACCEPT:
		return 'A';
	case COK_MSG_PREPARED:
		return 'P';
	case COK_MSG_PARTIAL:
		return 'p';
	case COK_MSG_DECLINE:
		return 'D';
	case COK_MSG_DONE:
		return 'N';
	case COK_MSG_QUERY_END:
		return 'Q';
	case COK_MSG_REQUEST:
		return 'R';
	case COK_MSG_CANCEL:
		return 'C';
	case COK_MSG_RELEASE:
		return 'r';
	default:
		return '?';
	}
}

static const char *answers(void)
{
	static char text[3 * 64 + 1];
	char *p = text;

	*p = '\0';
	for (__u32 i = 0; i < fake.nsent; i++) {
		p += sprintf(p, "%c", letter_of(fake.sent[i].type));
		if (fake.sent[i].type == COK_MSG_DECLINE)
			p += sprintf(p, "%u", fake.sent[i].status);
	}
	return text;
}

static void test_talks(void **state)
{
	for (size_t i = 0; i < sizeof(talks) / sizeof(talks[0]); i++) {
		const struct talk *t = &talks[i];
		__u64 *count;

		setup(state);
		fake.step = t->step;
		fake.why = t->why;
		fake.give = t->give;
		say_all(t->say);
		count = (__u64 *)((char *)&ck.count + t->counter);
		if (strcmp(fake.calls, t->calls) ||
		    strcmp(answers(), t->answers) || !*count)
			fail_msg("%s: calls '%s', answers '%s', counted %llu",
				 t->name, fake.calls, answers(), *count);
	}
}

static void test_answer_repeats_the_resources(void **state)
{
	(void)state;
	say(COK_MSG_OFFER, 5, 0, 2);
	say(COK_MSG_OFFER, 5, 1, 2);
	assert_int_equal(fake.nsent, 2);
	assert_int_equal(fake.bells, 1);
	for (__u16 i = 0; i < 2; i++) {
		struct cok_msg want = mem_msg(COK_MSG_OFFER, 5, i, 2);

		want.type = COK_MSG_ACCEPT;
		want.status = 0;
		want.arg0 = i ? 0 : 0xe5; /* what work() put there */
		assert_memory_equal(&fake.sent[i], &want, sizeof(want));
	}
}

static void test_parts(void **state)
{
	struct cok_msg core = mem_msg(COK_MSG_RECALL, 1, 0, 2);

	(void)state;
	core.kind = COK_RES_CPU;
	core.status = 0;
	core.start = 4;
	core.size = 2;
	fake.give = 'h';
	cok_ck_message(&ck, &core, 0);
	say(COK_MSG_RECALL, 1, 1, 2);
	assert_int_equal(fake.nsent, 2);
	assert_int_equal(fake.sent[0].type, COK_MSG_PARTIAL);
	assert_int_equal(fake.sent[0].start, 4);
	assert_int_equal(fake.sent[0].size, 0);
	assert_int_equal(fake.sent[0].status, COK_WHY_IN_USE);
	assert_int_equal(fake.sent[1].type, COK_MSG_PARTIAL);
	assert_int_equal(fake.sent[1].size, 2 * MIB);
}

/* More than was wanted would be refused by the host: better say no. */
static void test_amounts(void **state)
{
	struct cok_msg m = mem_msg(COK_MSG_RECALL, 1, 0, 2);

	m.arg1 = 4 * MIB;
	cok_ck_message(&ck, &m, 0);
	m = mem_msg(COK_MSG_RECALL, 1, 1, 2);
	m.arg1 = 4 * MIB;
	fake.give = 'h';
	cok_ck_message(&ck, &m, 0);
	assert_string_equal(answers(), "pp");
	assert_string_equal(fake.calls, "w");
	setup(state);
	m = mem_msg(COK_MSG_RECALL, 1, 0, 1);
	m.arg1 = 2 * MIB;
	cok_ck_message(&ck, &m, 0);
	assert_string_equal(answers(), "D9");
	assert_string_equal(fake.calls, "wu");
	setup(state);
	m = mem_msg(COK_MSG_RECALL, 1, 0, 2);
	m.arg1 = 2 * MIB;
	cok_ck_message(&ck, &m, 0);
	say(COK_MSG_RECALL, 1, 1, 2); /* says another amount */
	assert_string_equal(answers(), "D8");
}

static void test_draining_takes_time(void **state)
{
	(void)state;
	fake.step = COK_CK_WAIT;
	say(COK_MSG_RECALL, 1, 0, 1);
	cok_ck_poll(&ck, 100);
	assert_true(cok_ck_busy(&ck));
	assert_int_equal(fake.nsent, 0);
	fake.step = COK_CK_DONE;
	cok_ck_poll(&ck, 200);
	assert_false(cok_ck_busy(&ck));
	assert_string_equal(answers(), "P");
	assert_int_equal(cok_ck_next(&ck, 200), 200 + REPEAT);
	cok_ck_poll(&ck, 200 + REPEAT - 1);
	assert_string_equal(answers(), "P");
	cok_ck_poll(&ck, 10 * DEADLINE); /* the host's to end now: ask it */
	assert_string_equal(answers(), "PQ");
	assert_string_equal(fake.calls, "www");
	say(COK_MSG_COMMIT, 1, 0, 0);
	assert_string_equal(fake.calls, "wwwc");
	assert_int_equal(cok_ck_next(&ck, 0), COK_NEVER);
}

static void test_deadlines(void **state)
{
	struct cok_msg late = mem_msg(COK_MSG_OFFER, 3, 0, 1);

	(void)state;
	fake.step = COK_CK_WAIT;
	say(COK_MSG_RECALL, 1, 0, 1);
	cok_ck_poll(&ck, DEADLINE * 7 / 8 - 1);
	assert_int_equal(fake.nsent, 0);
	cok_ck_poll(&ck, DEADLINE * 7 / 8); /* an eighth early, for the way */
	assert_string_equal(answers(), "D3");
	assert_string_equal(fake.calls, "wwu");
	say(COK_MSG_OFFER, 2, 0, 2); /* its second half never comes */
	cok_ck_poll(&ck, DEADLINE);
	assert_string_equal(answers(), "D3D1");
	cok_ck_message(&ck, &late, DEADLINE); /* late when it comes */
	assert_string_equal(answers(), "D3D1D1");
	assert_string_equal(fake.calls, "wwu");
}

static void test_no_room_for_the_answer(void **state)
{
	(void)state;
	fake.room = 1;
	say(COK_MSG_OFFER, 1, 0, 2);
	say(COK_MSG_OFFER, 1, 1, 2);
	assert_int_equal(fake.nsent, 0); /* all or nothing */
	assert_true(cok_ck_busy(&ck));
	say(COK_MSG_COMMIT, 1, 0, 0); /* can't be: the answer was not sent */
	assert_int_equal(ck.count.early, 1);
	fake.room = 2;
	cok_ck_poll(&ck, 1);
	assert_string_equal(answers(), "AA");
	assert_string_equal(fake.calls, "w"); /* the work is done once */
	say(COK_MSG_COMMIT, 1, 0, 0);
	assert_string_equal(answers(), "AA"); /* no room for DONE */
	fake.room = 1;
	say(COK_MSG_COMMIT, 1, 0, 0); /* the host repeats it, then */
	assert_string_equal(answers(), "AAN");
	assert_string_equal(fake.calls, "wc");
}

static void test_too_many_at_once(void **state)
{
	(void)state;
	for (__u64 id = 1; id <= COK_CK_OPEN; id++)
		say(COK_MSG_OFFER, id, 0, 1);
	say(COK_MSG_OFFER, 99, 0, 1);
	assert_string_equal(answers(), "AAAAAAAAD2");
	say(COK_MSG_ABORT, 1, 0, 0);
	say(COK_MSG_OFFER, 100, 0, 1);
	assert_string_equal(answers(), "AAAAAAAAD2NA");
}

static void test_bad_resources(void **state)
{
	static const struct {
		__u32 kind;
		__u64 start, size;
		__u16 granule, why;
	} cases[] = {
		{ 0, 0x1000, 0x1000, 0, COK_WHY_UNSUPPORTED },
		{ 3, 0x1000, 0x1000, 0, COK_WHY_UNSUPPORTED },
		{ COK_RES_MEM, 0x1000, 0, 0, COK_WHY_PROTOCOL },
		{ COK_RES_MEM, 0x1001, 0x1000, 0, COK_WHY_PROTOCOL },
		{ COK_RES_MEM, 0x1000, 0x800, 0, COK_WHY_PROTOCOL },
		{ COK_RES_MEM, ~0xfffULL, 0x1000, 0, COK_WHY_PROTOCOL },
		{ COK_RES_MEM, 0x1000, ~0xfffULL, 0, COK_WHY_PROTOCOL },
		{ COK_RES_MEM, 0x1000, 0x2000, 13, COK_WHY_PROTOCOL },
		{ COK_RES_MEM, 0x2000, 0x1000, 13, COK_WHY_PROTOCOL },
		{ COK_RES_MEM, 0x2000, 0x2000, 11, COK_WHY_PROTOCOL },
		{ COK_RES_MEM, 0x2000, 0x2000, 64, COK_WHY_PROTOCOL },
		{ COK_RES_CPU, 1ULL << 32, 1, 0, COK_WHY_PROTOCOL },
		{ COK_RES_CPU, 1, COK_MAX_CORES, 0, COK_WHY_PROTOCOL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cok_msg m = mem_msg(COK_MSG_OFFER, 1, 0, 1);

		setup(state);
		m.kind = cases[i].kind;
		m.status = cases[i].granule;
		m.start = cases[i].start;
		m.size = cases[i].size;
		cok_ck_message(&ck, &m, 0);
		assert_int_equal(fake.nsent, 1);
		assert_int_equal(fake.sent[0].status, cases[i].why);
		assert_string_equal(fake.calls, "");
	}
}

static void test_named_twice(void **state)
{
	struct cok_msg m = mem_msg(COK_MSG_OFFER, 2, 0, 1);
	struct cok_res r;

	(void)state;
	say(COK_MSG_OFFER, 1, 0, 1);
	m.start = 64 * 4 * MIB + 2 * MIB; /* inside of the first one's */
	cok_ck_message(&ck, &m, 0);
	assert_string_equal(answers(), "AD3");
	r = (struct cok_res){ COK_RES_MEM, 0, 0, m.start, 4096, 0, 0 };
	assert_true(cok_ck_names(&ck, &r));
	assert_int_equal(cok_ck_release(&ck, &r, 1, 0), 0);
}

static void test_other_epochs(void **state)
{
	struct cok_msg m = mem_msg(COK_MSG_OFFER, 1, 0, 1);

	(void)state;
	m.epoch = EPOCH - 1;
	assert_true(cok_ck_message(&ck, &m, 0));
	assert_int_equal(ck.count.stale, 1);
	assert_int_equal(fake.nsent, 0);
	m.type = COK_MSG_PING;
	assert_false(cok_ck_message(&ck, &m, 0));
}

/* ---- what it asks for ---------------------------------------------------- */

static void answer(__u64 number, __u16 answer, __u64 now)
{
	struct cok_msg m = {
		.type = COK_MSG_ANSWER,
		.txid = number,
		.epoch = EPOCH,
		.arg0 = answer,
	};

	assert_true(cok_ck_message(&ck, &m, now));
}

static void test_requests(void **state)
{
	(void)state;
	assert_int_equal(cok_ck_request(&ck, COK_RES_MEM, 4096, 1, 0), 1);
	assert_int_equal(cok_ck_request(&ck, COK_RES_CPU, 1, 1, 0), 2);
	assert_string_equal(answers(), "RR");
	answer(2, COK_ANSWER_QUEUED, 10);
	answer(2, COK_ANSWER_QUEUED, 20);
	cok_ck_poll(&ck, REPEAT); /* only the one that was not answered */
	assert_string_equal(answers(), "RRR");
	assert_int_equal(fake.sent[2].txid, 1);
	answer(1, COK_ANSWER_DENIED, REPEAT);
	answer(1, COK_ANSWER_DENIED, REPEAT);
	cok_ck_poll(&ck, 8 * REPEAT + 10); /* seldom, while it is queued */
	assert_string_equal(answers(), "RRRR");
	assert_true(cok_ck_cancel(&ck, 2, 1000));
	cok_ck_poll(&ck, 1000 + REPEAT);
	assert_string_equal(answers(), "RRRRCC");
	answer(2, COK_ANSWER_GRANTED, 1200);
	assert_false(cok_ck_cancel(&ck, 2, 1300));
	assert_string_equal(fake.calls, "132");
	assert_int_equal(cok_ck_next(&ck, 1300), COK_NEVER);
}

static void test_requests_fill_the_table(void **state)
{
	(void)state;
	for (int i = 0; i < COK_CK_ASKS; i++)
		assert_int_equal(cok_ck_request(&ck, COK_RES_CPU, 1, 0, 0),
				 i + 1);
	assert_int_equal(cok_ck_request(&ck, COK_RES_CPU, 1, 0, 0), 0);
	answer(3, COK_ANSWER_CANCELLED, 0);
	assert_int_equal(cok_ck_request(&ck, COK_RES_CPU, 1, 0, 0),
			 COK_CK_ASKS + 1);
}

static void test_release(void **state)
{
	struct cok_res r[2] = {
		{ .kind = COK_RES_CPU, .start = 4, .size = 2 },
		{ .kind = COK_RES_MEM,
		  .granule = 20,
		  .start = 4 * MIB,
		  .size = 4 * MIB },
	};

	(void)state;
	fake.give = 'h';
	fake.step = COK_CK_WAIT;
	assert_int_equal(cok_ck_release(&ck, r, 2, 0), 1);
	assert_int_equal(cok_ck_release(&ck, r, 2, 0), 0); /* one at a time */
	fake.step = COK_CK_DONE;
	cok_ck_poll(&ck, 10);
	assert_string_equal(answers(), "r"); /* just the part that is free */
	assert_int_equal(fake.sent[0].total, 1);
	assert_int_equal(fake.sent[0].size, 2 * MIB);
	cok_ck_poll(&ck, 10 + REPEAT);
	assert_string_equal(answers(), "rr");
	answer(1, COK_ANSWER_DENIED, 200);
	assert_string_equal(fake.calls, "wwu");
	assert_int_equal(cok_ck_release(&ck, r, 2, 0), 2);
	answer(2, COK_ANSWER_DONE, 200);
	assert_string_equal(fake.calls, "wwuwc");
	assert_int_equal(ck.count.released, 1);
}

static void test_release_of_nothing(void **state)
{
	struct cok_res r = { .kind = COK_RES_CPU, .start = 4, .size = 2 };

	(void)state;
	fake.step = COK_CK_REFUSE;
	assert_int_equal(cok_ck_release(&ck, &r, 1, 0), 1);
	assert_string_equal(fake.calls, "wu");
	assert_int_equal(fake.nsent, 0);
	assert_int_equal(cok_ck_release(&ck, &r, 0, 0), 0);
	r.size = COK_MAX_CORES;
	assert_int_equal(cok_ck_release(&ck, &r, 1, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_talks, setup),
		cmocka_unit_test_setup(test_answer_repeats_the_resources,
				       setup),
		cmocka_unit_test_setup(test_parts, setup),
		cmocka_unit_test_setup(test_amounts, setup),
		cmocka_unit_test_setup(test_draining_takes_time, setup),
		cmocka_unit_test_setup(test_deadlines, setup),
		cmocka_unit_test_setup(test_no_room_for_the_answer, setup),
		cmocka_unit_test_setup(test_too_many_at_once, setup),
		cmocka_unit_test_setup(test_bad_resources, setup),
		cmocka_unit_test_setup(test_named_twice, setup),
		cmocka_unit_test_setup(test_other_epochs, setup),
		cmocka_unit_test_setup(test_requests, setup),
		cmocka_unit_test_setup(test_requests_fill_the_table, setup),
		cmocka_unit_test_setup(test_release, setup),
		cmocka_unit_test_setup(test_release_of_nothing, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
