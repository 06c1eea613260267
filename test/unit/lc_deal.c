// sources: libcoord/deal.c libcoord/requests.c libcoord/names.c libcoord/size.c libcoord/cpulist.c libcoord/err.c libcoord/sysfs.c libcoord/step.c
// SPDX-License-Identifier: GPL-2.0
/* What is said of a deal, and the requests: their names, what is made of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "internal.h"

#define M (1ULL << 20)

static struct coord_result cpu(uint32_t nr, uint64_t agreed, uint32_t why)
{
	return (struct coord_result){ .lease = 10 + nr,
				      .kind = COK_RES_CPU,
				      .cpu = nr,
				      .asked = 1,
				      .agreed = agreed,
				      .why = why };
}

static struct coord_result mem(uint64_t start, uint64_t asked, uint64_t agreed,
			       uint32_t why)
{
	return (struct coord_result){ .lease = 1,
				      .kind = COK_RES_MEM,
				      .start = start,
				      .asked = asked,
				      .agreed = agreed,
				      .why = why };
}

static void amounts(void **state)
{
	static const struct {
		struct coord_amount a;
		const char *text;
	} cases[] = {
		{ { 0, 0 }, "nothing" },
		{ { 1, 0 }, "1 CPU" },
		{ { 2, 0 }, "2 CPUs" },
		{ { 0, 2 * M }, "2M" },
		{ { 1, 128 * M }, "1 CPU and 128M" },
		{ { 64, 3 << 10 }, "64 CPUs and 3K" },
	};
	char buf[48];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_string_equal(coord_amount_text(&cases[i].a, buf,
						      sizeof(buf)),
				    cases[i].text);
}

static void begin(struct coord_deal *d, const char *list, uint64_t memory)
{
	struct coord_change ch = { .cpu_list = list, .memory = memory };
	struct coord_err err;

	assert_int_equal(lc_deal_begin(d, &ch, &err), 0);
}

/* Sums over several transactions, of which one was not committed. */
static void sums(void **state)
{
	struct lc_results a = { 2, { cpu(2, 1, 0), mem(0, 8 * M, 6 * M, 3) } };
	struct lc_results b = { 1, { cpu(3, 1, 0) } };
	struct lc_results none = { 0 };
	struct coord_err err;
	struct coord_deal d;

	(void)state;
	begin(&d, "2-3", 8 * M);
	assert_int_equal(d.asked.cpus, 2);
	assert_int_equal(lc_deal_add(&d, &a, true, &err), 0);
	assert_int_equal(lc_deal_add(&d, &b, false, &err), 0);
	assert_int_equal(lc_deal_add(&d, &none, true, &err), 0);
	assert_int_equal(d.nr_results, 3);
	assert_int_equal(d.offered.cpus, 2);
	assert_int_equal(d.offered.memory, 8 * M);
	assert_int_equal(d.agreed.cpus, 2);
	assert_int_equal(d.agreed.memory, 6 * M);
	assert_int_equal(d.moved.cpus, 1);
	assert_int_equal(d.moved.memory, 6 * M);
	assert_true(d.results[1].moved);
	assert_false(d.results[2].moved);
	lc_deal_undone(&d);
	assert_int_equal(d.moved.memory, 0);
	assert_false(d.results[1].moved);
	coord_deal_free(&d);
	assert_null(d.results);
}

static void a_list_that_is_none(void **state)
{
	const struct coord_change ch = { .cpu_list = "2-" };
	struct coord_err err;
	struct coord_deal d;

	(void)state;
	assert_int_equal(lc_deal_begin(&d, &ch, &err), -1);
	assert_int_equal(err.code, COORD_E_INVALID);
	coord_deal_free(&d);
}

/* ---- what is said in the end --------------------------------------------------- */

static void all_of_it(void **state)
{
	struct lc_results a = { 1, { mem(0, 2 * M, 2 * M, 0) } };
	struct coord_err err;
	struct coord_deal d;

	(void)state;
	begin(&d, NULL, 2 * M);
	lc_deal_add(&d, &a, true, &err);
	assert_int_equal(lc_deal_end(&d, "a", false, &err), 0);
	coord_deal_free(&d);
}

