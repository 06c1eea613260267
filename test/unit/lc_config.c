// sources: libcoord/config.c libcoord/size.c libcoord/cpulist.c libcoord/err.c libcoord/sysfs.c libcoord/step.c
// SPDX-License-Identifier: GPL-2.0
/* Configurations: what is taken, and how each mistake is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "internal.h"

static int parse(const char *json, struct coord_config *cfg,
		 struct coord_err *err)
{
	/* Exactly as many bytes, so that ASan sees a read too far. */
	size_t len = strlen(json);
	char *copy = malloc(len ? len : 1);
	int ret;

	memcpy(copy, json, len);
	coord_config_init(cfg);
	ret = coord_config_parse(cfg, copy, len, err);
	free(copy);
	return ret;
}

static void everything(void **state)
{
	struct coord_config cfg;
	struct coord_err err;

	(void)state;
	assert_int_equal(
		parse("{ \"name\": \"web-1.a_B\", \"mode\": \"native\","
		      "\"cpus\": 3, \"memory\": \"1G\", \"mem_from\": \"contig\","
		      "\"image\": \"/x/y\", \"cmdline\": \"a b=c\","
		      "\"owner\": 1000, \"timeout\": 5 }\n",
		      &cfg, &err),
		0);
	assert_string_equal(cfg.name, "web-1.a_B");
	assert_int_equal(cfg.cpus, 3);
	assert_int_equal(cfg.memory, 1ULL << 30);
	assert_int_equal(cfg.mem_from, COORD_MEM_CONTIG);
	assert_string_equal(cfg.image, "/x/y");
	assert_string_equal(cfg.cmdline, "a b=c");
	assert_int_equal(cfg.uid, 1000);
	assert_int_equal(cfg.timeout, 5000);
	assert_int_equal(parse("{\"cpu_list\":\"2-3,7\",\"owner\":\"root\","
			       "\"cmdline\":\"\"}",
			       &cfg, &err),
			 0);
	assert_string_equal(cfg.cpu_list, "2-3,7");
	assert_int_equal(cfg.uid, 0);
	assert_int_equal(parse("{}", &cfg, &err), 0);
	assert_string_equal(cfg.mode, "native");
}

static const struct {
	const char *json, *told;
} mistakes[] = {
	{ "", "not JSON at line 1, column 1" },
	{ "{", "not JSON" },
	{ "{} {}", "not JSON at line 1, column 4" },
	{ "{\n\"name\": nope }", "not JSON at line 2" },
	{ "[]", "$: a configuration is an object" },
	{ "null", "$: a configuration is an object" },
	{ "{\"memory\":\"12Q\"}",
	  "$.memory: \"12Q\" is not a size; use e.g. \"128M\" or \"1G\"" },
	{ "{\"memory\":128}",
	  "$.memory: 128 is not a string such as \"128M\"" },
	{ "{\"memory\":\"0\"}", "$.memory: a size of zero" },
	{ "{\"mem_from\":\"cma\"}",
	  "$.mem_from: \"cma\" is not where memory can be from; use auto, blocks or contig" },
	{ "{\"mem_from\":1}",
	  "$.mem_from: 1 is not \"auto\", \"blocks\" or \"contig\"" },
	{ "{\"cpu\":1}",
	  "$.cpu: there is no such setting; use name, mode, cpus" },
	{ "{\"Name\":\"a\"}", "$.Name: there is no such setting" },
	{ "{\"name\":\"a\",\"name\":\"a\"}", "$.name: given twice" },
	{ "{\"name\":1}", "$.name: 1 is not a string" },
	{ "{\"name\":[\"a\"]}", "$.name: [\"a\"] is not a string" },
	{ "{\"name\":{\"a\":{}}}", "$.name: {\"a\":{}} is not a string" },
	{ "{\"name\":\"\"}", "$.name: \"\" is not a name" },
	{ "{\"name\":\".a\"}", "$.name: \".a\" is not a name" },
	{ "{\"name\":\"-a\"}", "is not a name" },
	{ "{\"name\":\"a/b\"}", "is not a name" },
	{ "{\"name\":\"a b\"}", "is not a name" },
	{ "{\"name\":\"\xc3\xa9\"}", "is not a name" },
	{ "{\"name\":\"a\\u0000b\"}", "no NUL" },
	{ "{\"name\":\"0123456789012345678901234567890X\"}", "is not a name" },
	{ "{\"mode\":\"vm\"}",
	  "$.mode: mode 'vm' does not exist yet; use native" },
	{ "{\"mode\":\"guarded\"}", "mode 'guarded' does not exist yet" },
	{ "{\"mode\":\"fast\"}", "is not a mode; use native" },
	{ "{\"cpus\":0}",
	  "$.cpus: \"0\" is not a number of CPUs; use 1 to 64" },
	{ "{\"cpus\":65}", "use 1 to 64" },
	{ "{\"cpus\":-1}", "$.cpus: -1 is not a whole number" },
	{ "{\"cpus\":1.5}", "$.cpus: 1.5 is not a whole number" },
	{ "{\"cpus\":1e300}", "is not a whole number" },
	{ "{\"cpus\":\"2\"}", "is not a whole number" },
	{ "{\"cpus\":true}", "$.cpus: true is not" },
	{ "{\"cpu_list\":\"3-1\"}",
	  "$.cpu_list: \"3-1\" is not a list of CPUs" },
	{ "{\"cpu_list\":\"1-65\"}", "65 CPUs are too many" },
	{ "{\"cpus\":1,\"cpu_list\":\"1\"}", "$.cpus and $.cpu_list exclude" },
	{ "{\"owner\":\"no-such-user\"}",
	  "$.owner: \"no-such-user\" is not a user" },
	{ "{\"owner\":4294967295}", "is not a user" },
	{ "{\"timeout\":0}", "$.timeout: \"0\" is not a time; use 1 to 600" },
	{ "{\"timeout\":601}", "use 1 to 600" },
	{ "{\"image\":\"\"}", "$.image: \"\" is not the path" },
};

