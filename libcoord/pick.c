// SPDX-License-Identifier: GPL-2.0
/*
 * Policy: which CPUs and which memory blocks to take (contiguous ranges:
 * pick_contig.c). Reads sysfs and a copy
 * of the ledger, changes nothing. The module refuses again what is impossible;
 * here it is refused with advice.
 */
#include <stdio.h>
#include <stdlib.h>

#include "internal.h"

#define CPU_DIR	    "sys/devices/system/cpu"
#define LINUX_SPARE (64ULL << 20) /* bytes left available to Linux */

bool coord_lease_in_pool(const struct coord_lease *l)
{
	return l->reserved && l->state == COK_LS_POOLED && !l->op;
}

bool lc_cpu_leased(const struct lc_ledger *l, uint32_t cpu)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (l->lease[i].kind == COK_RES_CPU && l->lease[i].cpu == cpu)
			return true;
	return false;
}

static int check_listed(const char *root, int node, uint32_t cpu,
			const struct lc_cpus *present,
			const struct lc_cpus *online,
			const struct lc_ledger *ledger, struct coord_err *err)
{
	if (cpu == 0)
		return lc_err(err, COORD_E_INVALID, EINVAL,
			      "CPU 0 stays with Linux; choose others");
	if (!lc_cpus_has(present, cpu))
		return lc_err(
			err, COORD_E_INVALID, ENODEV,
			"there is no CPU %u; 'lscpu' lists those there are",
			cpu);
	if (lc_cpu_leased(ledger, cpu))
		return lc_err(err, COORD_E_BUSY, EEXIST,
			      "CPU %u is leased already; see 'cokctl ledger'",
			      cpu);
	if (!lc_cpus_has(online, cpu))
		return lc_err(
			err, COORD_E_INVALID, EALREADY,
			"CPU %u was taken offline by somebody else; bring it online first",
			cpu);
	if (node != LC_NODE_ANY && lc_cpu_node(root, cpu) != node)
		return lc_err(err, COORD_E_INVALID, EINVAL,
			      "CPU %u is not on node %d", cpu, node);
	return 0;
}

int lc_pick_listed(const char *root, const struct lc_ledger *ledger,
		   const struct lc_where *where, const char *list,
		   struct lc_cpus *out, struct coord_err *err)
{
	struct lc_cpus present, online;
	uint32_t i;

	if (lc_cpulist_parse(list, out, err))
		return -1;
	if (lc_cpus_read(root, &online, CPU_DIR "/online") ||
	    lc_cpus_read(root, &present, CPU_DIR "/present"))
		return lc_err(err, COORD_E_FAILED, ENOENT,
			      "cannot read which CPUs are online in /%s",
			      CPU_DIR);
	for (i = 0; i < LC_MAX_CPUS; i++) {
		if (!lc_cpus_has(out, i))
			continue;
		if (check_listed(root, where->node, i, &present, &online,
				 ledger, err))
			return -1;
		lc_cpus_del(&online, i);
	}
	if (!lc_cpus_count(&online))
		return lc_err(
			err, COORD_E_INVALID, EBUSY,
			"the last online CPU stays with Linux; leave one out");
	return 0;
}

/* Who has a thread of a core: bits. */
enum { HAS_LINUX = 1, HAS_ITSELF = 2, HAS_OTHER = 4, HAS_ZERO = 8 };

static unsigned int holders(const struct lc_topo *t,
			    const struct lc_ledger *ledger, uint32_t core,
			    uint32_t enclave)
{
	unsigned int who = core == t->core[0] ? HAS_ZERO : 0;
	size_t i;
	uint32_t cpu;

	for (cpu = 0; cpu < LC_MAX_CPUS; cpu++)
		if (t->core[cpu] == core && lc_cpus_has(&t->online, cpu))
			who |= HAS_LINUX;
	for (i = 0; i < ledger->n; i++) {
		cpu = ledger->lease[i].cpu;
		if (ledger->lease[i].kind != COK_RES_CPU ||
		    cpu >= LC_MAX_CPUS || t->core[cpu] != core)
			continue;
		who |= enclave && ledger->lease[i].enclave == enclave
			       ? HAS_ITSELF
			       : HAS_OTHER;
	}
	return who;
}

/* May all of the core be taken, and how large is it? 0: no. */
static uint32_t whole_core(const struct lc_cpus *core, const struct lc_topo *t,
			   const struct lc_cpus *candidates)
{
	uint32_t i;

	for (i = 0; i < LC_MAX_CPUS / 64; i++)
		if (core->bits[i] & t->online.bits[i] & ~candidates->bits[i])
			return 0;
	return lc_cpus_count(core);
}

struct picking {
	const struct lc_topo *t;
	const struct lc_ledger *ledger;
	uint32_t enclave;
	struct lc_cpus left; /* may be taken, and is not in the order yet */
	uint32_t *order, n;
};

