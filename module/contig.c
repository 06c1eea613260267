// SPDX-License-Identifier: GPL-2.0
/*
 * Contiguous ranges: memory inside blocks that stay online. Linux moves away
 * what is there and hands us the pages, as it does for any other allocation;
 * a block with such pages in it refuses to go offline by itself. User space
 * chooses where; one job is bounded, so that a deadline between two of them
 * will do.
 */
#include <linux/gfp.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/page-flags.h>
#include <linux/sched.h>

#include "cok.h"
#include "compat.h"

#define UNIT_PAGES (COK_CONTIG_UNIT / PAGE_SIZE)

static int check_range(struct cok_job *job)
{
	if ((job->start | job->size) % COK_CONTIG_UNIT || !job->size)
		return cok_job_fail(
			job, -EINVAL,
			"%#llx bytes at %#llx are not in units of %llu MiB",
			job->size, job->start, COK_CONTIG_UNIT >> 20);
	if (job->size > COK_CONTIG_TAKE_MAX)
		return cok_job_fail(
			job, -EINVAL,
			"%llu MiB are too much for one step: at most %llu",
			job->size >> 20, COK_CONTIG_TAKE_MAX >> 20);
	if (job->start < COK_CONTIG_LOWEST ||
	    job->start + job->size < job->start)
		return cok_job_fail(job, -EINVAL,
				    "%#llx lies below what may be taken, %#llx",
				    job->start, COK_CONTIG_LOWEST);
	return 0;
}

/* Why a page may not be taken, whoever uses it; NULL if it may. */
static const char *unfit(struct page *page, const struct page *first, int *err)
{
	*err = -ENODEV;
	if (!page)
		return "has no online memory";
	if (is_zone_movable_page(page))
		return "is in ZONE_MOVABLE, which must stay movable: take blocks there";
	*err = -EINVAL;
	if (page_zone(page) != page_zone(first))
		return "is in another zone than the range's start";
	*err = -EHWPOISON;
	if (PageHWPoison(page))
		return "has a memory error";
	*err = -EBUSY;
	if (PageReserved(page))
		return "is reserved by Linux for good";
	if (PageOffline(page))
		return "was taken away by a balloon";
	*err = 0;
	return NULL;
}

static int check_pages(struct cok_job *job)
{
	u64 end = PHYS_PFN(job->start + job->size), pfn;
	struct page *first = pfn_to_online_page(PHYS_PFN(job->start));

	for (pfn = PHYS_PFN(job->start); pfn < end; pfn++) {
		int err;
		const char *why = unfit(pfn_to_online_page(pfn), first, &err);

		if (why)
			return cok_job_fail(job, err, "the page at %#llx %s",
					    PFN_PHYS(pfn), why);
		if (!(pfn % UNIT_PAGES))
			cond_resched();
	}
	return 0;
}

/* Intent. Busy until the job ends: nobody returns what is half taken. */
static int add_lease(struct cok_job *job)
{
	struct page *first = pfn_to_online_page(PHYS_PFN(job->start));
	struct cok_lease want = {
		.kind = COK_RES_MEM,
		.source = COK_SRC_CONTIG,
		.start = job->start,
		.size = job->size,
		.busy = true,
	};
	int err;

	if (first)
		strscpy(want.zone, page_zone(first)->name, sizeof(want.zone));
	err = cok_lease_add(&want, job->op, &job->lease);
	if (err == -EEXIST)
		return cok_job_fail(
			job, err,
			"%#llx overlaps memory that is leased already",
			job->start);
	if (err)
		return cok_job_fail(job, err, "the ledger has no room");
	return 0;
}

static int allocate(struct cok_job *job)
{
	int err;

	if (cok_mem_in_transition(job->start, job->size))
		return cok_job_fail(
			job, -EBUSY,
			"Linux is onlining or offlining the block at %#llx right now: try again",
			job->start);
	err = cok_fault("contiguous range")
		      ? -ENOMEM
		      : cok_alloc_contig(PHYS_PFN(job->start),
					 PHYS_PFN(job->size));
	if (err)
		return cok_job_fail(job, err,
				    "the %llu MiB at %#llx can't be made free",
				    job->size >> 20, job->start);
	return 0;
}

static void give_back(u64 start, u64 size)
{
	u64 done;

	for (done = 0; done < size; done += COK_CONTIG_UNIT) {
		free_contig_range(PHYS_PFN(start + done), UNIT_PAGES);
		cond_resched();
	}
}

static int take(struct cok_job *job)
{
	/* Looked at with the veto in place ... */
	int err = check_pages(job);

	if (!err)
		err = allocate(job);
	if (err)
		goto err_lease;
	/* ... and when it is ours: poisoned pages may not be touched. */
	err = check_pages(job);
	if (err)
		goto err_range;
	cok_scrub(job->start, job->size);
	return cok_lease_move(job->lease, COK_LS_POOLED, 0, 0);

err_range:
	give_back(job->start, job->size);
err_lease:
	cok_lease_move(job->lease, COK_LS_HOST, 0, 0);
	return err;
}

int cok_contig_take_job(struct cok_job *job)
{
	int err = check_range(job);

	if (!err)
		err = add_lease(job);
	if (err)
		return err;
	err = take(job);
	cok_lease_release(job->lease);
	if (!err)
		cok_lease_join(job->lease);
	return err;
}

/* It was scrubbed when it entered the pool, and nobody has had it since. */
int cok_contig_return(const struct cok_lease *lease)
{
	/* Taken and returned by one job each: nothing is half done. */
	if (WARN_ON_ONCE(lease->state != COK_LS_POOLED))
		return -EBUSY;
	cok_lease_move(lease->id, COK_LS_RETURNING, 0, 0);
	give_back(lease->start, lease->size);
	return cok_lease_move(lease->id, COK_LS_HOST, 0, 0);
}
