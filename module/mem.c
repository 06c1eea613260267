// SPDX-License-Identifier: GPL-2.0
/*
 * Memory blocks: user space offlines and onlines them through sysfs, this
 * file writes the intent, verifies, scrubs, and ends the lease. (Contiguous
 * ranges: contig.c.)
 */
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/netlink.h>
#include <linux/page-flags.h>
#include <linux/sched.h>
#include <asm/e820/api.h>

#include "cok.h"

/* rep stos: no call that a sanitizer has wrapped. */
static void zero_uninstrumented(void *p, size_t bytes)
{
	size_t words = bytes / 8;

	asm volatile("rep stosq" : "+D"(p), "+c"(words) : "a"(0UL) : "memory");
}

void cok_scrub(u64 start, u64 size)
{
	u64 done;

	for (done = 0; done < size; done += PMD_SIZE) {
		zero_uninstrumented(phys_to_virt(start + done),
				    min_t(u64, PMD_SIZE, size - done));
		cond_resched();
	}
}

enum online { ONLINE_ALL, ONLINE_NONE, ONLINE_MIXED };

/* Linux onlines and offlines by sections, so one page of each will do. */
static enum online online_state(u64 start, u64 size)
{
	bool some = false, missing = false;
	u64 at;

	for (at = start; at < start + size; at += PFN_PHYS(PAGES_PER_SECTION)) {
		if (pfn_to_online_page(PHYS_PFN(at)))
			some = true;
		else
			missing = true;
	}
	return some && missing ? ONLINE_MIXED : some ? ONLINE_ALL : ONLINE_NONE;
}

/* Poisoned pages may not be touched, balloon pages are the hypervisor's. */
static int check_pages(u64 start, u64 size, struct netlink_ext_ack *extack)
{
	u64 pfn;

	for (pfn = PHYS_PFN(start); pfn < PHYS_PFN(start + size); pfn++) {
		struct page *page = pfn_to_page(pfn);

		if (PageHWPoison(page)) {
			NL_SET_ERR_MSG(
				extack,
				"the block has pages with memory errors: choose another");
			return -EHWPOISON;
		}
		if (PageOffline(page)) {
			NL_SET_ERR_MSG(
				extack,
				"the block has pages a balloon took away: choose another");
			return -EBUSY;
		}
		if (!(pfn % PAGES_PER_SECTION))
			cond_resched();
	}
	return 0;
}

static bool is_boot_ram(u64 start, u64 size)
{
	u64 at;

	for (at = start; at < start + size; at += PFN_PHYS(PAGES_PER_SECTION))
		if (!e820__mapped_any(at, at + PAGE_SIZE, E820_TYPE_RAM))
			return false;
	return true;
}

static int check_range(u64 start, u64 size, struct netlink_ext_ack *extack)
{
	u64 block = memory_block_size_bytes();

	if (size == block && !(start & (block - 1)) && start + size > start)
		return 0;
	NL_SET_ERR_MSG(extack, "the range is not one memory block");
	return -EINVAL;
}

static int check_block(u64 start, u64 size, struct netlink_ext_ack *extack)
{
	if (cok_mem_in_transition(start, size)) {
		NL_SET_ERR_MSG(
			extack,
			"Linux is onlining or offlining this block right now: try again");
		return -EBUSY;
	}
	/*
	 * Linux removes hot-added memory that is offline without asking anybody
	 * (virtio-mem, ACPI eject), and may keep page structs in it.
	 */
	if (!is_boot_ram(start, size)) {
		NL_SET_ERR_MSG(
			extack,
			"the block was hot-added: only memory that was there at boot can be leased");
		return -ENODEV;
	}
	if (online_state(start, size) != ONLINE_ALL) {
		NL_SET_ERR_MSG(extack,
			       "the block is not online memory of Linux");
		return -ENODEV;
	}
	return check_pages(start, size, extack);
}

int cok_mem_take(u64 start, u64 size, const char *zone, u32 op, u32 *id,
		 struct netlink_ext_ack *extack)
{
	struct cok_lease want = {
		.kind = COK_RES_MEM,
		.source = COK_SRC_BLOCK,
		.start = start,
		.size = size,
	};
	int err = check_range(start, size, extack);

