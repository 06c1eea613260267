// sources: libcoord/pick.c libcoord/topo.c libcoord/pick_contig.c libcoord/pages.c libcoord/blocks.c libcoord/size.c libcoord/cpulist.c libcoord/err.c libcoord/sysfs.c libcoord/step.c libcoord/snapshot.c
// SPDX-License-Identifier: GPL-2.0
/* Which CPUs and blocks are taken, over a fake sysfs. */
#include <fcntl.h>
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

#include <linux/kernel-page-flags.h>

#include "internal.h"

#define BLOCK  (128ULL << 20)
#define CPU    "sys/devices/system/cpu/"
#define MEMORY "sys/devices/system/memory/"

static char root[64];
static const struct lc_ledger empty;
static const struct lc_where anywhere = { LC_NODE_ANY, 0 };

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

	assert_int_equal(lc_pick_cpus(root, ledger, &anywhere, want, order, &n,
				      &err),
			 0);
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
	assert_int_equal(
		lc_pick_cpus(root, &empty, &anywhere, 6, order, &n, &err), -1);
	assert_non_null(strstr(err.text, "only 5 can be taken"));
	put("0", CPU "online");
	assert_int_equal(
		lc_pick_cpus(root, &empty, &anywhere, 1, order, &n, &err), -1);
	assert_non_null(strstr(err.text, "no CPU can be taken"));
	/* CPU 0 is offline: one of the others must stay. */
	put("1-2", CPU "online");
	assert_int_equal(
		lc_pick_cpus(root, &empty, &anywhere, 2, order, &n, &err), -1);
	assert_int_equal(
		lc_pick_cpus(root, &empty, &anywhere, 1, order, &n, &err), 0);
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
		assert_int_equal(lc_pick_listed(root, &one, &anywhere,
						cases[i].list, &set, &err),
				 -1);
		if (!strstr(err.text, cases[i].told))
			fail_msg("%s: %s", cases[i].list, err.text);
	}
	assert_int_equal(
		lc_pick_listed(root, &one, &anywhere, "1-3", &set, &err), 0);
	assert_int_equal(lc_cpus_count(&set), 3);
	put("1-2", CPU "online");
	assert_int_equal(
		lc_pick_listed(root, &one, &anywhere, "1-2", &set, &err), -1);
	assert_non_null(strstr(err.text, "last online"));
	put("0-5", CPU "online");
}

static void sibling_left_behind(void **state)
{
	struct coord_err err;
	struct lc_cpus set;
	char text[320];

	(void)state;
	assert_int_equal(lc_cpulist_parse("5", &set, &err), 0);
	lc_sibling_warning(root, &empty, 0, &set, text, sizeof(text));
	assert_non_null(strstr(text, "CPU 5 shares its core with CPU 2"));
	assert_int_equal(lc_cpulist_parse("2,5", &set, &err), 0);
	lc_sibling_warning(root, &empty, 0, &set, text, sizeof(text));
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
	assert_int_equal(lc_pick_blocks(root, &empty, BLOCK, LC_NODE_ANY, &b,
					&n, &err),
			 0);
	assert_int_equal(n, 5);
	for (i = 0; i < n; i++) {
		assert_int_equal(b[i].nr, want[i]);
		assert_int_equal(b[i].start, want[i] * BLOCK);
	}
	assert_string_equal(b[0].zone, "Movable");
	free(b);
	assert_int_equal(lc_pick_blocks(root, &one, BLOCK, LC_NODE_ANY, &b, &n,
					&err),
			 0);
	assert_int_equal(n, 4);
	assert_int_equal(b[0].nr, 5);
	free(b);
}

static void amounts_refused(void **state)
{
	struct coord_err err;

	(void)state;
	assert_int_equal(lc_check_amount(root, 6 * BLOCK, 5 * BLOCK, &err), -1);
	assert_non_null(
		strstr(err.text, "768M of memory asked for, but only 640M"));
	assert_int_equal(lc_check_amount(root, 2 * BLOCK, 5 * BLOCK, &err), 0);
	put("MemAvailable:    262144 kB", "proc/meminfo");
	assert_int_equal(lc_check_amount(root, 2 * BLOCK, 5 * BLOCK, &err), -1);
	assert_non_null(strstr(err.text, "Linux has only 256M available"));
	put("MemAvailable:    1048576 kB", "proc/meminfo");
}

