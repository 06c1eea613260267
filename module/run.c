// SPDX-License-Identifier: GPL-2.0
/*
 * Programs: their channels, and the directory by which the co-kernel finds them
 * (include/cok/run.h). A channel belongs to the file that made it, and to the
 * enclave until the co-kernel has let go of it. What is in it is the business of
 * the proxy and the co-kernel: the module reads two words of it, to know whether
 * to wake somebody, and believes neither.
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include <cok/run.h>
#include <cok/uapi.h>

#include "cok.h"
#include "compat.h"

struct cok_run {
	u32 index; /* in the directory */
	u32 id;
	bool started; /* run_lock: it has been in the directory */
	bool closed;  /* run_lock: its file is gone */
	void *mem;    /* COK_RUN_SIZE bytes */
};

static struct cok_run_entry *entry_of(struct cok_enclave *e, u32 index)
{
	return &cok_comm_run(e)->entry[index];
}

static void free_run(struct cok_enclave *e, struct cok_run *r)
{
	e->run[r->index] = NULL;
	free_pages_exact(r->mem, COK_RUN_SIZE);
	kfree(r);
}

/* Nobody in the enclave uses it: the co-kernel says so, or it is parked. */
static bool let_go(struct cok_enclave *e, const struct cok_run *r)
{
	u32 state = cok_enclave_state(e);

	if (!r->started)
		return true;
	if (READ_ONCE(entry_of(e, r->index)->done) == r->id)
		return true;
	return (state == COK_ST_STOPPED || state == COK_ST_FAILED) &&
	       !READ_ONCE(e->quarantined);
}

static void reap(struct cok_enclave *e)
{
	u32 i;

	lockdep_assert_held(&e->run_lock);
	for (i = 0; i < COK_RUN_MAX; i++) {
		struct cok_run *r = e->run[i];

		if (!r || !r->closed || !let_go(e, r))
			continue;
		WRITE_ONCE(entry_of(e, i)->state, COK_RUN_FREE);
		free_run(e, r);
	}
}

void cok_run_reap(struct cok_enclave *e)
{
	mutex_lock(&e->run_lock);
	reap(e);
	mutex_unlock(&e->run_lock);
}

void cok_run_free_all(struct cok_enclave *e)
{
	u32 i;

	for (i = 0; i < COK_RUN_MAX; i++)
		if (e->run[i])
			free_run(e, e->run[i]);
}

static struct cok_run *alloc_run(void)
{
	struct cok_run *r =
		cok_fault("program") ? NULL : kzalloc(sizeof(*r), GFP_KERNEL);

	if (!r)
		return NULL;
	r->mem = cok_fault("program channel")
			 ? NULL
			 : alloc_pages_exact(COK_RUN_SIZE,
					     GFP_KERNEL_ACCOUNT | __GFP_ZERO |
						     __GFP_NOWARN |
						     __GFP_RETRY_MAYFAIL);
	if (r->mem)
		return r;
	kfree(r);
	return NULL;
}

static int enter(struct cok_enclave *e, struct cok_run *r)
{
	u32 i;

	lockdep_assert_held(&e->run_lock);
	reap(e);
	for (i = 0; i < COK_RUN_MAX && e->run[i]; i++)
		;
	if (i == COK_RUN_MAX)
		return -EBUSY;
	r->index = i;
	r->id = ++e->last_run;
	e->run[i] = r;
	return 0;
}

int cok_run_open(struct cok_enclave *e, struct cok_run **out, u32 *id)
{
	struct cok_run *r = alloc_run();
	int err;

	if (!r)
		return -ENOMEM;
	mutex_lock(&e->run_lock);
	/* Two threads with one file: the first has it. */
	err = *out ? -EALREADY : enter(e, r);
	if (!err) {
		*id = r->id;
		WRITE_ONCE(*out, r);
	}
	mutex_unlock(&e->run_lock);
	if (!err)
		return 0;
	free_pages_exact(r->mem, COK_RUN_SIZE);
	kfree(r);
	return err;
}