/* Moves CPUs that are in `set` to the end of the order, up to `max` in it. */
static void move(struct picking *p, const struct lc_cpus *set, uint32_t max)
{
	uint32_t i;

	for (i = LC_MAX_CPUS; i-- > 0 && p->n < max;) {
		if (!lc_cpus_has(&p->left, i) || !lc_cpus_has(set, i))
			continue;
		p->order[p->n++] = i;
		lc_cpus_del(&p->left, i);
	}
}

/* Cores that the enclave has part of, and nobody else but Linux. */
static void complete_cores(struct picking *p, uint32_t want)
{
	struct lc_cpus one;
	uint32_t i;

	for (i = LC_MAX_CPUS; p->enclave && i-- > 0 && p->n < want;) {
		unsigned int who =
			holders(p->t, p->ledger, p->t->core[i], p->enclave);

		memset(&one, 0, sizeof(one));
		lc_cpus_add(&one, i);
		if ((who & HAS_ITSELF) && !(who & HAS_OTHER))
			move(p, &one, want);
	}
}

/* Those that fit into what is still wanted, from the highest. */
static void whole_cores(struct picking *p, uint32_t want)
{
	struct lc_cpus core;
	uint32_t i, size;

	for (i = LC_MAX_CPUS; i-- > 0 && p->n < want;) {
		if (!lc_cpus_has(&p->left, i) ||
		    (holders(p->t, p->ledger, p->t->core[i], 0) & HAS_OTHER))
			continue;
		lc_topo_siblings(p->t, i, &core);
		size = whole_core(&core, p->t, &p->left);
		if (size && size <= want - p->n)
			move(p, &core, want);
	}
}

/* What splits a core: CPU 0's last, and at the very end another enclave's. */
static void threads(struct picking *p)
{
	static const unsigned int avoid[] = { HAS_OTHER | HAS_ZERO, HAS_OTHER,
					      0 };
	struct lc_cpus set;
	uint32_t i;
	size_t k;

	for (k = 0; k < sizeof(avoid) / sizeof(*avoid); k++) {
		memset(&set, 0, sizeof(set));
		for (i = 0; i < LC_MAX_CPUS; i++)
			if (lc_cpus_has(&p->left, i) &&
			    !(holders(p->t, p->ledger, p->t->core[i],
				      p->enclave) &
			      avoid[k]))
				lc_cpus_add(&set, i);
		move(p, &set, LC_MAX_CPUS);
	}
}

static int not_enough(uint32_t want, uint32_t have, int node,
		      struct coord_err *err)
{
	if (!have && node == LC_NODE_ANY)
		return lc_err(
			err, COORD_E_INVALID, ENODEV,
			"no CPU can be taken now: CPU 0 stays with Linux and no other is online and free");
	lc_err(err, COORD_E_INVALID, ENODEV,
	       "%u CPUs asked for, but only %u can be taken now (CPU 0 stays with Linux)",
	       want, have);
	if (node != LC_NODE_ANY)
		lc_err_more(err,
			    " on node %d; with --numa any, others may be taken",
			    node);
	return -1;
}

/* What may be taken; how many of them. */
static uint32_t candidates(const char *root, const struct lc_ledger *ledger,
			   const struct lc_topo *t, int node,
			   struct lc_cpus *out)
{
	uint32_t i, have;

	*out = t->online;
	lc_cpus_del(out, 0);
	for (i = 0; i < LC_MAX_CPUS; i++)
		if (lc_cpus_has(out, i) &&
		    (lc_cpu_leased(ledger, i) ||
		     (node != LC_NODE_ANY && lc_cpu_node(root, i) != node)))
			lc_cpus_del(out, i);
	have = lc_cpus_count(out);
	/* One must stay. */
	return have && have == lc_cpus_count(&t->online) ? have - 1 : have;
}

int lc_pick_cpus(const char *root, const struct lc_ledger *ledger,
		 const struct lc_where *where, uint32_t want, uint32_t *order,
		 uint32_t *n, struct coord_err *err)
{
	struct picking p = { .ledger = ledger,
			     .enclave = where->enclave,
			     .order = order };
	struct lc_topo *t;
	uint32_t have;

	if (lc_topo_read(root, ledger, &t, err))
		return -1;
	if (!lc_cpus_count(&t->online)) {
		free(t);
		return lc_err(err, COORD_E_FAILED, ENOENT,
			      "cannot read which CPUs are online in /%s",
			      CPU_DIR);
	}
	p.t = t;
	have = candidates(root, ledger, t, where->node, &p.left);
	if (want && want <= have) {
		complete_cores(&p, want);
		whole_cores(&p, want);
		threads(&p);
	}
	*n = p.n;
	free(t);
	return want && want <= have ? 0
				    : not_enough(want, have, where->node, err);
}