/* ---- contiguous ranges: units of 512 pages, by their flags ----------------- */

#define UNIT	 COK_CONTIG_UNIT
#define FREE	 (1ULL << KPF_BUDDY)
#define MOVABLE	 (1ULL << KPF_LRU | 1ULL << KPF_ANON)
#define SLAB	 (1ULL << KPF_SLAB)
#define RESERVED (1ULL << 32)
#define SILENT	 0ULL

static int flags_fd = -1;

/* Pages [first, first + n) of a unit of a block have these flags. */
static void put_flags(unsigned int block, unsigned int unit, unsigned int first,
		      unsigned int n, uint64_t flags)
{
	off_t at = (off_t)((block * BLOCK + unit * UNIT) / 4096 + first) * 8;

	for (; n--; at += 8)
		assert_int_equal(pwrite(flags_fd, &flags, 8, at), 8);
}

static int make_flags(void **state)
{
	char path[96];
	unsigned int nr;

	(void)state;
	snprintf(path, sizeof(path), "%s/proc/kpageflags", root);
	flags_fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	assert_true(flags_fd >= 0);
	/* Of 1, 2, 4 and 6, all is reserved; 3 is offline, 5 and 7 Movable. */
	for (nr = 0; nr < 8; nr++)
		for (unsigned int u = 0; u < BLOCK / UNIT; u++)
			put_flags(nr, u, 0, 512,
				  nr % 2 && nr > 1 ? FREE : RESERVED);
	return 0;
}

static int drop_flags(void **state)
{
	char path[96];

	(void)state;
	close(flags_fd);
	snprintf(path, sizeof(path), "%s/proc/kpageflags", root);
	return unlink(path);
}

struct expected {
	unsigned int block, unit, units;
};

static void contig(const struct lc_ledger *ledger, uint64_t want,
		   const struct expected *e, size_t ne)
{
	struct coord_range *r;
	struct coord_err err;
	size_t n, i;

	assert_int_equal(lc_pick_contig(root, ledger, BLOCK, LC_NODE_ANY, want,
					&r, &n, &err),
			 0);
	assert_int_equal(n, ne);
	for (i = 0; i < n; i++) {
		assert_int_equal(r[i].start,
				 e[i].block * BLOCK + e[i].unit * UNIT);
		assert_int_equal(r[i].size, e[i].units * UNIT);
	}
	free(r);
}

static void order_is(const char *want)
{
	char text[64] = "";
	struct coord_err err;
	struct lc_block *b;
	size_t n, i;

	assert_int_equal(lc_pick_blocks(root, &empty, BLOCK, LC_NODE_ANY, &b,
					&n, &err),
			 0);
	for (i = 0; i < n; i++)
		lc_append(text, sizeof(text), "%s%u", i ? " " : "", b[i].nr);
	assert_string_equal(text, want);
	free(b);
}

static void blocks_that_refuse(void **state)
{
	(void)state;
	order_is("7 5 6 4 1");
	/* Not its end: it is not looked at, and tried. */
	put_flags(7, 62, 0, 512, RESERVED);
	order_is("7 5 6 4 1");
	put_flags(7, 63, 511, 1, SLAB);
	order_is("5 6 4 1 7");
	/* One that is not in front stays where it is. */
	put_flags(4, 63, 0, 512, SILENT);
	order_is("5 6 4 1 7");
	put_flags(5, 63, 0, 1, RESERVED);
	order_is("4 1 7 5 6");
	put_flags(4, 63, 0, 1, RESERVED);
	order_is("7 5 6 4 1");
}

static void contig_what_can_move(void **state)
{
	static const struct expected want[] = {
		{ 6, 10, 2 },
		{ 6, 20, 1 },
		{ 6, 12, 2 },
	};
	/* A compound page moves or stays with its head. */
	const uint64_t head = 1ULL << KPF_COMPOUND_HEAD,
		       tail = 1ULL << KPF_COMPOUND_TAIL;

	(void)state;
	put_flags(6, 10, 0, 512, FREE);
	put_flags(6, 11, 0, 512, MOVABLE);
	put_flags(6, 12, 0, 512, FREE);
	put_flags(6, 12, 7, 1, SILENT); /* perhaps */
	put_flags(6, 13, 0, 1, head);	/* perhaps: some driver's */
	put_flags(6, 13, 1, 511, tail);
	put_flags(6, 14, 0, 512, FREE);
	put_flags(6, 14, 511, 1, SLAB); /* not */
	put_flags(6, 20, 0, 1, MOVABLE | head);
	put_flags(6, 20, 1, 511, tail);
	contig(&empty, 64 * UNIT, want, 3);
}

