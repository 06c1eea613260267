// sources: libcoord/topo.c libcoord/where.c libcoord/pick.c libcoord/pages.c libcoord/pick_contig.c libcoord/blocks.c libcoord/size.c libcoord/cpulist.c libcoord/err.c libcoord/sysfs.c libcoord/step.c
// SPDX-License-Identifier: GPL-2.0
/*
 * Cores and nodes, over a fake sysfs: 8 CPUs, two threads a core, two nodes
 * with 4 CPUs and 4 blocks each.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "internal.h"

#define BLOCK  (128ULL << 20)
#define CPU    "sys/devices/system/cpu/"
#define MEMORY "sys/devices/system/memory/"
#define NODE   "sys/devices/system/node/"

static char root[64];

static void put(const char *text, const char *fmt, ...)
{
	char path[512], *p;
	va_list ap;
	FILE *f;
	int n = snprintf(path, sizeof(path), "%s/", root);

	va_start(ap, fmt);
	vsnprintf(path + n, sizeof(path) - (size_t)n, fmt, ap);
	va_end(ap);
	for (p = path + strlen(root) + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		mkdir(path, 0755);
		*p = '/';
	}
	f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f, "%s\n", text);
	fclose(f);
}

/* As Linux shows it: only what is online has siblings and an APIC id. */
static void put_cpus(const char *online)
{
	char text[1024] = "", list[32], command[128];
	struct coord_err err;
	struct lc_cpus set;
	uint32_t i, twin;

	assert_int_equal(lc_cpulist_parse(online, &set, &err), 0);
	put(online, CPU "online");
	for (i = 0; i < 8; i++) {
		twin = i ^ 1;
		snprintf(command, sizeof(command),
			 "rm -rf %s/" CPU "cpu%u/topology", root, i);
		assert_int_equal(system(command), 0);
		if (!lc_cpus_has(&set, i))
			continue;
		if (lc_cpus_has(&set, twin))
			snprintf(list, sizeof(list), "%u-%u", i & ~1U, i | 1);
		else
			snprintf(list, sizeof(list), "%u", i);
		put(list, CPU "cpu%u/topology/thread_siblings_list", i);
		/* APIC ids with a gap, as firmware likes them. */
		lc_append(text, sizeof(text),
			  "processor\t: %u\napicid\t\t: %u\n\n", i,
			  (i / 2) * 4 + i % 2);
	}
	put(text, "proc/cpuinfo");
}

static int make_tree(void **state)
{
	uint32_t i;

	(void)state;
	snprintf(root, sizeof(root), "/tmp/lc_topo.XXXXXX");
	assert_non_null(mkdtemp(root));
	put("0-7", CPU "present");
	put("0-1", "sys/devices/system/node/online");
	for (i = 0; i < 8; i++) {
		put("", CPU "cpu%u/node%u/there", i, i / 4);
		put("online", MEMORY "memory%u/state", i);
		put(i == 0 ? "none" : "Normal", MEMORY "memory%u/valid_zones",
		    i);
		put("", MEMORY "memory%u/node%u/there", i, i / 4);
		put("", NODE "node%u/memory%u/there", i / 4, i);
	}
	put("8000000", MEMORY "block_size_bytes");
	put_cpus("0-7");
	return 0;
}

static int drop_tree(void **state)
{
	char command[96];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", root);
	return system(command);
}

static struct coord_lease cpu_of(uint32_t cpu, uint32_t enclave)
{
	return (struct coord_lease){ .kind = COK_RES_CPU,
				     .cpu = cpu,
				     .apic_id = (cpu / 2) * 4 + cpu % 2,
				     .enclave = enclave };
}

static struct coord_lease block_of(uint32_t nr, uint32_t enclave)
{
	return (struct coord_lease){ .kind = COK_RES_MEM,
				     .start = nr * BLOCK,
				     .size = BLOCK,
				     .enclave = enclave };
}

static void picks(struct lc_ledger ledger, struct lc_where where, uint32_t want,
		  const char *expected)
{
	uint32_t order[LC_MAX_CPUS], n, i;
	struct coord_err err;
	char text[128] = "";

	assert_int_equal(
		lc_pick_cpus(root, &ledger, &where, want, order, &n, &err), 0);
	for (i = 0; i < n; i++)
		lc_append(text, sizeof(text), "%s%u", i ? "," : "", order[i]);
	if (strncmp(text, expected, strlen(expected)))
		fail_msg("%s, not %s", text, expected);
}

static void warns(struct lc_ledger ledger, uint32_t enclave, const char *list,
		  const char *expected)
{
	struct coord_err err;
	struct lc_cpus set;
	char text[320];

	assert_int_equal(lc_cpulist_parse(list, &set, &err), 0);
	lc_sibling_warning(root, &ledger, enclave, &set, text, sizeof(text));
	if (expected ? !strstr(text, expected) : text[0])
		fail_msg("%s: \"%s\", not \"%s\"", list, text,
			 expected ? expected : "");
}

