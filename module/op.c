// SPDX-License-Identifier: GPL-2.0
/*
 * Operations: who is in the middle of changing what (genl.h). An operation
 * lives as long as the netlink socket that began it; one that dies with its
 * socket stays visible on its enclave until the next takes over.
 *
 * Netlink frees a port id a moment before it tells us that the socket closed:
 * a process that opens another in that moment may find its operation
 * abandoned at once. Nothing is lost by that, it begins another.
 */
#include <linux/net.h>
#include <linux/netlink.h>
#include <linux/slab.h>
#include <net/net_namespace.h>

#include "cok.h"

struct op {
	struct list_head node;
	u32 id;
	u32 portid;
	u32 kind;
	u32 pid;
	u32 enclave;
	bool home;
};

static DEFINE_SPINLOCK(op_lock);
static LIST_HEAD(ops); /* op_lock: the live ones */
static u32 last_op;    /* op_lock */

static struct op *find_by_portid(u32 portid)
{
	struct op *op;

	list_for_each_entry (op, &ops, node)
		if (op->portid == portid)
			return op;
	return NULL;
}

static struct op *find_by_enclave(u32 enclave)
{
	struct op *op;

	list_for_each_entry (op, &ops, node)
		if (op->enclave == enclave)
			return op;
	return NULL;
}

static bool in_the_way(u32 portid, struct cok_enclave *e)
{
	return find_by_portid(portid) || (e && find_by_enclave(e->id));
}

int cok_op_begin(const struct cok_opener *by, u32 kind, struct cok_enclave *e,
		 bool home, u32 *id)
{
	struct op *op = cok_fault("operation")
				? NULL
				: kzalloc(sizeof(*op), GFP_KERNEL);
	int err = 0;

	if (!op)
		return -ENOMEM;
	spin_lock(&op_lock);
	if (in_the_way(by->portid, e)) {
		err = -EBUSY;
	} else {
		op->id = ++last_op;
		op->portid = by->portid;
		op->kind = kind;
		op->pid = by->pid;
		op->enclave = e ? e->id : 0;
		op->home = home;
		list_add(&op->node, &ops);
		*id = op->id;
		if (e)
			e->op = (struct cok_op_info){ op->id, kind, by->pid,
						      true };
		cok_event_op(op->id, kind, by->pid, true, op->enclave);
	}
	spin_unlock(&op_lock);
	if (err)
		kfree(op);
	return err;
}

/* Forget the operation on its enclave, or mark it abandoned there. */
static void mark_enclave(struct op *op, bool abandoned)
{
	struct cok_enclave *e = op->enclave ? cok_enclave_by_id(op->enclave)
					    : NULL;

	if (!e)
		return;
	spin_lock(&op_lock);
	/* Unless the next operation took over already. */
	if (e->op.id == op->id) {
		if (abandoned)
			e->op.alive = false;
		else
			memset(&e->op, 0, sizeof(e->op));
	}
	spin_unlock(&op_lock);
	cok_enclave_put(e);
}

static int finish(u32 portid, bool abandoned)
{
	u32 enclave, id = cok_op_of(portid, &enclave);
	struct op *op;

	/* Not under op_lock: the ledger asks us whether an operation lives. */
	if (id && !abandoned && cok_lease_op_pending(id))
		return -EBUSY;
	spin_lock(&op_lock);
	op = find_by_portid(portid);
	if (op) {
		list_del(&op->node);
		cok_event_op(op->id, op->kind, op->pid, false, op->enclave);
	}
	spin_unlock(&op_lock);
	if (!op)
		return -ENOENT;
	mark_enclave(op, abandoned);
	kfree(op);
	return 0;
}

int cok_op_end(u32 portid)
{
	return finish(portid, false);
}

u32 cok_op_of(u32 portid, u32 *enclave)
{
	struct op *op;
	u32 id = 0;

	spin_lock(&op_lock);
	op = find_by_portid(portid);
	if (op) {
		id = op->id;
		*enclave = op->enclave;
	}
	spin_unlock(&op_lock);
	return id;
}

static struct op *find_locked(u32 id)
{
	struct op *op;

	list_for_each_entry (op, &ops, node)
		if (op->id == id)
			return op;
	return NULL;
}

u32 cok_op_pid(u32 id)
{
	struct op *op;
	u32 pid;

	spin_lock(&op_lock);
	op = find_locked(id);
	pid = op ? op->pid : 0;
	spin_unlock(&op_lock);
	return pid;
}

bool cok_op_alive(u32 id)
{
	bool alive;

	spin_lock(&op_lock);
	alive = find_locked(id);
	spin_unlock(&op_lock);
	return alive;
}

bool cok_op_home(u32 id)
{
	struct op *op;
	bool home;

	spin_lock(&op_lock);
	op = find_locked(id);
	home = op && op->home;
	spin_unlock(&op_lock);
	return home;
}

u32 cok_op_count(void)
{
	struct op *op;
	u32 n = 0;

	spin_lock(&op_lock);
	list_for_each_entry (op, &ops, node)
		n++;
	spin_unlock(&op_lock);
	return n;
}

void cok_op_info(struct cok_enclave *e, struct cok_op_info *info)
{
	spin_lock(&op_lock);
	*info = e->op;
	spin_unlock(&op_lock);
}

static int socket_closed(struct notifier_block *nb, unsigned long action,
			 void *data)
{
	struct netlink_notify *n = data;

	if (action == NETLINK_URELEASE && n->protocol == NETLINK_GENERIC &&
	    net_eq(n->net, &init_net))
		finish(n->portid, true);
	return NOTIFY_DONE;
}

static struct notifier_block netlink_nb = { .notifier_call = socket_closed };

int cok_op_setup(void)
{
	return netlink_register_notifier(&netlink_nb);
}

void cok_op_cleanup(void)
{
	struct op *op, *tmp;

	netlink_unregister_notifier(&netlink_nb);
	list_for_each_entry_safe (op, tmp, &ops, node)
		kfree(op);
}