int cok_run_start(struct cok_enclave *e, struct cok_run *r)
{
	struct cok_run_entry *entry = entry_of(e, r->index);
	int err = 0;

	mutex_lock(&e->run_lock);
	if (cok_enclave_state(e) != COK_ST_RUNNING)
		err = -ENOTCONN;
	else if (r->started)
		err = -EALREADY;
	if (!err) {
		r->started = true;
		entry->phys = virt_to_phys(r->mem);
		entry->size = COK_RUN_SIZE;
		WRITE_ONCE(entry->id, r->id);
		/* The rest of the entry and the channel are there before. */
		smp_store_release(&entry->state, COK_RUN_START);
	}
	mutex_unlock(&e->run_lock);
	if (!err)
		cok_doorbell_ring(e);
	return err;
}

void cok_run_close(struct cok_enclave *e, struct cok_run *r)
{
	bool ring = false;

	mutex_lock(&e->run_lock);
	r->closed = true;
	if (r->started) {
		WRITE_ONCE(entry_of(e, r->index)->state, COK_RUN_CLOSE);
		ring = cok_enclave_live(e);
	}
	reap(e);
	mutex_unlock(&e->run_lock);
	if (ring)
		cok_doorbell_ring(e);
}

static struct cok_run_slot *slot_of(struct cok_run *r, u32 slot)
{
	return (struct cok_run_slot *)(r->mem + COK_RUN_SLOTS_AT) + slot;
}

/* Something for the proxy to look at. */
static bool wanted(struct cok_enclave *e, struct cok_run *r, u32 slot)
{
	const struct cok_run_head *head = r->mem;

	return (slot < COK_RUN_SLOTS &&
		READ_ONCE(slot_of(r, slot)->state) == COK_SLOT_REQUEST) ||
	       READ_ONCE(head->state) >= COK_RUN_ENDED ||
	       READ_ONCE(entry_of(e, r->index)->done) == r->id ||
	       cok_enclave_state(e) != COK_ST_RUNNING;
}

static int verdict(struct cok_enclave *e, struct cok_run *r)
{
	const struct cok_run_head *head = r->mem;

	if (READ_ONCE(head->state) >= COK_RUN_ENDED)
		return 0;
	if (cok_enclave_state(e) != COK_ST_RUNNING)
		return -EPIPE;
	return READ_ONCE(entry_of(e, r->index)->done) == r->id ? -ENOMEM : 0;
}

int cok_run_wait(struct cok_enclave *e, struct cok_run *r, u32 slot, u32 kick,
		 u32 timeout_ms)
{
	long left;

	if (slot > COK_RUN_SLOTS ||
	    (kick != COK_RUN_NOBODY && kick >= COK_MAX_CORES))
		return -EINVAL;
	if (!READ_ONCE(r->started))
		return -ENOTCONN;
	if (kick != COK_RUN_NOBODY)
		cok_doorbell_ring_core(e, kick);
	left = wait_event_interruptible_timeout(e->wait, wanted(e, r, slot),
						msecs_to_jiffies(timeout_ms));
	if (left < 0)
		return -EINTR;
	if (!left)
		return -ETIMEDOUT;
	return verdict(e, r);
}

int cok_run_mmap(struct cok_run *r, struct vm_area_struct *vma)
{
	unsigned long size = vma->vm_end - vma->vm_start, at;
	int err = 0;

	if (vma->vm_pgoff || size != COK_RUN_SIZE ||
	    (vma->vm_flags & (VM_SHARED | VM_EXEC)) != VM_SHARED)
		return -EINVAL;
	cok_vm_flags_set(vma, VM_DONTCOPY | VM_DONTEXPAND | VM_DONTDUMP);
	cok_vm_flags_clear(vma, VM_MAYEXEC);
	for (at = 0; at < size && !err; at += PAGE_SIZE)
		err = vm_insert_page(vma, vma->vm_start + at,
				     virt_to_page(r->mem + at));
	return err;
}
