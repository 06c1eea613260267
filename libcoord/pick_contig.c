// SPDX-License-Identifier: GPL-2.0
/*
 * Policy: which contiguous ranges to take. /proc/kpageflags tells of each page
 * what it is used for: a unit of memory whose pages are all free or on the
 * LRU lists can probably be made free; one with a page of the kernel's own
 * certainly not. The module and Linux find out.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <linux/kernel-page-flags.h>

#include "internal.h"

#define PAGE	   4096ULL
#define UNIT_PAGES (COK_CONTIG_UNIT / PAGE)

#define BIT(n) (1ULL << (n))
/* A whole block may go offline with these, a range in it not. */
#define STAY_IN_RANGE (BIT(KPF_HUGE) | BIT(KPF_UNEVICTABLE))

/*
 * How a range is liked, best first. MAYBE has pages that say nothing about
 * themselves: the kernel's, or free ones that some CPU keeps at hand. Blocks
 * that could go offline as a whole are left for that.
 */
enum liking { IN_BROKEN_BLOCK, IN_WHOLE_BLOCK, MAYBE, STAYS };

struct candidate {
	struct coord_range r;
	enum liking liking;
};

struct candidates {
	struct candidate *c;
	size_t n, room;
	uint64_t bytes[STAYS]; /* by liking */
};

/* What a unit's pages say; MAYBE, STAYS, or it can be had. */
static enum liking judge_unit(const uint64_t *flags)
{
	enum liking unit = IN_WHOLE_BLOCK;
	bool head_moves = false;
	size_t i;

	for (i = 0; i < UNIT_PAGES; i++) {
		bool tail = flags[i] & BIT(KPF_COMPOUND_TAIL);
		bool moves = flags[i] & (BIT(KPF_BUDDY) | BIT(KPF_LRU));

		if (lc_page_stuck(flags[i]) || flags[i] & STAY_IN_RANGE)
			return STAYS;
		if (!tail)
			head_moves = moves;
		if (tail ? !head_moves : !moves)
			unit = MAYBE;
	}
	return unit;
}

static int add(struct candidates *all, const struct coord_range *r,
	       enum liking liking)
{
	size_t room = all->room ? 2 * all->room : 64;
	struct candidate *p;

	if (!r->size || liking == STAYS)
		return 0;
	if (all->n == all->room) {
		p = reallocarray(all->c, room, sizeof(*p));
		if (!p)
			return -1;
		all->c = p;
		all->room = room;
	}
	all->c[all->n++] = (struct candidate){ *r, liking };
	all->bytes[liking] += r->size;
	return 0;
}

/* The judgements of a block's units as runs of the same kind. */
static int add_runs(struct candidates *all, uint64_t start,
		    const enum liking *unit, size_t n)
{
	struct coord_range run = { start, 0 };
	bool whole = true;
	enum liking now, last = STAYS;
	size_t i;

	for (i = 0; i < n; i++)
		whole = whole && unit[i] == IN_WHOLE_BLOCK;
	for (i = 0; i < n; i++) {
		now = !whole && unit[i] == IN_WHOLE_BLOCK ? IN_BROKEN_BLOCK
							  : unit[i];
		if (now != last) {
			if (add(all, &run, last))
				return -1;
			run = (struct coord_range){ start + i * COK_CONTIG_UNIT,
						    0 };
		}
		run.size += COK_CONTIG_UNIT;
		last = now;
	}
	return add(all, &run, last);
}

static int scan_block(struct candidates *all, int fd, const struct lc_block *b,
		      const struct lc_ledger *ledger)
{
	size_t n = b->size / COK_CONTIG_UNIT, i;
	uint64_t flags[UNIT_PAGES];
	enum liking *unit = calloc(n, sizeof(*unit));
	int ret;

	if (!unit)
		return -1;
	for (i = 0; i < n; i++) {
		uint64_t at = b->start + i * COK_CONTIG_UNIT;
		off_t pos = (off_t)(at / PAGE * sizeof(*flags));

		if (at < COK_CONTIG_LOWEST ||
		    lc_range_leased(ledger, at, COK_CONTIG_UNIT))
			unit[i] = STAYS;
		else if (fd < 0)
			unit[i] = MAYBE; /* a kernel that does not tell */
		else if (pread(fd, flags, sizeof(flags), pos) !=
			 (ssize_t)sizeof(flags))
			unit[i] = STAYS;
		else
			unit[i] = judge_unit(flags);
	}
	ret = add_runs(all, b->start, unit, n);
	free(unit);
	return ret;
}

static bool usable(const struct lc_block *b, int node)
{
	return b->online && (node == LC_NODE_ANY || b->node == node) &&
	       (!strcmp(b->zone, "Normal") || !strcmp(b->zone, "DMA32"));
}

/* On a large host not every page need be looked at. */
static bool enough(const struct candidates *all, uint64_t want)
{
	return all->bytes[IN_BROKEN_BLOCK] >= want ||
	       all->bytes[IN_BROKEN_BLOCK] + all->bytes[IN_WHOLE_BLOCK] >=
		       8 * want;
}

static int scan(struct candidates *all, const char *root,
		const struct lc_ledger *ledger, const struct lc_block *b,
		size_t n, int node, uint64_t want)
{
	char path[512];
	int fd, ret = 0;

	snprintf(path, sizeof(path), "%s/proc/kpageflags", root);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	/* From the highest address, as blocks. */
	while (n-- > 0 && !ret && !enough(all, want))
		if (usable(&b[n], node))
			ret = scan_block(all, fd, &b[n], ledger);
	if (fd >= 0)
		close(fd);
	return ret;
}

/* Few large ranges before many small ones. */
static int by_preference(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->liking != y->liking)
		return x->liking < y->liking ? -1 : 1;
	if (x->r.size != y->r.size)
		return x->r.size > y->r.size ? -1 : 1;
	return x->r.start < y->r.start ? 1 : -(x->r.start > y->r.start);
}

int lc_pick_contig(const char *root, const struct lc_ledger *ledger,
		   uint64_t block_size, int node, uint64_t want,
		   struct coord_range **out, size_t *n, struct coord_err *err)
{
	struct candidates all = { 0 };
	struct lc_block *b;
	size_t nb, i;
	int ret;

	if (lc_blocks(root, block_size, &b, &nb))
		return lc_err(
			err, COORD_E_FAILED, errno,
			"this kernel has no memory hotplug (no /sys/devices/system/memory)");
	ret = scan(&all, root, ledger, b, nb, node, want);
	free(b);
	*out = ret ? NULL : calloc(all.n + 1, sizeof(**out));
	if (*out) {
		if (all.n)
			qsort(all.c, all.n, sizeof(*all.c), by_preference);
		for (i = 0; i < all.n; i++)
			(*out)[i] = all.c[i].r;
		*n = all.n;
	}
	free(all.c);
	return *out ? 0 : lc_err(err, COORD_E_FAILED, ENOMEM, "out of memory");
}