static void part_of_it(void **state)
{
	struct lc_results a = { 3,
				{ cpu(2, 0, COK_WHY_IN_USE),
				  mem(0x8000000, 128 * M, 128 * M, 0),
				  mem(0x10000000, 128 * M, 0,
				      COK_WHY_WANTED) } };
	struct coord_err err;
	struct coord_deal d;

	(void)state;
	begin(&d, "2", 128 * M);
	lc_deal_add(&d, &a, true, &err);
	assert_int_equal(lc_deal_end(&d, "a", false, &err), -1);
	assert_int_equal(err.code, COORD_E_PARTIAL);
	assert_int_equal(err.why, COK_WHY_IN_USE);
	assert_string_equal(
		err.text,
		"only 128M of 1 CPU and 128M; cpu 2: in use, it cannot be drained now");
	coord_deal_free(&d);
}

static void none_of_it(void **state)
{
	struct lc_results a = { 1, { cpu(2, 0, COK_WHY_REFUSED) } };
	struct coord_err err;
	struct coord_deal d;

	(void)state;
	begin(&d, "2", 0);
	lc_deal_add(&d, &a, true, &err);
	assert_int_equal(lc_deal_end(&d, "a", false, &err), -1);
	assert_int_equal(err.code, COORD_E_DECLINED);
	assert_int_equal(err.why, COK_WHY_REFUSED);
	coord_deal_free(&d);
}

/* A failure keeps its code; only what was agreed to is added. */
static void after_a_failure(void **state)
{
	struct lc_results a = { 2, { cpu(2, 1, 0), cpu(3, 0, 2) } };
	struct coord_err err;
	struct coord_deal d;

	(void)state;
	begin(&d, "2-3", 0);
	lc_err(&err, COORD_E_TIMEOUT, ETIMEDOUT, "late");
	assert_int_equal(lc_deal_end(&d, "a", true, &err), -1);
	assert_string_equal(err.text, "late");
	lc_deal_add(&d, &a, false, &err);
	assert_int_equal(lc_deal_end(&d, "a", true, &err), -1);
	assert_int_equal(err.code, COORD_E_TIMEOUT);
	assert_string_equal(
		err.text,
		"late; it agreed to 1 CPU of 2 CPUs; cpu 3: its tables are full");
	coord_deal_free(&d);
}

static void many_refusals(void **state)
{
	struct lc_results a = { 5,
				{ cpu(2, 0, 3), cpu(3, 0, 3), cpu(4, 0, 3),
				  cpu(5, 0, 3), cpu(6, 1, 0) } };
	struct coord_err err;
	struct coord_deal d;

	(void)state;
	begin(&d, "2-6", 0);
	lc_deal_add(&d, &a, true, &err);
	assert_int_equal(lc_deal_end(&d, "a", false, &err), -1);
	assert_non_null(strstr(err.text, "; and 1 more"));
	assert_null(strstr(err.text, "cpu 5"));
	coord_deal_free(&d);
}

/* ---- names of numbers ------------------------------------------------------------ */

static void every_reason_has_words(void **state)
{
	uint32_t i;

	(void)state;
	for (i = 0; i <= COK_WHY_CANCELLED; i++)
		assert_string_not_equal(coord_why_text(i), "?");
	assert_string_equal(coord_why_text(COK_WHY_CANCELLED + 1), "?");
	for (i = 0; i < COK_TS_COUNT; i++)
		assert_string_not_equal(coord_step_name(i), "?");
	assert_string_equal(coord_step_name(COK_TS_COUNT), "?");
	assert_string_equal(coord_answer_name(COK_ANSWER_DENIED), "denied");
	assert_string_equal(coord_answer_name(COK_ANSWER_DONE + 1), "?");
	assert_string_equal(coord_urgency_name(COK_URGENCY_HIGH), "high");
	assert_string_equal(coord_urgency_name(COK_URGENCY_HIGH + 1), "?");
}

/* ---- requests ----------------------------------------------------------------------- */

static void request_names(void **state)
{
	static const struct {
		const char *text, *name; /* NULL: refused */
		uint64_t number;
	} cases[] = {
		{ "a:1", "a", 1 },
		{ "my.web-2:18446744073709551615", "my.web-2", UINT64_MAX },
		{ "a:b:7", "a:b", 7 }, /* no name; the module will say so */
		{ "a", NULL, 0 },
		{ "a:", NULL, 0 },
		{ ":1", NULL, 0 },
		{ "a:0", NULL, 0 },
		{ "a:1x", NULL, 0 },
		{ "a:-1", NULL, 0 },
		{ "a: 1", NULL, 0 },
		{ "a:+1", NULL, 0 },
		{ "a:18446744073709551616", NULL, 0 },
		{ "a234567890123456789012345678901:1",
		  "a234567890123456789012345678901", 1 },
		{ "a2345678901234567890123456789012:1", NULL, 0 },
		{ "", NULL, 0 },
	};
	char name[COK_NAME_MAX];
	struct coord_err err;
	uint64_t number;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int ret =
			coord_request_parse(cases[i].text, name, &number, &err);

		if (!cases[i].name) {
			assert_int_equal(ret, -1);
			assert_int_equal(err.code, COORD_E_INVALID);
			continue;
		}
		assert_int_equal(ret, 0);
		assert_string_equal(name, cases[i].name);
		assert_true(number == cases[i].number);
	}
}