static const struct lc_ledger empty;
static const struct lc_where anywhere = { LC_NODE_ANY, 0 };

static void siblings_of_leased(void **state)
{
	struct coord_lease l[] = { cpu_of(6, 1), cpu_of(5, 2), cpu_of(4, 2) };
	struct lc_ledger ledger = { l, 3 };
	struct coord_err err;
	struct lc_topo *t;
	struct lc_cpus set;
	char text[32];

	(void)state;
	put_cpus("0-3,7");
	assert_int_equal(lc_topo_read(root, &ledger, &t, &err), 0);
	/* One leased, its sibling online; both leased; none. */
	lc_topo_siblings(t, 6, &set);
	lc_cpulist_format(&set, text, sizeof(text));
	assert_string_equal(text, "6-7");
	lc_topo_siblings(t, 4, &set);
	lc_cpulist_format(&set, text, sizeof(text));
	assert_string_equal(text, "4-5");
	lc_topo_siblings(t, 2, &set);
	lc_cpulist_format(&set, text, sizeof(text));
	assert_string_equal(text, "2-3");
	free(t);
	put_cpus("0-7");
}

static void whole_cores_first(void **state)
{
	(void)state;
	picks(empty, anywhere, 2, "7,6");
	picks(empty, anywhere, 3, "7,6,5");
	picks(empty, anywhere, 1, "7");
	/* CPU 0's core is never whole, and split last. */
	picks(empty, anywhere, 7, "7,6,5,4,3,2,1");
	picks(empty, (struct lc_where){ 0, 0 }, 2, "3,2");
	picks(empty, (struct lc_where){ 0, 0 }, 3, "3,2,1");
}

static void cores_of_others(void **state)
{
	struct coord_lease l = cpu_of(7, 1);
	struct lc_ledger one = { &l, 1 };

	(void)state;
	put_cpus("0-6");
	/* Its own core's other half is best for the enclave, and worst for
	 * another.
	 */
	picks(one, (struct lc_where){ LC_NODE_ANY, 1 }, 1, "6");
	picks(one, (struct lc_where){ LC_NODE_ANY, 1 }, 3, "6,5,4");
	picks(one, (struct lc_where){ LC_NODE_ANY, 2 }, 1, "5,4,3,2,1,6");
	picks(one, anywhere, 2, "5,4");
	picks(one, anywhere, 5, "5,4,3,2,1");
	picks(one, anywhere, 6, "5,4,3,2,1,6");
	warns(one, 0, "6", "CPU 6 shares its core with CPU 7, which another");
	warns(one, 2, "6", "CPU 6 shares its core with CPU 7, which another");
	warns(one, 1, "6", NULL);
	put_cpus("0-7");
}

static void split_core(void **state)
{
	(void)state;
	warns(empty, 0, "7", "CPU 7 shares its core with CPU 6, which stays");
	warns(empty, 0, "7", "a multiple of 2 CPUs");
	warns(empty, 0, "6-7", NULL);
	warns(empty, 0, "1", "CPU 1 shares its core with CPU 0");
	/* Its sibling is offline by somebody else's doing. */
	put_cpus("0-6");
	warns(empty, 0, "6", NULL);
	put_cpus("0-7");
}

static void too_many_on_node(void **state)
{
	const struct lc_where where = { 1, 0 };
	uint32_t order[LC_MAX_CPUS], n;
	struct coord_err err;
	struct lc_cpus set;

	(void)state;
	assert_int_equal(lc_pick_cpus(root, &empty, &where, 5, order, &n, &err),
			 -1);
	assert_non_null(strstr(err.text, "only 4 can be taken"));
	assert_non_null(strstr(err.text, "--numa any"));
	assert_int_equal(
		lc_pick_listed(root, &empty, &where, "3-4", &set, &err), -1);
	assert_non_null(strstr(err.text, "CPU 3 is not on node 1"));
	assert_int_equal(
		lc_pick_listed(root, &empty, &where, "4-5", &set, &err), 0);
}

static void blocks_of_node(void **state)
{
	char command[128];
	struct coord_err err;
	struct lc_block *b;
	size_t n;

	(void)state;
	assert_int_equal(lc_pick_blocks(root, &empty, BLOCK, 0, &b, &n, &err),
			 0);
	assert_int_equal(n, 3);
	assert_int_equal(b[0].nr, 3);
	assert_int_equal(b[0].node, 0);
	free(b);
	assert_int_equal(lc_pick_blocks(root, &empty, BLOCK, LC_NODE_ANY, &b,
					&n, &err),
			 0);
	assert_int_equal(n, 7);
	free(b);
	/* One that is on both is on neither. */
	put("", NODE "node1/memory2/there");
	assert_int_equal(lc_pick_blocks(root, &empty, BLOCK, 0, &b, &n, &err),
			 0);
	assert_int_equal(n, 2);
	free(b);
	assert_int_equal(lc_pick_blocks(root, &empty, BLOCK, 1, &b, &n, &err),
			 0);
	assert_int_equal(n, 4);
	free(b);
	snprintf(command, sizeof(command), "rm -r %s/" NODE "node1/memory2",
		 root);
	assert_int_equal(system(command), 0);
}

