// sources: libcoord/pool_pick.c libcoord/topo.c libcoord/where.c libcoord/pick.c libcoord/pages.c libcoord/pick_contig.c libcoord/blocks.c libcoord/size.c libcoord/cpulist.c libcoord/err.c libcoord/sysfs.c libcoord/step.c
// SPDX-License-Identifier: GPL-2.0
/* What is taken from the pool, by ledgers written here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "internal.h"

#define MIB   (1ULL << 20)
#define BLOCK (128 * MIB)

static struct coord_lease leases[32];
static struct lc_ledger ledger;
static struct lc_want want;
static struct lc_draw drawn;
static struct coord_err err;

static int reset(void **state)
{
	(void)state;
	memset(leases, 0, sizeof(leases));
	memset(&drawn, 0, sizeof(drawn));
	ledger = (struct lc_ledger){ leases, 0 };
	want = (struct lc_want){ .node = LC_NODE_ANY };
	return 0;
}

static int cleanup(void **state)
{
	(void)state;
	free(drawn.id);
	return 0;
}

static struct coord_lease *add(uint32_t kind)
{
	struct coord_lease *l = &leases[ledger.n++];

	l->id = (uint32_t)ledger.n;
	l->kind = kind;
	l->state = COK_LS_POOLED;
	l->reserved = true;
	return l;
}

static struct coord_lease *add_cpu(uint32_t cpu)
{
	struct coord_lease *l = add(COK_RES_CPU);

	l->cpu = cpu;
	l->apic_id = cpu;
	return l;
}

static struct coord_lease *add_mem(uint32_t source, uint64_t size)
{
	struct coord_lease *l = add(COK_RES_MEM);

	l->source = source;
	l->size = size;
	return l;
}

static int pick(void)
{
	free(drawn.id);
	return lc_pool_pick("/nowhere", BLOCK, &ledger, &want, &drawn, &err);
}

static void only_what_is_in_the_pool(void **state)
{
	(void)state;
	add_cpu(1)->state = COK_LS_GRANTED;
	add_cpu(2)->op = 5;
	add_cpu(3)->reserved = false;
	add_cpu(4);
	want.cpus = 3;
	assert_int_equal(pick(), 0);
	assert_int_equal(drawn.n, 1);
	assert_int_equal(drawn.id[0], 4);
	assert_true(lc_cpus_has(&drawn.cpus, 4));
	assert_int_equal(drawn.rest.cpus, 2);
	want.from = COORD_FROM_LINUX;
	assert_int_equal(pick(), 0);
	assert_int_equal(drawn.n, 0);
	assert_int_equal(drawn.rest.cpus, 3);
	want.from = COORD_FROM_POOL;
	assert_int_equal(pick(), -1);
	assert_int_equal(err.code, COORD_E_BUSY);
	assert_non_null(strstr(err.text, "the pool lacks 2 CPUs;"));
}

static void listed_cpus(void **state)
{
	(void)state;
	add_cpu(5);
	add_cpu(6);
	want.cpu_list = "4,6-7";
	assert_int_equal(pick(), 0);
	assert_int_equal(drawn.n, 1);
	assert_int_equal(drawn.id[0], 2);
	assert_string_equal(drawn.rest.cpu_list, "4,7");
	want.cpu_list = "5-6";
	assert_int_equal(pick(), 0);
	assert_int_equal(drawn.n, 2);
	assert_false(lc_wants_anything(&drawn.rest));
}

static void blocks_then_ranges(void **state)
{
	(void)state;
	add_mem(COK_SRC_CONTIG, 64 * MIB);
	add_mem(COK_SRC_BLOCK, BLOCK);
	add_mem(COK_SRC_CONTIG, 16 * MIB);
	want.memory = BLOCK + 20 * MIB;
	assert_int_equal(pick(), 0);
	/* The block, the range that is small enough, the end of the other. */
	assert_int_equal(drawn.n, 2);
	assert_int_equal(drawn.id[0], 2);
	assert_int_equal(drawn.id[1], 3);
	assert_int_equal(drawn.split, 1);
	assert_int_equal(drawn.tail, 4 * MIB);
	assert_int_equal(drawn.memory, want.memory);
	assert_false(lc_wants_anything(&drawn.rest));
	want.mem_from = COORD_MEM_BLOCKS;
	want.memory = 2 * BLOCK;
	assert_int_equal(pick(), 0);
	assert_int_equal(drawn.n, 1);
	assert_int_equal(drawn.split, 0);
	assert_int_equal(drawn.rest.memory, BLOCK);
	want.mem_from = COORD_MEM_CONTIG;
	want.memory = 96 * MIB;
	assert_int_equal(pick(), 0);
	assert_int_equal(drawn.n, 2);
	assert_int_equal(drawn.memory, 80 * MIB);
	assert_int_equal(drawn.rest.memory, 16 * MIB);
}

