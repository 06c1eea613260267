// SPDX-License-Identifier: GPL-2.0
/* The memory of a dead enclave, for its post-mortem: COK_IOC_MEMORY in uapi.h. */
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <cok/uapi.h>

#include "cok.h"

/* Is all of it in one lease of this enclave? Those of a dead one don't move. */
static bool holds(struct cok_enclave *e, u64 start, u64 size)
{
	struct cok_lease l;
	u32 id = 0;

	while (!cok_lease_next(id, &l)) {
		id = l.id;
		if (l.kind != COK_RES_MEM || l.enclave != e->id ||
		    (l.state != COK_LS_GRANTED &&
		     l.state != COK_LS_QUARANTINED))
			continue;
		if (start >= l.start && start - l.start < l.size &&
		    size <= l.size - (start - l.start))
			return true;
	}
	return false;
}

/*
 * Destroy takes job_lock before any of it is pooled. Nothing is copied to user
 * space under that lock: a page of the reader's own that never comes must not
 * hold up a destroy.
 */
static int copy_dead(struct cok_enclave *e, u64 start, void *to, u32 size)
{
	u32 state;
	int err = 0;

	if (mutex_lock_interruptible(&e->job_lock))
		return -EINTR;
	state = cok_enclave_state(e);
	if (state == COK_ST_DESTROYED)
		err = -EPIPE;
	else if (state != COK_ST_STOPPED && state != COK_ST_FAILED)
		err = -EBUSY;
	else if (!holds(e, start, size))
		err = -ENXIO;
	else
		memcpy(to, phys_to_virt(start), size);
	mutex_unlock(&e->job_lock);
	return err;
}

long cok_dump_ioctl(struct cok_enclave *e, void __user *arg)
{
	struct cok_ioc_memory m;
	void *copy;
	int err;

	if (copy_from_user(&m, arg, sizeof(m)))
		return -EFAULT;
	if (m.size != sizeof(m) || !m.bytes || m.bytes > COK_MEMORY_MAX ||
	    m.start + m.bytes < m.start)
		return -EINVAL;
	copy = kvmalloc(m.bytes, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	err = copy_dead(e, m.start, copy, m.bytes);
	if (!err && copy_to_user(u64_to_user_ptr(m.buffer), copy, m.bytes))
		err = -EFAULT;
	kvfree(copy);
	return err;
}
