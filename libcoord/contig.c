// SPDX-License-Identifier: GPL-2.0
/*
 * Taking contiguous ranges. One step is one job of the module, of at most
 * COK_CONTIG_TAKE_MAX, which takes all of its range or nothing; neighbours
 * become one lease there.
 */
#include <stdio.h>
#include <stdlib.h>

#include "internal.h"

#define TAKE_LIMIT 60000 /* ms for one step */

static int take_step(struct coord *c, uint64_t start, uint64_t size,
		     struct coord_err *err)
{
	char what[80], s[24];
	struct lc_req r;

	snprintf(what, sizeof(what), "take %s of contiguous memory at %#llx",
		 coord_size_format(size, s, sizeof(s)),
		 (unsigned long long)start);
	lc_req_init(c, &r, COK_CMD_CONTIG_TAKE, 0, what);
	lc_put_u64(&r, COK_A_START, start);
	lc_put_u64(&r, COK_A_SIZE, size);
	return lc_job(c, &r, TAKE_LIMIT, err);
}

/* Is it this range that was refused, so that another one may do? */
static bool only_here(const struct coord_err *err)
{
	switch (err->err) {
	case EBUSY:
	case ENOMEM:
	case ENODEV:
	case EINVAL:
	case EEXIST:
	case EHWPOISON:
		return true;
	default:
		return false;
	}
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/*
 * Takes from the range's start; where that is refused, half as much is tried,
 * down to a unit, which is then passed over. -1: stop.
 */
static int take_range(struct coord *c, const struct coord_range *r,
		      const struct lc_want *w, uint64_t *got,
		      struct coord_err *err)
{
	uint64_t at = r->start, end = r->start + r->size;
	uint64_t step = COK_CONTIG_TAKE_MAX;

	while (at < end && *got < w->memory) {
		step = smaller(step, smaller(end - at, w->memory - *got));
		if (lc_go_on(c, w->deadline, err))
			return -1;
		if (!take_step(c, at, step, err)) {
			at += step;
			*got += step;
			step = COK_CONTIG_TAKE_MAX;
		} else if (!only_here(err)) {
			return -1;
		} else if (step > COK_CONTIG_UNIT) {
			step = step / 2 / COK_CONTIG_UNIT * COK_CONTIG_UNIT;
		} else {
			at += step;
			step = COK_CONTIG_TAKE_MAX;
		}
	}
	return 0;
}

int lc_take_contig(struct coord *c, const struct lc_want *w, uint64_t *got,
		   struct coord_err *err)
{
	struct lc_ledger ledger;
	struct coord_range *r;
	size_t n, i;
	int ret;

	*got = 0;
	if (lc_ledger_get(c, &ledger, err))
		return -1;
	ret = lc_pick_contig(c->root, &ledger, c->info.block_size, w->node,
			     w->memory, &r, &n, err);
	free(ledger.lease);
	if (ret)
		return -1;
	for (i = 0; i < n && *got < w->memory && !ret; i++)
		ret = take_range(c, &r[i], w, got, err);
	free(r);
	return ret;
}
