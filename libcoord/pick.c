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

bool lc_cpu_leased(const struct lc_ledger *l, uint32_t cpu)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (l->lease[i].kind == COK_RES_CPU && l->lease[i].cpu == cpu)
			return true;
	return false;
}

static int check_listed(uint32_t cpu, const struct lc_cpus *present,
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
	return 0;
}

int lc_pick_listed(const char *root, const struct lc_ledger *ledger,
		   const char *list, struct lc_cpus *out, struct coord_err *err)
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
		if (check_listed(i, &present, &online, ledger, err))
			return -1;
		lc_cpus_del(&online, i);
	}
	if (!lc_cpus_count(&online))
		return lc_err(
			err, COORD_E_INVALID, EBUSY,
			"the last online CPU stays with Linux; leave one out");
	return 0;
}

static void siblings(const char *root, uint32_t cpu, struct lc_cpus *out)
{
	char path[96];

	snprintf(path, sizeof(path),
		 CPU_DIR "/cpu%u/topology/thread_siblings_list", cpu);
	if (lc_cpus_read(root, out, path)) {
		memset(out, 0, sizeof(*out));
		lc_cpus_add(out, cpu);
	}
}

/* May all of the core be taken, and how large is it? 0: no. */
static uint32_t whole_core(const struct lc_cpus *core,
			   const struct lc_cpus *candidates)
{
	uint32_t i;

	for (i = 0; i < LC_MAX_CPUS / 64; i++)
		if (core->bits[i] & ~candidates->bits[i])
			return 0;
	return lc_cpus_count(core);
}

/* Moves CPUs of `from` that are in `set` to the end of the order. */
static void move(struct lc_cpus *from, const struct lc_cpus *set,
		 uint32_t *order, uint32_t *n)
{
	uint32_t i;

	for (i = LC_MAX_CPUS; i-- > 0;) {
		if (!lc_cpus_has(from, i) || !lc_cpus_has(set, i))
			continue;
		order[(*n)++] = i;
		lc_cpus_del(from, i);
	}
}

static int not_enough(uint32_t want, uint32_t have, struct coord_err *err)
{
	if (!have)
		return lc_err(
			err, COORD_E_INVALID, ENODEV,
			"no CPU can be taken now: CPU 0 stays with Linux and no other is online and free");
	return lc_err(
		err, COORD_E_INVALID, ENODEV,
		"%u CPUs asked for, but only %u can be taken now (CPU 0 stays with Linux)",
		want, have);
}

int lc_pick_cpus(const char *root, const struct lc_ledger *ledger,
		 uint32_t want, uint32_t *order, uint32_t *n,
		 struct coord_err *err)
{
	struct lc_cpus online, left, core;
	uint32_t i, have;

	if (lc_cpus_read(root, &online, CPU_DIR "/online"))
		return lc_err(err, COORD_E_FAILED, ENOENT,
			      "cannot read which CPUs are online in /%s",
			      CPU_DIR);
	left = online;
	lc_cpus_del(&left, 0);
	for (i = 0; i < LC_MAX_CPUS; i++)
		if (lc_cpus_has(&left, i) && lc_cpu_leased(ledger, i))
			lc_cpus_del(&left, i);
	have = lc_cpus_count(&left);
	if (have && !lc_cpus_has(&online, 0) && have == lc_cpus_count(&online))
		have--; /* one must stay */
	if (!want || want > have)
		return not_enough(want, have, err);
	/* Whole cores that fit, from the highest; then whatever is left. */
	*n = 0;
	for (i = LC_MAX_CPUS; i-- > 0 && *n < want;) {
		if (!lc_cpus_has(&left, i))
			continue;
		siblings(root, i, &core);
		have = whole_core(&core, &left);
		if (have && have <= want - *n)
			move(&left, &core, order, n);
	}
	move(&left, &online, order, n);
	return 0;
}

void lc_sibling_warning(const char *root, const struct lc_cpus *taken,
			char *buf, size_t size)
{
	struct lc_cpus core;
	uint32_t i, k;

	buf[0] = '\0';
	for (i = 0; i < LC_MAX_CPUS; i++) {
		if (!lc_cpus_has(taken, i))
			continue;
		siblings(root, i, &core);
		for (k = 0; k < LC_MAX_CPUS; k++) {
			if (!lc_cpus_has(&core, k) || lc_cpus_has(taken, k))
				continue;
			snprintf(
				buf, size,
				"CPU %u shares its core with CPU %u, which stays with Linux: they slow each other and share caches",
				i, k);
			return;
		}
	}
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

bool lc_block_usable(const char *root, const struct lc_ledger *ledger,
		     const struct lc_block *b)
{
	return b->online && zone_rank(b->zone) &&
	       !lc_range_leased(ledger, b->start, b->size) &&
	       !lc_has_kernel(root, b->start, b->size);
}

int lc_pick_blocks(const char *root, const struct lc_ledger *ledger,
		   uint64_t block_size, struct lc_block **out, size_t *n,
		   struct coord_err *err)
{
	struct lc_block *b;
	size_t i, all, kept = 0;

	if (lc_blocks(root, block_size, &b, &all))
		return lc_err(
			err, COORD_E_FAILED, errno,
			"this kernel has no memory hotplug (no /sys/devices/system/memory)");
	for (i = 0; i < all; i++)
		if (lc_block_usable(root, ledger, &b[i]))
			b[kept++] = b[i];
	if (kept)
		qsort(b, kept, sizeof(*b), by_preference);
	*out = b;
	*n = kept;
	return 0;
}