/* Whose is it? True if the sentence was written. */
static bool tell_holder(const struct lc_topo *t, const struct lc_ledger *ledger,
			uint32_t enclave, uint32_t cpu, uint32_t sibling,
			uint32_t threads, char *buf, size_t size)
{
	size_t i;

	for (i = 0; i < ledger->n; i++) {
		const struct coord_lease *l = &ledger->lease[i];

		if (l->kind != COK_RES_CPU || l->cpu != sibling)
			continue;
		if (enclave && l->enclave == enclave)
			return false;
		snprintf(
			buf, size,
			"CPU %u shares its core with CPU %u, which another enclave has: they slow each other, and one may learn from shared caches what the other does",
			cpu, sibling);
		return true;
	}
	if (!lc_cpus_has(&t->online, sibling))
		return false;
	snprintf(
		buf, size,
		"CPU %u shares its core with CPU %u, which stays with Linux: they slow each other and share caches; a multiple of %u CPUs makes whole cores",
		cpu, sibling, threads);
	return true;
}

void lc_sibling_warning(const char *root, const struct lc_ledger *ledger,
			uint32_t enclave, const struct lc_cpus *taken,
			char *buf, size_t size)
{
	struct coord_err err;
	struct lc_topo *t;
	struct lc_cpus core;
	uint32_t i, k;
	bool told = false;

	buf[0] = '\0';
	if (lc_topo_read(root, ledger, &t, &err))
		return;
	for (i = 0; i < LC_MAX_CPUS && !told; i++) {
		if (!lc_cpus_has(taken, i))
			continue;
		lc_topo_siblings(t, i, &core);
		for (k = 0; k < LC_MAX_CPUS && !told; k++)
			if (lc_cpus_has(&core, k) && !lc_cpus_has(taken, k))
				told = tell_holder(t, ledger, enclave, i, k,
						   lc_cpus_count(&core), buf,
						   size);
	}
	free(t);
}

/* ---- memory ------------------------------------------------------------- */

bool lc_range_leased(const struct lc_ledger *l, uint64_t start, uint64_t size)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (l->lease[i].kind == COK_RES_MEM &&
		    l->lease[i].start < start + size &&
		    start < l->lease[i].start + l->lease[i].size)
			return true;
	return false;
}

static int zone_rank(const char *zone)
{
	if (!strcmp(zone, "Movable"))
		return 1;
	if (!strcmp(zone, "Normal") || !strcmp(zone, "DMA32"))
		return 2;
	return 0; /* "none": more than one zone; "DMA", "Device" */
}

static int by_preference(const void *a, const void *b)
{
	const struct lc_block *x = a, *y = b;
	int rank = zone_rank(x->zone) - zone_rank(y->zone);

	if (rank)
		return rank;
	return x->start < y->start ? 1 : -(x->start > y->start);
}

/* MemAvailable, bytes; 0 if not known. */
static uint64_t available(const char *root)
{
	char text[4096], *p;

	if (lc_read(root, text, sizeof(text), "proc/meminfo"))
		return 0;
	p = strstr(text, "MemAvailable:");
	return p ? strtoull(p + strlen("MemAvailable:"), NULL, 10) << 10 : 0;
}

int lc_check_amount(const char *root, uint64_t want, uint64_t have,
		    struct coord_err *err)
{
	uint64_t avail = available(root);
	char a[24], b[24];

	coord_size_format(want, a, sizeof(a));
	if (want > have)
		return lc_err(
			err, COORD_E_INVALID, ENOMEM,
			"%s of memory asked for, but only %s can be taken now",
			a,
			have ? coord_size_format(have, b, sizeof(b))
			     : "nothing");
	if (avail && want > (avail > LINUX_SPARE ? avail - LINUX_SPARE : 0))
		return lc_err(
			err, COORD_E_INVALID, ENOMEM,
			"%s of memory asked for, but Linux has only %lluM available and needs some itself",
			a, (unsigned long long)avail >> 20);
	return 0;
}

bool lc_block_usable(const struct lc_ledger *ledger, const struct lc_block *b)
{
	return b->online && zone_rank(b->zone) && !b->has_kernel &&
	       !lc_range_leased(ledger, b->start, b->size);
}

int lc_pick_blocks(const char *root, const struct lc_ledger *ledger,
		   uint64_t block_size, int node, struct lc_block **out,
		   size_t *n, struct coord_err *err)
{
	struct lc_block *b;
	size_t i, all, kept = 0;

	if (lc_blocks(root, block_size, &b, &all))
		return lc_err(
			err, COORD_E_FAILED, errno,
			"this kernel has no memory hotplug (no /sys/devices/system/memory)");
	for (i = 0; i < all; i++)
		if ((node == LC_NODE_ANY || b[i].node == node) &&
		    lc_block_usable(ledger, &b[i]))
			b[kept++] = b[i];
	if (kept) {
		qsort(b, kept, sizeof(*b), by_preference);
		lc_stuck_last(root, b, kept);
	}
	*out = b;
	*n = kept;
	return 0;
}
