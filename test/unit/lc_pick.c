// sources: libcoord/pick.c libcoord/blocks.c libcoord/size.c libcoord/cpulist.c libcoord/err.c libcoord/sysfs.c libcoord/step.c libcoord/snapshot.c
// SPDX-License-Identifier: GPL-2.0
/* Which CPUs and blocks are taken, over a fake sysfs. */
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

static char root[64];
static const struct lc_ledger empty;

/* Writes a file of the fake tree, and the directories above it. */
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

static void put_block(unsigned int nr, const char *state, const char *zones)
{
	put(state, MEMORY "memory%u/state", nr);
	put(zones, MEMORY "memory%u/valid_zones", nr);
}

/* Six CPUs: two threads each, 0+3, 1+4, 2+5; eight blocks. */
static int make_tree(void **state)
{
	static const char *const pair[] = { "0,3", "1,4", "2,5" };
	unsigned int i;

	(void)state;
	snprintf(root, sizeof(root), "/tmp/lc_pick.XXXXXX");
	assert_non_null(mkdtemp(root));
	put("0-5", CPU "online");
	put("0-5", CPU "present");
	for (i = 0; i < 6; i++)
		put(pair[i % 3], CPU "cpu%u/topology/thread_siblings_list", i);
	put("8000000", MEMORY "block_size_bytes");
	put_block(0, "online", "none");
	put_block(1, "online", "DMA32");
	put_block(2, "online", "DMA32");
	put_block(3, "offline", "Normal Movable");
	put_block(4, "online", "Normal");
	put_block(5, "online", "Movable");
	put_block(6, "online", "Normal");
	put_block(7, "online", "Movable");
	put("MemAvailable:    1048576 kB", "proc/meminfo");
	put("10000000-17ffffff : System RAM\n  10000000-10ffffff : Kernel code",
	    "proc/iomem");
	return 0;
}

static int drop_tree(void **state)
{
	char command[96];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", root);
	return system(command);
}

static void pick(const struct lc_ledger *ledger, uint32_t want,
		 const char *first)
{
	uint32_t order[LC_MAX_CPUS], n = 0, i;
	struct coord_err err;
	char text[128] = "";

	assert_int_equal(lc_pick_cpus(root, ledger, want, order, &n, &err), 0);
	assert_true(n >= want);
	for (i = 0; i < want; i++)
		lc_append(text, sizeof(text), "%s%u", i ? "," : "", order[i]);
	assert_string_equal(text, first);
}

static void whole_cores_from_the_top(void **state)
{
	struct coord_lease lease = { .kind = COK_RES_CPU, .cpu = 5 };
	struct lc_ledger one = { &lease, 1 };

	(void)state;
	pick(&empty, 2, "5,2");
	pick(&empty, 4, "5,2,4,1");
	pick(&empty, 3, "5,2,4");
	pick(&empty, 5, "5,2,4,1,3");
	/* No whole core fits: the highest thread. */
	pick(&empty, 1, "5");
	/* 5 is leased: 4+1 is the highest whole core. */
	pick(&one, 2, "4,1");
}

static void too_many_cpus(void **state)
{
	uint32_t order[LC_MAX_CPUS], n;
	struct coord_err err;

	(void)state;
	assert_int_equal(lc_pick_cpus(root, &empty, 6, order, &n, &err), -1);
	assert_non_null(strstr(err.text, "only 5 can be taken"));
	put("0", CPU "online");
	assert_int_equal(lc_pick_cpus(root, &empty, 1, order, &n, &err), -1);
	assert_non_null(strstr(err.text, "no CPU can be taken"));
	/* CPU 0 is offline: one of the others must stay. */
	put("1-2", CPU "online");
	assert_int_equal(lc_pick_cpus(root, &empty, 2, order, &n, &err), -1);
	assert_int_equal(lc_pick_cpus(root, &empty, 1, order, &n, &err), 0);
	put("0-5", CPU "online");
}

static void listed(void **state)
{
	struct coord_lease lease = { .kind = COK_RES_CPU, .cpu = 5 };
	struct lc_ledger one = { &lease, 1 };
	struct coord_err err;
	struct lc_cpus set;
	static const struct {
		const char *list, *told;
	} cases[] = {
		{ "0", "CPU 0 stays" },
		{ "1,0", "CPU 0 stays" },
		{ "5", "CPU 5 is leased" },
		{ "17", "no CPU 17" },
		{ "4", "CPU 4 was taken offline by somebody else" },
		{ "x", "not a list" },
	};
	size_t i;

	(void)state;
	put("0-3,5", CPU "online");
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(lc_pick_listed(root, &one, cases[i].list, &set,
						&err),
				 -1);
		if (!strstr(err.text, cases[i].told))
			fail_msg("%s: %s", cases[i].list, err.text);
	}
	assert_int_equal(lc_pick_listed(root, &one, "1-3", &set, &err), 0);
	assert_int_equal(lc_cpus_count(&set), 3);
	put("1-2", CPU "online");
	assert_int_equal(lc_pick_listed(root, &one, "1-2", &set, &err), -1);
	assert_non_null(strstr(err.text, "last online"));
	put("0-5", CPU "online");
}

static void sibling_left_behind(void **state)
{
	struct coord_err err;
	struct lc_cpus set;
	char text[256];

	(void)state;
	assert_int_equal(lc_cpulist_parse("5", &set, &err), 0);
	lc_sibling_warning(root, &set, text, sizeof(text));
	assert_non_null(strstr(text, "CPU 5 shares its core with CPU 2"));
	assert_int_equal(lc_cpulist_parse("2,5", &set, &err), 0);
	lc_sibling_warning(root, &set, text, sizeof(text));
	assert_string_equal(text, "");
}