/* -2: refused with these words. */
static void chooses(struct lc_ledger ledger, const char *asked,
		    struct lc_want want, int expected, const char *words)
{
	struct coord_err err = { 0 };
	int node = -3, ret = lc_choose_node(root, BLOCK, &ledger, asked, &want,
					    &node, &err);

	if (expected != -2) {
		assert_int_equal(ret, 0);
		assert_int_equal(node, expected);
		return;
	}
	assert_int_equal(ret, -1);
	if (!strstr(err.text, words))
		fail_msg("%s", err.text);
}

static void one_node(void **state)
{
	struct coord_lease some[] = { cpu_of(7, 1), block_of(7, 1),
				      cpu_of(3, 2), block_of(6, 2) };
	struct lc_ledger ledger = { some, 4 };
	struct lc_want two = { .mem_from = COORD_MEM_BLOCKS,
			       .cpus = 2,
			       .memory = BLOCK };
	struct lc_want four = { .mem_from = COORD_MEM_BLOCKS,
				.cpus = 4,
				.memory = BLOCK };
	struct lc_want five = { .mem_from = COORD_MEM_BLOCKS,
				.cpus = 5,
				.memory = BLOCK };
	struct lc_want much = { .mem_from = COORD_MEM_BLOCKS,
				.cpus = 1,
				.memory = 4 * BLOCK };
	struct lc_want more = { .mem_from = COORD_MEM_BLOCKS,
				.cpus = 1,
				.memory = 5 * BLOCK };
	struct lc_want list = { .mem_from = COORD_MEM_BLOCKS,
				.cpu_list = "2-3",
				.memory = BLOCK };
	struct lc_want both = { .mem_from = COORD_MEM_BLOCKS,
				.cpu_list = "3-4",
				.memory = BLOCK };
	struct lc_want first = { .cpus = 1, .enclave = 1 };
	struct lc_want split = { .cpus = 1, .enclave = 2 };

	(void)state;
	/* The highest that has it all. */
	chooses(empty, NULL, two, 1, NULL);
	chooses(empty, "", four, 1, NULL);
	chooses(empty, NULL, much, 1, NULL);
	chooses(empty, NULL, five, -2,
		"no NUMA node alone has 5 CPUs and 128M");
	chooses(empty, NULL, five, -2, "node 0: 3 CPUs and 384M");
	chooses(empty, NULL, more, -2, "--numa any takes from several");
	/* Contiguous memory may come from blocks that can't go as a whole. */
	much.mem_from = COORD_MEM_AUTO;
	chooses(empty, NULL, much, 1, NULL);
	/* Node 1 has no more than three CPUs and two blocks left. */
	put_cpus("0-2,4-6");
	chooses(ledger, NULL, two, 1, NULL);
	chooses(ledger, NULL, four, -2, "node 1: 3 CPUs and 256M");
	/* Where the enclave is; it may be on several. */
	chooses(ledger, NULL, first, 1, NULL);
	chooses(ledger, NULL, split, LC_NODE_ANY, NULL);
	put_cpus("0-7");
	/* What was listed decides. */
	chooses(empty, NULL, list, 0, NULL);
	chooses(empty, NULL, both, LC_NODE_ANY, NULL);
}

static void told_node(void **state)
{
	struct lc_want two = { .mem_from = COORD_MEM_BLOCKS,
			       .cpus = 2,
			       .memory = BLOCK };

	(void)state;
	chooses(empty, "0", two, 0, NULL);
	chooses(empty, "any", two, LC_NODE_ANY, NULL);
	chooses(empty, "2", two, -2, "no NUMA node 2; this host has 0-1");
	chooses(empty, "-1", two, -2, "is not a NUMA node");
	chooses(empty, "1x", two, -2, "is not a NUMA node");
	chooses(empty, "99999999999999999999", two, -2, "is not a NUMA node");
	/* A host that knows no nodes has node 0, which says nothing. */
	put("", "sys/devices/system/node/online");
	chooses(empty, NULL, two, LC_NODE_ANY, NULL);
	chooses(empty, "0", two, LC_NODE_ANY, NULL);
	chooses(empty, "1", two, -2, "no NUMA node 1");
	put("0-1", "sys/devices/system/node/online");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(siblings_of_leased),
		cmocka_unit_test(whole_cores_first),
		cmocka_unit_test(cores_of_others),
		cmocka_unit_test(split_core),
		cmocka_unit_test(too_many_on_node),
		cmocka_unit_test(blocks_of_node),
		cmocka_unit_test(one_node),
		cmocka_unit_test(told_node),
	};

	return cmocka_run_group_tests_name("lc_topo", tests, make_tree,
					   drop_tree);
}