static void parts_the_smallest(void **state)
{
	(void)state;
	add_mem(COK_SRC_CONTIG, 64 * MIB);
	add_mem(COK_SRC_CONTIG, 32 * MIB);
	add_mem(COK_SRC_CONTIG, 48 * MIB);
	want.memory = 8 * MIB;
	assert_int_equal(pick(), 0);
	assert_int_equal(drawn.n, 0);
	assert_int_equal(drawn.split, 2);
	/* What is no size at all is refused elsewhere, with advice. */
	want.memory = 3 * MIB;
	assert_int_equal(pick(), 0);
	assert_int_equal(drawn.split, 0);
	assert_int_equal(drawn.rest.memory, 3 * MIB);
}

static void says_what_is_missing(void **state)
{
	(void)state;
	add_mem(COK_SRC_BLOCK, BLOCK);
	want.from = COORD_FROM_POOL;
	want.cpus = 1;
	want.memory = 2 * BLOCK;
	assert_int_equal(pick(), -1);
	assert_non_null(
		strstr(err.text, "the pool lacks 1 CPU and 128M of memory;"));
	want.cpus = 0;
	want.cpu_list = "3";
	want.memory = BLOCK;
	assert_int_equal(pick(), -1);
	assert_non_null(strstr(err.text, "the pool lacks CPU 3;"));
}

/* Nodes that nothing is known of are not the one that is wanted. */
static void keeps_to_the_node(void **state)
{
	(void)state;
	add_cpu(4);
	want.cpus = 1;
	want.node = 1;
	assert_int_equal(pick(), 0);
	assert_int_equal(drawn.n, 0);
	assert_int_equal(drawn.rest.cpus, 1);
	assert_int_equal(drawn.rest.node, 1);
}

/* ---- cores of two threads: APIC ids 2n and 2n + 1 --------------------------- */

static uint32_t first_of(uint32_t n)
{
	want.cpus = n;
	free(drawn.id);
	assert_int_equal(lc_pool_pick_smt(&ledger, &want, 1, &drawn, &err), 0);
	return drawn.n ? drawn.id[0] : 0;
}

static void whole_cores_first(void **state)
{
	(void)state;
	add_cpu(3); /* its sibling 2 is not here */
	add_cpu(4);
	add_cpu(5);
	/* Two: the whole core. One: the half. */
	assert_int_equal(first_of(2), 2);
	assert_int_equal(drawn.id[1], 3);
	assert_int_equal(first_of(1), 1);
	assert_int_equal(first_of(3), 2);
	assert_int_equal(drawn.id[2], 1);
}

static void own_cores_first_others_last(void **state)
{
	struct coord_lease *l;

	(void)state;
	l = add_cpu(2);
	l->state = COK_LS_GRANTED;
	l->enclave = 7;
	add_cpu(3);
	add_cpu(6);
	/* For another enclave the half core that 7 has part of is last ... */
	assert_int_equal(first_of(1), 3);
	assert_int_equal(first_of(2), 3);
	assert_int_equal(drawn.id[1], 2);
	/* ... and for 7 itself first. */
	want.enclave = 7;
	assert_int_equal(first_of(1), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(only_what_is_in_the_pool, reset,
						cleanup),
		cmocka_unit_test_setup_teardown(listed_cpus, reset, cleanup),
		cmocka_unit_test_setup_teardown(blocks_then_ranges, reset,
						cleanup),
		cmocka_unit_test_setup_teardown(parts_the_smallest, reset,
						cleanup),
		cmocka_unit_test_setup_teardown(says_what_is_missing, reset,
						cleanup),
		cmocka_unit_test_setup_teardown(keeps_to_the_node, reset,
						cleanup),
		cmocka_unit_test_setup_teardown(whole_cores_first, reset,
						cleanup),
		cmocka_unit_test_setup_teardown(own_cores_first_others_last,
						reset, cleanup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