static void contig_order(void **state)
{
	/* Not in 5 and 7 (Movable), nor 3 (offline). */
	static const struct expected all[] = {
		{ 1, 40, 4 }, /* larger */
		{ 6, 1, 2 },  /* higher */
		{ 1, 30, 2 },
		{ 4, 0, 64 }, /* could go offline as a whole */
	};
	struct coord_lease lease = { .kind = COK_RES_MEM,
				     .start = 4 * BLOCK,
				     .size = 60 * UNIT };
	struct lc_ledger one = { &lease, 1 };
	static const struct expected rest[] = {
		{ 4, 60, 4 },
		{ 1, 40, 4 },
		{ 6, 1, 2 },
		{ 1, 30, 2 },
	};

	(void)state;
	put_flags(6, 1, 0, 1024, FREE);
	put_flags(1, 30, 0, 1024, FREE);
	put_flags(1, 40, 0, 2048, FREE);
	put_flags(4, 0, 0, 64 * 512, FREE);
	contig(&empty, 64 * UNIT, all, 4);
	/* What is leased is not offered; the rest of its block is. */
	contig(&one, 64 * UNIT, rest, 4);
	/* Blocks further down are not even looked at. */
	contig(&empty, 2 * UNIT, &all[1], 1);
}

/* Nothing below 16 MiB, and without kpageflags all might do. */
static void contig_blindly(void **state)
{
	static const struct expected want[] = {
		{ 6, 0, 64 }, { 4, 0, 64 }, { 2, 0, 64 },
		{ 1, 0, 64 }, { 0, 8, 56 },
	};
	char from[96], to[96];

	(void)state;
	put("DMA32", MEMORY "memory0/valid_zones");
	snprintf(from, sizeof(from), "%s/proc/kpageflags", root);
	snprintf(to, sizeof(to), "%s/proc/hidden", root);
	assert_int_equal(rename(from, to), 0);
	contig(&empty, 64 * UNIT, want, 5);
	assert_int_equal(rename(to, from), 0);
	put("none", MEMORY "memory0/valid_zones");
}

static void block_words(void **state)
{
	(void)state;
	assert_string_equal(lc_online_word("Normal"), "online_kernel");
	assert_string_equal(lc_online_word("DMA32"), "online_kernel");
	assert_string_equal(lc_online_word("Movable"), "online_movable");
	assert_int_equal(lc_block_size(root), BLOCK);
	assert_int_equal(lc_block_size("/nonexistent"), 0);
}

static void blocks_of_the_kernel(void **state)
{
	struct lc_block *b;
	size_t n, i;

	(void)state;
	assert_int_equal(lc_blocks(root, BLOCK, &b, &n), 0);
	assert_int_equal(n, 8);
	for (i = 0; i < n; i++) {
		assert_int_equal(b[i].nr, i);
		assert_int_equal(b[i].has_kernel, i == 2);
		assert_int_equal(b[i].online, i != 3);
	}
	free(b);
	assert_int_equal(lc_blocks("/nonexistent", BLOCK, &b, &n), -1);
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
		cmocka_unit_test(amounts_refused),
		cmocka_unit_test_setup_teardown(contig_what_can_move,
						make_flags, drop_flags),
		cmocka_unit_test_setup_teardown(contig_order, make_flags,
						drop_flags),
		cmocka_unit_test_setup_teardown(contig_blindly, make_flags,
						drop_flags),
		cmocka_unit_test(block_words),
		cmocka_unit_test(blocks_of_the_kernel),
		cmocka_unit_test_setup_teardown(blocks_that_refuse, make_flags,
						drop_flags),
		cmocka_unit_test(write_limited),
		cmocka_unit_test(unreadable),
		cmocka_unit_test(snapshot),
	};

	return cmocka_run_group_tests_name("lc_pick", tests, make_tree,
					   drop_tree);
}
