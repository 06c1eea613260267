// SPDX-License-Identifier: GPL-2.0
/*
 * Enclaves: the registry, the object's life, its state and its core slots.
 * The embedded struct device counts the references.
 */
#include <linux/ctype.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <net/netlink.h>

#include "cok.h"

static DEFINE_MUTEX(registry_lock);
static LIST_HEAD(registry); /* registry_lock: by ascending id */
static u32 last_id;	    /* registry_lock */
static u32 nr_enclaves;	    /* registry_lock */

/* ---- references and lookup ------------------------------------------------- */

struct cok_enclave *cok_enclave_get(struct cok_enclave *e)
{
	get_device(&e->dev);
	return e;
}

void cok_enclave_put(struct cok_enclave *e)
{
	put_device(&e->dev);
}

static struct cok_enclave *find_name(const char *name)
{
	struct cok_enclave *e;

	list_for_each_entry (e, &registry, node)
		if (!strcmp(e->name, name))
			return e;
	return NULL;
}

struct cok_enclave *cok_enclave_by_name(const char *name)
{
	struct cok_enclave *e;

	mutex_lock(&registry_lock);
	e = find_name(name);
	if (e)
		cok_enclave_get(e);
	mutex_unlock(&registry_lock);
	return e;
}

struct cok_enclave *cok_enclave_next(u32 id)
{
	struct cok_enclave *e, *found = NULL;

	mutex_lock(&registry_lock);
	list_for_each_entry (e, &registry, node) {
		if (e->id <= id)
			continue;
		found = cok_enclave_get(e);
		break;
	}
	mutex_unlock(&registry_lock);
	return found;
}

u32 cok_enclave_abandoned(void)
{
	struct cok_enclave *e;
	struct cok_op_info op;
	u32 n = 0;

	mutex_lock(&registry_lock);
	list_for_each_entry (e, &registry, node) {
		cok_op_info(e, &op);
		n += op.id && !op.alive;
	}
	mutex_unlock(&registry_lock);
	return n;
}

struct cok_enclave *cok_enclave_by_id(u32 id)
{
	struct cok_enclave *e = id ? cok_enclave_next(id - 1) : NULL;

	if (e && e->id != id) {
		cok_enclave_put(e);
		return NULL;
	}
	return e;
}

/* ---- creation ----------------------------------------------------------------- */

static void release(struct device *dev)
{
	struct cok_enclave *e = container_of(dev, struct cok_enclave, dev);

	cok_run_free_all(e);
	cok_pt_free(&e->pt);
	cok_comm_free(e);
	cok_log_free(&e->log);
	kfree(e);
}

static void drain_work(struct work_struct *work)
{
	cok_chan_drain(container_of(work, struct cok_enclave, drain_work));
}

/* It becomes a file in /dev and /sys: letters, digits, and "_.-" inside. */
static bool name_ok(const char *name)
{
	if (!isalnum(name[0]) && name[0] != '_')
		return false;
	for (; *name; name++)
		if (!isascii(*name) ||
		    (!isalnum(*name) && !strchr("_.-", *name)))
			return false;
	return true;
}

static struct cok_enclave *alloc(const char *name, u32 uid)
{
	struct cok_enclave *e =
		cok_fault("enclave") ? NULL : kzalloc(sizeof(*e), GFP_KERNEL);

	if (!e)
		return NULL;
	device_initialize(&e->dev);
	e->dev.release = release;
	strscpy(e->name, name, sizeof(e->name));
	e->uid = uid;
	e->state = COK_ST_CREATED;
	e->state_ns = ktime_get_boottime_ns();
	spin_lock_init(&e->lock);
	mutex_init(&e->job_lock);
	mutex_init(&e->halt_lock);
	mutex_init(&e->run_lock);
	INIT_LIST_HEAD(&e->node);
	INIT_LIST_HEAD(&e->pt.pages);
	INIT_WORK(&e->drain_work, drain_work);
	cok_watch_init(e);
	cok_asked_init(e);
	return e;
}

/* All that can fail is acquired here, before anything is taken from Linux. */
static int acquire(struct cok_enclave *e)
{
	int err = cok_comm_alloc(e);

	if (err)
		return err;
	cok_chan_init(e);
	err = cok_log_init(&e->log);
	if (err)
		return err;
	err = cok_pt_init(&e->pt);
	return err ? err : cok_doorbell_alloc(e);
}

static int admit(const struct cok_enclave *e, struct netlink_ext_ack *extack)
{
	if (find_name(e->name)) {
		NL_SET_ERR_MSG(
			extack,
			"an enclave of this name exists: choose another name or destroy it");
		return -EEXIST;
	}
	if (nr_enclaves == COK_MAX_ENCLAVES) {
		NL_SET_ERR_MSG(extack, "there are 64 enclaves already");
		return -ENOSPC;
	}
	return 0;
}

/*
 * Nobody finds it before its operation exists and its node: the registry's
 * lock is held until both do.
 */
static int enter(struct cok_enclave *e, const struct cok_opener *by, u32 kind,
		 u32 *op, struct netlink_ext_ack *extack)
{
	int err;

	mutex_lock(&registry_lock);
	err = admit(e, extack);
	if (err)
		goto out;
	e->id = ++last_id;
	err = cok_op_begin(by, kind, e, false, op);
	if (err)
		goto out;
	err = cok_dev_add(e);
	if (err) {
		NL_SET_ERR_MSG(extack, "the device node could not be made");
		goto err_op;
	}
	nr_enclaves++;
	list_add_tail(&e->node, &registry);
	__module_get(THIS_MODULE);
	cok_event_state(e, COK_ST_CREATED, e->state_ns, "");
out:
	mutex_unlock(&registry_lock);
	return err;

err_op:
	mutex_unlock(&registry_lock);
	cok_op_end(by->portid);
	return err;
}