static void each_mistake(void **state)
{
	struct coord_config cfg;
	struct coord_err err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(mistakes) / sizeof(*mistakes); i++) {
		assert_int_equal(parse(mistakes[i].json, &cfg, &err), -1);
		assert_int_equal(err.code, COORD_E_INVALID);
		if (!strstr(err.text, mistakes[i].told))
			fail_msg("%s: %s", mistakes[i].json, err.text);
	}
}

static void bounds(void **state)
{
	struct coord_config cfg;
	struct coord_err err;
	char *big = malloc(70000);
	size_t i;

	(void)state;
	/* Too large. */
	memset(big, ' ', 70000);
	big[69999] = '\0';
	assert_int_equal(parse(big, &cfg, &err), -1);
	assert_non_null(strstr(err.text, "at most 65536 bytes"));
	/* Too deep: refused by the parser, without a deep stack. */
	for (i = 0; i < 60000; i++)
		big[i] = '[';
	big[i] = '\0';
	assert_int_equal(parse(big, &cfg, &err), -1);
	/* A value too long for its field. */
	snprintf(big, 70000, "{\"cmdline\":\"%01023d\"}", 0);
	assert_int_equal(parse(big, &cfg, &err), 0);
	snprintf(big, 70000, "{\"cmdline\":\"%01024d\"}", 0);
	assert_int_equal(parse(big, &cfg, &err), -1);
	snprintf(big, 70000, "{\"image\":\"%05000d\"}", 0);
	assert_int_equal(parse(big, &cfg, &err), -1);
	free(big);
}

static void nothing_half_done(void **state)
{
	struct coord_config cfg;
	struct coord_err err;

	(void)state;
	assert_int_equal(parse("{\"name\":\"a\",\"cpus\":99}", &cfg, &err), -1);
	assert_string_equal(cfg.name, "");
}

static void words_override(void **state)
{
	struct coord_config cfg;
	struct coord_err err;

	(void)state;
	assert_int_equal(parse("{\"cpu_list\":\"1-2\"}", &cfg, &err), 0);
	assert_int_equal(coord_config_set(&cfg, "cpus", "3", "--cpus", &err),
			 0);
	assert_int_equal(cfg.cpus, 3);
	assert_string_equal(cfg.cpu_list, "");
	assert_int_equal(coord_config_set(&cfg, "memory", "x", "--mem", &err),
			 -1);
	assert_string_equal(
		err.text,
		"--mem: \"x\" is not a size; use e.g. \"128M\" or \"1G\"");
	assert_int_equal(coord_config_set(&cfg, "nope", "x", "--nope", &err),
			 -1);
}

static void unreadable(void **state)
{
	struct coord_config cfg;
	struct coord_err err;

	(void)state;
	coord_config_init(&cfg);
	assert_int_equal(coord_config_read(&cfg, "/nonexistent", &err), -1);
	assert_int_equal(err.err, ENOENT);
	assert_int_equal(coord_config_read(&cfg, "/", &err), -1);
	assert_int_equal(err.err, EISDIR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything),
		cmocka_unit_test(each_mistake),
		cmocka_unit_test(bounds),
		cmocka_unit_test(nothing_half_done),
		cmocka_unit_test(words_override),
		cmocka_unit_test(unreadable),
	};

	return cmocka_run_group_tests_name("lc_config", tests, NULL, NULL);
}
