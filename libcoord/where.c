// SPDX-License-Identifier: GPL-2.0
/*
 * Policy: the NUMA node that CPUs and memory of an enclave come from. One node,
 * unless told otherwise: the one that was named, or where the enclave is, or
 * the highest that has all that is wanted.
 */
#include <stdio.h>
#include <stdlib.h>

#include "internal.h"

struct supply {
	uint32_t cpus;
	uint64_t memory;
};

static int named_node(const char *root, const char *text, int *node,
		      struct coord_err *err)
{
	struct lc_cpus nodes;
	char list[128];

	if (lc_numa_parse(text, node, err))
		return -1;
	if (*node == LC_NODE_ANY)
		return 0;
	if (lc_nodes(root, &nodes)) {
		/* A kernel without NUMA: all it has is node 0. */
		memset(&nodes, 0, sizeof(nodes));
		lc_cpus_add(&nodes, 0);
		if (!*node) {
			*node = LC_NODE_ANY;
			return 0;
		}
	}
	if (lc_cpus_has(&nodes, (uint32_t)*node))
		return 0;
	lc_cpulist_format(&nodes, list, sizeof(list));
	return lc_err(err, COORD_E_INVALID, ENODEV,
		      "there is no NUMA node %d; this host has %s", *node,
		      list);
}

/* One more thing is on node `at`: false once they are on several. */
static bool agree(int at, bool *first, int *node)
{
	if (!*first && at != *node) {
		*node = LC_NODE_ANY;
		return false;
	}
	*first = false;
	*node = at;
	return true;
}

static void node_of_list(const char *root, const char *list, int *node)
{
	struct coord_err ignored;
	struct lc_cpus set;
	bool first = true;
	uint32_t i;

	if (lc_cpulist_parse(list, &set, &ignored))
		return; /* refused later, with advice */
	for (i = 0; i < LC_MAX_CPUS; i++)
		if (lc_cpus_has(&set, i) &&
		    !agree(lc_cpu_node(root, i), &first, node))
			return;
}

int lc_lease_node(const char *root, uint64_t block_size,
		  const struct coord_lease *l)
{
	char dir[80];

	if (l->kind == COK_RES_CPU)
		return lc_cpu_node(root, l->cpu);
	snprintf(dir, sizeof(dir), "sys/devices/system/memory/memory%llu",
		 (unsigned long long)(l->start / block_size));
	return lc_node_link(root, dir);
}

static bool has_leases(const struct lc_ledger *l, uint32_t enclave)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (l->lease[i].enclave == enclave)
			return true;
	return false;
}

static void node_of_enclave(const char *root, uint64_t block_size,
			    const struct lc_ledger *l, uint32_t enclave,
			    int *node)
{
	bool first = true;
	size_t i;

	for (i = 0; i < l->n; i++)
		if (l->lease[i].enclave == enclave &&
		    !agree(lc_lease_node(root, block_size, &l->lease[i]),
			   &first, node))
			return;
}

/* Contiguous memory may come from any block that is online. */
static bool could_give(const struct lc_ledger *l, enum coord_mem_from from,
		       const struct lc_block *b)
{
	return from == COORD_MEM_BLOCKS
		       ? lc_block_usable(l, b)
		       : b->online && !lc_range_leased(l, b->start, b->size);
}

static bool kind_fits(const struct coord_lease *l, enum coord_mem_from from)
{
	return l->kind == COK_RES_CPU || from == COORD_MEM_AUTO ||
	       (from == COORD_MEM_BLOCKS) == (l->source == COK_SRC_BLOCK);
}

/* What the pool has of each node. */
static void count_pool(const char *root, uint64_t block_size,
		       const struct lc_ledger *l, enum coord_mem_from from,
		       struct supply *s)
{
	size_t i;
	int node;

	for (i = 0; i < l->n; i++) {
		const struct coord_lease *lease = &l->lease[i];

		if (!coord_lease_in_pool(lease) || !kind_fits(lease, from))
			continue;
		node = lc_lease_node(root, block_size, lease);
		if (node == LC_NODE_ANY || node >= LC_MAX_CPUS)
			continue;
		s[node].cpus += lease->kind == COK_RES_CPU;
		s[node].memory += lease->size;
	}
}