static void blocks_in_order(void **state)
{
	/* Block 2 holds the kernel, 3 is offline, 0 spans zones. */
	static const uint32_t want[] = { 7, 5, 6, 4, 1 };
	struct coord_lease lease = { .kind = COK_RES_MEM,
				     .start = 7 * BLOCK,
				     .size = BLOCK };
	struct lc_ledger one = { &lease, 1 };
	struct coord_err err;
	struct lc_block *b;
	size_t n, i;

	(void)state;
	assert_int_equal(
		lc_pick_blocks(root, &empty, BLOCK, BLOCK, &b, &n, &err), 0);
	assert_int_equal(n, 5);
	for (i = 0; i < n; i++) {
		assert_int_equal(b[i].nr, want[i]);
		assert_int_equal(b[i].start, want[i] * BLOCK);
	}
	assert_string_equal(b[0].zone, "Movable");
	free(b);
	assert_int_equal(lc_pick_blocks(root, &one, BLOCK, BLOCK, &b, &n, &err),
			 0);
	assert_int_equal(n, 4);
	assert_int_equal(b[0].nr, 5);
	free(b);
}

static void blocks_refused(void **state)
{
	struct coord_err err;
	struct lc_block *b;
	size_t n;

	(void)state;
	assert_int_equal(lc_pick_blocks(root, &empty, BLOCK, 6 * BLOCK, &b, &n,
					&err),
			 -1);
	assert_non_null(
		strstr(err.text, "768M of memory asked for, but only 640M"));
	assert_int_equal(lc_pick_blocks(root, &empty, BLOCK, BLOCK + 1, &b, &n,
					&err),
			 -1);
	assert_non_null(strstr(err.text, "use 128M or 256M"));
	put("MemAvailable:    262144 kB", "proc/meminfo");
	assert_int_equal(lc_pick_blocks(root, &empty, BLOCK, 2 * BLOCK, &b, &n,
					&err),
			 -1);
	assert_non_null(strstr(err.text, "Linux has only 256M available"));
	put("MemAvailable:    1048576 kB", "proc/meminfo");
}

static void block_words(void **state)
{
	(void)state;
	assert_string_equal(lc_online_word("Normal"), "online_kernel");
	assert_string_equal(lc_online_word("DMA32"), "online_kernel");
	assert_string_equal(lc_online_word("Movable"), "online_movable");
	assert_int_equal(lc_block_size(root), BLOCK);
	assert_int_equal(lc_block_size("/nonexistent"), 0);
	assert_true(lc_has_kernel(root, 2 * BLOCK, BLOCK));
	assert_false(lc_has_kernel(root, 3 * BLOCK, BLOCK));
	assert_false(lc_has_kernel(root, BLOCK, BLOCK));
}

static void write_limited(void **state)
{
	char text[32];

	(void)state;
	put("-------------", "state");
	assert_int_equal(lc_write_limited(root, "state", "offline", 5000), 0);
	assert_int_equal(lc_read(root, text, sizeof(text), "state"), 0);
	assert_string_equal(text, "offline------");
	assert_int_equal(lc_write_limited(root, "state", "online_kernel", 5000),
			 0);
	assert_int_equal(lc_read(root, text, sizeof(text), "state"), 0);
	assert_string_equal(text, "online_kernel");
	assert_int_equal(lc_write_limited(root, "nothing", "x", 5000), ENOENT);
	/* Opening a FIFO without a reader hangs: the deadline ends it. */
	snprintf(text, sizeof(text), "%.24s/fifo", root);
	assert_int_equal(mkfifo(text, 0600), 0);
	assert_int_equal(lc_write_limited(root, "fifo", "offline", 50),
			 ETIMEDOUT);
}

static void unreadable(void **state)
{
	struct lc_cpus set;
	char text[32];

	(void)state;
	assert_int_equal(lc_read(root, text, sizeof(text), "nothing"), -1);
	assert_int_equal(errno, ENOENT);
	/* Opens, but does not read: no text, not an empty one. */
	assert_int_equal(lc_read(root, text, sizeof(text), "sys"), -1);
	assert_int_equal(errno, EISDIR);
	assert_int_equal(lc_cpus_read(root, &set, "sys"), -1);
}

static void snapshot(void **state)
{
	struct coord_err err;
	char *text;

	(void)state;
	put("Node 0, zone   Normal\n  pages free 7\n        present  300\n        managed  200",
	    "proc/zoneinfo");
	assert_int_equal(coord_snapshot(root, &text, &err), 0);
	assert_non_null(strstr(text, "cpus online 0-5\n"));
	assert_non_null(strstr(text, "block 5 online Movable\n"));
	assert_non_null(strstr(text, "block 3 offline -\n"));
	assert_non_null(strstr(text, "Normal managed 200\n"));
	assert_null(strstr(text, "free"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_cores_from_the_top),
		cmocka_unit_test(too_many_cpus),
		cmocka_unit_test(listed),
		cmocka_unit_test(sibling_left_behind),
		cmocka_unit_test(blocks_in_order),
		cmocka_unit_test(blocks_refused),
		cmocka_unit_test(block_words),
		cmocka_unit_test(write_limited),
		cmocka_unit_test(unreadable),
		cmocka_unit_test(snapshot),
	};

	return cmocka_run_group_tests_name("lc_pick", tests, make_tree,
					   drop_tree);
}
