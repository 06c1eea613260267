// SPDX-License-Identifier: GPL-2.0
/* Who called whom on a core of a dead enclave, by frame pointers. */
#include <stdio.h>

#include "internal.h"

static bool word(struct lc_dead *d, uint64_t cr3, uint64_t va, uint64_t *out)
{
	uint64_t phys;

	return !(va & 7) && lc_vmap_translate(&d->phys, cr3, va, &phys) &&
	       !d->phys.read(d->phys.ctx, phys, out, sizeof(*out));
}

static void name_frame(const struct lc_image *image, struct coord_frame *f,
		       bool call)
{
	const char *name;

	/* The call is in front of where it returns to. */
	name = lc_image_symbol(image, f->addr - call, &f->offset);
	f->offset += name ? call : 0;
	snprintf(f->symbol, sizeof(f->symbol), "%s", name ? name : "");
}

static size_t unwind(struct lc_dead *d, const struct cok_regs *r,
		     const struct lc_image *image, struct coord_frame *out,
		     size_t max)
{
	uint64_t fp = r->rbp, next, ret;
	size_t n = 0;

	out[n].addr = r->rip;
	name_frame(image, &out[n++], false);
	while (n < max && word(d, r->cr3, fp, &next) &&
	       word(d, r->cr3, fp + 8, &ret) && ret) {
		out[n].addr = ret;
		name_frame(image, &out[n++], true);
		/* Frames lie one above the other, or it would never end. */
		if (next <= fp)
			break;
		fp = next;
	}
	return n;
}

ssize_t coord_backtrace(struct coord *c, const char *name, uint32_t slot,
			const char *image, struct coord_frame *out, size_t max,
			struct coord_err *err)
{
	const struct coord_core *k = NULL;
	struct lc_image img;
	struct lc_dead d;
	char path[4096];
	ssize_t n = -1;
	uint32_t i;

	if (!max)
		return 0;
	if (lc_image_path(image ? image : "", path, sizeof(path), err) ||
	    lc_image_open(&img, path, err))
		return -1;
	if (lc_dead_open(c, name, &d, err))
		goto out;
	for (i = 0; i < d.e->nr_cores; i++)
		if (d.e->cores[i].slot == slot && d.e->cores[i].has_regs &&
		    d.e->cores[i].regs.seq)
			k = &d.e->cores[i];
	if (k)
		n = (ssize_t)unwind(&d, &k->regs, &img, out, max);
	else
		lc_err(err, COORD_E_FAILED, ENODATA,
		       "core %u of '%s' left no registers", slot, name);
	lc_dead_close(&d);
out:
	lc_image_close(&img);
	return n;
}