static void leave(struct cok_enclave *e)
{
	mutex_lock(&registry_lock);
	list_del_init(&e->node);
	nr_enclaves--;
	mutex_unlock(&registry_lock);
	module_put(THIS_MODULE);
}

int cok_enclave_new(const char *name, u32 uid, const struct cok_opener *by,
		    u32 kind, u32 *id, u32 *op, struct netlink_ext_ack *extack)
{
	struct cok_enclave *e;
	int err;

	if (!name_ok(name)) {
		NL_SET_ERR_MSG(
			extack,
			"a name is 1 to 31 letters, digits, '_', '.' or '-', and starts with a letter, digit or '_'");
		return -EINVAL;
	}
	e = alloc(name, uid);
	if (!e)
		return -ENOMEM;
	err = acquire(e);
	if (err) {
		NL_SET_ERR_MSG(
			extack,
			"no memory or interrupt vector for the enclave's own needs");
		goto err_put;
	}
	/* A reference of our own: others may end it as soon as it is entered. */
	cok_enclave_get(e);
	err = enter(e, by, kind, op, extack);
	if (err)
		goto err_bell;
	*id = e->id;
	cok_enclave_put(e);
	return 0;

err_bell:
	cok_doorbell_free(e);
	cancel_work_sync(&e->drain_work);
	cok_enclave_put(e);
err_put:
	cok_enclave_put(e);
	return err;
}

void cok_enclave_remove(struct cok_enclave *e)
{
	lockdep_assert_held(&e->job_lock);
	if (WARN_ON(cok_enclave_set_state(e, COK_ST_DESTROYED, NULL)))
		return;
	cok_dev_del(e);
	cok_watch_stop(e);
	cok_doorbell_free(e);
	cancel_work_sync(&e->drain_work);
	leave(e);
	cok_enclave_put(e);
}

/* ---- state ---------------------------------------------------------------------- */

u32 cok_enclave_state(struct cok_enclave *e)
{
	return READ_ONCE(e->state);
}

int cok_enclave_set_state(struct cok_enclave *e, u32 to, const char *reason)
{
	int err = 0;

	spin_lock(&e->lock);
	if (cok_state_ok(e->state, to)) {
		WRITE_ONCE(e->state, to);
		e->state_ns = ktime_get_boottime_ns();
		if (reason)
			strscpy(e->reason, reason, sizeof(e->reason));
		cok_event_state(e, to, e->state_ns, e->reason);
	} else {
		err = -EINVAL;
	}
	spin_unlock(&e->lock);
	if (!err)
		wake_up_all(&e->wait);
	return err;
}

/* ---- core slots -------------------------------------------------------------------- */

int cok_slot_add(struct cok_enclave *e, u32 lease, u32 cpu, u32 apic_id)
{
	u64 page = cok_core_page(apic_id);
	struct cok_slot *s;
	u32 i;
	int err;

	for (i = 0; i < COK_MAX_CORES && e->slot[i].used; i++)
		;
	if (i == COK_MAX_CORES)
		return -ENOSPC;
	if (WARN_ON(!page))
		return -EINVAL;
	/* The core changes to these tables while it runs on its page. */
	err = cok_pt_map(&e->pt, page, page, PAGE_SIZE,
			 COK_PT_WRITE | COK_PT_NX);
	if (err)
		return err;
	s = &e->slot[i];
	spin_lock(&e->lock);
	*s = (struct cok_slot){
		.used = true,
		.lease = lease,
		.cpu = cpu,
		.apic_id = apic_id,
		.heartbeat_ns = ktime_get_boottime_ns(),
	};
	spin_unlock(&e->lock);
	memset(cok_comm_stats(e, i), 0, sizeof(struct cok_stats));
	return i;
}

void cok_slot_del(struct cok_enclave *e, u32 slot)
{
	spin_lock(&e->lock);
	memset(&e->slot[slot], 0, sizeof(e->slot[slot]));
	spin_unlock(&e->lock);
}

static void set_started(struct cok_enclave *e, u32 slot, bool started)
{
	spin_lock(&e->lock);
	e->slot[slot].started = started;
	spin_unlock(&e->lock);
}

int cok_slot_start(struct cok_enclave *e, u32 slot, u64 entry, u64 rsi)
{
	const struct cok_start orders = {
		.run = true,
		.cr3 = cok_pt_cr3(&e->pt),
		.entry = entry,
		.rdi = cok_comm_phys(e),
		.rsi = rsi,
	};
	int err = -EPIPE;

	mutex_lock(&cok_start_lock);
	if (!e->halting) {
		/* Before it runs: the halt that follows must know of it. */
		set_started(e, slot, true);
		err = cok_core_start(e->slot[slot].apic_id, &orders);
		if (err)
			set_started(e, slot, false);
	}
	mutex_unlock(&cok_start_lock);
	return err;
}

int cok_slot_park(struct cok_enclave *e, u32 slot)
{
	const struct cok_start orders = { .run = false };
	int err;

	set_started(e, slot, false);
	mutex_lock(&cok_start_lock);
	err = cok_core_start(e->slot[slot].apic_id, &orders);
	mutex_unlock(&cok_start_lock);
	return err;
}