/* A module with two requests; what the grow is that a grant makes of one. */

static struct coord_change grown;
static uint64_t grown_for;

int lc_grow(struct coord *c, const struct coord_change *ch, uint64_t request,
	    struct coord_deal *deal, struct coord_err *err)
{
	(void)c;
	(void)deal;
	(void)err;
	grown = *ch;
	grown_for = request;
	return 0;
}

static uint64_t memory_asked;

ssize_t coord_requests(struct coord *c, const char *name,
		       struct coord_request **out, struct coord_err *err)
{
	struct coord_request *r = calloc(2, sizeof(*r));

	(void)c;
	(void)err;
	assert_string_equal(name, "a");
	assert_non_null(r);
	r[0] = (struct coord_request){ .number = 4,
				       .kind = COK_RES_CPU,
				       .amount = { 3, 0 } };
	r[1] = (struct coord_request){ .number = 9,
				       .kind = COK_RES_MEM,
				       .amount = { 0, memory_asked } };
	*out = r;
	return 2;
}

int lc_enclave_id(struct coord *c, const char *name, uint32_t *id,
		  struct coord_err *err)
{
	(void)c;
	(void)name;
	*id = 1;
	return lc_err(err, COORD_E_NOENCLAVE, ENOENT, "none");
}

void lc_req_init(struct coord *c, struct lc_req *r, uint8_t cmd, int flags,
		 const char *what)
{
	(void)c, (void)r, (void)cmd, (void)flags, (void)what;
}

void lc_put_enclave(struct lc_req *r, uint32_t id)
{
	(void)r, (void)id;
}

void lc_put_u64(struct lc_req *r, int attr, uint64_t v)
{
	(void)r, (void)attr, (void)v;
}

int lc_call(struct coord *c, struct lc_req *r, lc_handler handler, void *arg,
	    struct coord_err *err)
{
	(void)c, (void)r, (void)handler, (void)arg, (void)err;
	return 0;
}

static void grants(void **state)
{
	static const struct {
		enum coord_mem_from from;
		uint64_t asked, want;
	} sizes[] = {
		{ COORD_MEM_AUTO, 1, 2 * M },
		{ COORD_MEM_AUTO, 2 * M, 2 * M },
		{ COORD_MEM_CONTIG, 2 * M + 1, 4 * M },
		{ COORD_MEM_BLOCKS, 1, 128 * M },
		{ COORD_MEM_BLOCKS, 129 * M, 256 * M },
		{ COORD_MEM_AUTO, UINT64_MAX, UINT64_MAX / (2 * M) * (2 * M) },
	};
	struct coord c = { .info = { .block_size = 128 * M } };
	struct coord_change ch = { .name = "a",
				   .cpus = 7,
				   .memory = 7,
				   .cpu_list = "7",
				   .timeout = 5 };
	struct coord_err err;
	size_t i;

	(void)state;
	assert_int_equal(coord_grant(&c, &ch, 4, NULL, &err), 0);
	assert_int_equal(grown_for, 4);
	assert_int_equal(grown.cpus, 3);
	assert_null(grown.cpu_list);
	assert_int_equal(grown.memory, 0);
	assert_int_equal(grown.timeout, 5);
	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		memory_asked = sizes[i].asked;
		ch.mem_from = sizes[i].from;
		assert_int_equal(coord_grant(&c, &ch, 9, NULL, &err), 0);
		assert_int_equal(grown.cpus, 0);
		assert_true(grown.memory == sizes[i].want);
	}
	assert_int_equal(coord_grant(&c, &ch, 5, NULL, &err), -1);
	assert_int_equal(err.err, ENOENT);
	assert_non_null(strstr(err.text, "no request 5"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(amounts),
		cmocka_unit_test(sums),
		cmocka_unit_test(a_list_that_is_none),
		cmocka_unit_test(all_of_it),
		cmocka_unit_test(part_of_it),
		cmocka_unit_test(none_of_it),
		cmocka_unit_test(after_a_failure),
		cmocka_unit_test(many_refusals),
		cmocka_unit_test(every_reason_has_words),
		cmocka_unit_test(request_names),
		cmocka_unit_test(grants),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