/* What Linux could give on each node. */
static int count_supplies(const char *root, uint64_t block_size,
			  const struct lc_ledger *l, enum coord_mem_from from,
			  struct supply *s, struct coord_err *err)
{
	struct lc_cpus online;
	struct lc_block *b;
	size_t n, k;
	uint32_t i;
	int node;

	lc_cpus_read(root, &online, "sys/devices/system/cpu/online");
	for (i = 1; i < LC_MAX_CPUS; i++) {
		if (!lc_cpus_has(&online, i) || lc_cpu_leased(l, i))
			continue;
		node = lc_cpu_node(root, i);
		if (node != LC_NODE_ANY && node < LC_MAX_CPUS)
			s[node].cpus++;
	}
	if (lc_blocks(root, block_size, &b, &n))
		return lc_err(err, COORD_E_FAILED, errno,
			      "cannot read the memory blocks");
	for (k = 0; k < n; k++)
		if (could_give(l, from, &b[k]) && b[k].node != LC_NODE_ANY &&
		    b[k].node < LC_MAX_CPUS)
			s[b[k].node].memory += b[k].size;
	free(b);
	return 0;
}

static int no_node(const struct lc_cpus *nodes, const struct supply *s,
		   const struct lc_want *w, struct coord_err *err)
{
	char a[24];
	uint32_t i;

	lc_err(err, COORD_E_INVALID, ENODEV,
	       "no NUMA node alone has %u CPUs and %s of memory to give;",
	       w->cpus,
	       w->memory ? coord_size_format(w->memory, a, sizeof(a)) : "0");
	for (i = 0; i < LC_MAX_CPUS; i++)
		if (lc_cpus_has(nodes, i))
			lc_err_more(err, " node %u: %u CPUs and %s,", i,
				    s[i].cpus,
				    s[i].memory
					    ? coord_size_format(s[i].memory, a,
								sizeof(a))
					    : "no memory");
	lc_err_more(err, " --numa any takes from several");
	return -1;
}

/* The highest node that has enough, or LC_NODE_ANY. */
static int highest_with(const struct lc_cpus *nodes, const struct supply *s,
			const struct lc_want *w)
{
	uint32_t i;

	for (i = LC_MAX_CPUS; i-- > 0;)
		if (lc_cpus_has(nodes, i) && s[i].cpus >= w->cpus &&
		    s[i].memory >= w->memory)
			return (int)i;
	return LC_NODE_ANY;
}

/* One whose part of the pool has all of it is best. */
static int best_node(const char *root, uint64_t block_size,
		     const struct lc_ledger *l, const struct lc_cpus *nodes,
		     const struct lc_want *w, int *node, struct coord_err *err)
{
	struct supply *s = calloc(LC_MAX_CPUS, sizeof(*s));
	int ret = 0;

	if (!s)
		return lc_err(err, COORD_E_FAILED, ENOMEM, "out of memory");
	if (w->from != COORD_FROM_LINUX) {
		count_pool(root, block_size, l, w->mem_from, s);
		*node = highest_with(nodes, s, w);
	}
	if (*node == LC_NODE_ANY && w->from != COORD_FROM_POOL) {
		ret = count_supplies(root, block_size, l, w->mem_from, s, err);
		*node = highest_with(nodes, s, w);
	}
	if (!ret && *node == LC_NODE_ANY)
		ret = no_node(nodes, s, w, err);
	free(s);
	return ret;
}

int lc_choose_node(const char *root, uint64_t block_size,
		   const struct lc_ledger *l, const char *asked,
		   const struct lc_want *w, int *node, struct coord_err *err)
{
	struct lc_cpus nodes;

	*node = LC_NODE_ANY;
	if (asked && asked[0])
		return named_node(root, asked, node, err);
	if (lc_nodes(root, &nodes) || lc_cpus_count(&nodes) < 2)
		return 0;
	if (w->cpu_list && w->cpu_list[0])
		node_of_list(root, w->cpu_list, node);
	else if (w->enclave && has_leases(l, w->enclave))
		node_of_enclave(root, block_size, l, w->enclave, node);
	else
		return best_node(root, block_size, l, &nodes, w, node, err);
	return 0;
}