	if (err)
		return err;
	strscpy(want.zone, zone, sizeof(want.zone));
	err = cok_lease_add(&want, op, id);
	if (err == -EEXIST)
		NL_SET_ERR_MSG(extack, "the block is leased already");
	else if (err)
		NL_SET_ERR_MSG(extack, "the ledger has no room");
	if (err)
		return err;
	/* Looked at with the veto in place. */
	err = check_block(start, size, extack);
	if (err)
		cok_lease_move(*id, COK_LS_HOST, 0, 0);
	return err;
}

int cok_mem_taken_job(struct cok_job *job)
{
	struct cok_lease lease;
	int err = cok_lease_claim(job->lease, job->op, BIT(COK_LS_TAKING), 0,
				  &lease);

	if (err)
		return cok_job_fail(
			job, err,
			"lease %u is not being taken by this operation",
			job->lease);
	if (lease.source != COK_SRC_BLOCK)
		err = cok_job_fail(job, -EINVAL,
				   "lease %u is not a memory block",
				   job->lease);
	else if (cok_fault("memory verify") ||
		 cok_mem_in_transition(lease.start, lease.size) ||
		 online_state(lease.start, lease.size) != ONLINE_NONE)
		err = cok_job_fail(job, -EBUSY,
				   "the block at %#llx is not offline",
				   lease.start);
	else if (check_pages(lease.start, lease.size, NULL))
		err = cok_job_fail(
			job, -EHWPOISON,
			"the block at %#llx has pages with memory errors: choose another",
			lease.start);
	if (!err) {
		cok_scrub(lease.start, lease.size);
		err = cok_lease_move(lease.id, COK_LS_POOLED, 0, 0);
	}
	cok_lease_release(job->lease);
	return err;
}

/*
 * Memory was scrubbed when it entered the pool, and nobody has had it since:
 * lifting the veto is all there is to do. User space onlines it.
 */
static int block_return(const struct cok_lease *lease)
{
	if (lease->state == COK_LS_RETURNING)
		return 0;
	return cok_lease_move(lease->id, COK_LS_RETURNING, 0, 0);
}

int cok_lease_return_job(struct cok_job *job)
{
	struct cok_lease lease;
	int err;

	err = cok_lease_claim(job->lease, job->op,
			      BIT(COK_LS_TAKING) | BIT(COK_LS_POOLED) |
				      BIT(COK_LS_RETURNING),
			      0, &lease);
	if (err == -EBUSY)
		return cok_job_fail(
			job, err,
			"lease %u is in the pool, or in another operation's hands",
			job->lease);
	if (err == -EACCES)
		return cok_job_fail(
			job, -EBUSY,
			"lease %u belongs to an enclave: shrink or destroy that",
			job->lease);
	if (err)
		return cok_job_fail(job, err, "there is no lease %u",
				    job->lease);
	if (lease.reserved) {
		cok_pool_put_back(lease.id);
		return 0;
	}
	if (lease.kind == COK_RES_CPU)
		err = cok_cpu_return(job, &lease);
	else if (lease.source == COK_SRC_CONTIG)
		err = cok_contig_return(&lease);
	else
		err = block_return(&lease);
	cok_lease_release(job->lease);
	return err;
}

int cok_lease_home(u32 id, u32 op, struct netlink_ext_ack *extack)
{
	struct cok_lease lease;
	int err;

	err = cok_lease_claim(
		id, op, BIT(COK_LS_TAKING) | BIT(COK_LS_RETURNING), 0, &lease);
	if (err) {
		NL_SET_ERR_MSG(
			extack,
			"this lease is not on its way home in this operation");
		return err == -EACCES ? -EBUSY : err;
	}
	if (lease.source != COK_SRC_BLOCK ||
	    cok_mem_in_transition(lease.start, lease.size) ||
	    online_state(lease.start, lease.size) != ONLINE_ALL) {
		NL_SET_ERR_MSG(
			extack,
			"the block is not online yet: write 'online' to its state in sysfs");
		cok_lease_release(id);
		return -EBUSY;
	}
	return cok_lease_move(id, COK_LS_HOST, 0, 0);
}
