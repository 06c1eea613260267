// SPDX-License-Identifier: GPL-2.0
/*
 * The comm area: boot parameters (first page) and everything of comm.h, in
 * physically contiguous pages that the host owns until the enclave is gone.
 */
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/timekeeping.h>
#include <asm/msr.h>
#include <asm/tsc.h>

#include "cok.h"

/* Where everything is, from the start of struct cok_comm. */
struct geometry {
	struct cok_region h2c, c2h, conin, log, stats, run;
	u32 size;
};

static struct cok_region place(u32 *at, u32 bytes)
{
	struct cok_region r = { .offset = *at, .size = PAGE_ALIGN(bytes) };

	*at += r.size;
	return r;
}

static struct geometry geometry(void)
{
	const u32 ring = sizeof(struct cok_ring);
	const u32 ctrl = ring + COK_CTRL_SLOTS * sizeof(struct cok_msg);
	struct geometry g;

	g.size = sizeof(struct cok_comm);
	g.h2c = place(&g.size, ctrl);
	g.c2h = place(&g.size, ctrl);
	g.conin = place(&g.size, ring + COK_CONIN_BYTES);
	g.log = place(&g.size, ring + COK_LOG_BYTES);
	g.stats = place(&g.size, COK_MAX_CORES * sizeof(struct cok_stats));
	g.run = place(&g.size, sizeof(struct cok_run_dir));
	return g;
}

static void fill(const struct cok_enclave *e, struct cok_comm *c)
{
	const struct geometry g = geometry();

	c->magic = COK_COMM_MAGIC;
	c->abi_major = COK_ABI_MAJOR;
	c->abi_minor = COK_ABI_MINOR;
	c->size = g.size;
	c->nr_stats = COK_MAX_CORES;
	c->epoch = e->epoch;
	c->h2c = g.h2c;
	c->c2h = g.c2h;
	c->conin = g.conin;
	c->log = g.log;
	c->stats = g.stats;
	c->run = g.run;
}

int cok_comm_alloc(struct cok_enclave *e)
{
	e->comm_order = get_order(PAGE_SIZE + geometry().size);
	e->comm_pages =
		cok_fault("comm area")
			? NULL
			: alloc_pages(GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN |
					      __GFP_RETRY_MAYFAIL,
				      e->comm_order);
	if (!e->comm_pages)
		return -ENOMEM;
	e->boot = page_address(e->comm_pages);
	e->comm = page_address(e->comm_pages) + PAGE_SIZE;
	e->epoch = get_random_u32() | 1; /* not 0 */
	fill(e, e->comm);
	return 0;
}

void cok_comm_free(struct cok_enclave *e)
{
	if (e->comm_pages)
		__free_pages(e->comm_pages, e->comm_order);
	e->comm_pages = NULL;
}

u64 cok_comm_phys(const struct cok_enclave *e)
{
	return page_to_phys(e->comm_pages);
}

/* Computed anew: never through the offsets in shared memory. */
void cok_comm_rings(struct cok_enclave *e, struct cok_comm_rings *r)
{
	const struct geometry g = geometry();
	void *base = e->comm;

	r->h2c = base + g.h2c.offset;
	r->c2h = base + g.c2h.offset;
	r->conin = base + g.conin.offset;
	r->log = base + g.log.offset;
}

struct cok_stats *cok_comm_stats(struct cok_enclave *e, u32 slot)
{
	return (void *)e->comm + geometry().stats.offset +
	       slot * sizeof(struct cok_stats);
}

struct cok_run_dir *cok_comm_run(struct cok_enclave *e)
{
	return (void *)e->comm + geometry().run.offset;
}
