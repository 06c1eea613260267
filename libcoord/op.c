// SPDX-License-Identifier: GPL-2.0
/* Operations, and the way home for what they took. */
#include <stdio.h>
#include <stdlib.h>

#include <netlink/netlink.h>

#include "internal.h"

#define RETURN_LIMIT 60000 /* ms: scrubbing a block, or add_cpu */
#define RETRY_LIMIT  30000 /* ms: another job may hold the lease */

static int take_op(struct genlmsghdr *g, void *arg)
{
	struct nlattr *tb[COK_A_COUNT];

	if (!lc_parse(g, tb))
		*(uint32_t *)arg = lc_get_u32(tb[COK_A_OP]);
	return 0;
}

/* Who is at it is worth more than that somebody is. */
static int busy(struct coord *c, uint32_t kind, uint32_t enclave,
		struct coord_err *err)
{
	struct coord_enclave *e;
	struct coord_err ignored;
	ssize_t i, n = coord_enclaves(c, &e, &ignored);

	for (i = 0; i < n; i++)
		if (e[i].id == enclave && e[i].op)
			lc_err(err, COORD_E_BUSY, EBUSY,
			       "cannot begin to %s '%s': process %u is at it (%s); try again when that is over",
			       coord_op_name(kind), e[i].name, e[i].op_pid,
			       coord_op_name(e[i].op_kind));
	if (n > 0)
		coord_enclaves_free(e, (size_t)n);
	return -1;
}

static int begin(struct coord *c, uint32_t kind, uint32_t enclave, bool home,
		 struct coord_err *err)
{
	struct lc_req r;
	char what[64];

	snprintf(what, sizeof(what), "begin to %s", coord_op_name(kind));
	lc_req_init(c, &r, COK_CMD_OP_BEGIN, 0, what);
	lc_put_u32(&r, COK_A_OP_KIND, kind);
	if (enclave)
		lc_put_enclave(&r, enclave);
	if (home)
		lc_put_data(&r, COK_A_HOME, NULL, 0);
	if (!lc_call(c, &r, take_op, &c->op, err))
		return 0;
	return err->err == EBUSY ? busy(c, kind, enclave, err) : -1;
}

int lc_op_begin(struct coord *c, uint32_t kind, uint32_t enclave,
		struct coord_err *err)
{
	return begin(c, kind, enclave, false, err);
}

int lc_op_begin_home(struct coord *c, uint32_t kind, uint32_t enclave,
		     struct coord_err *err)
{
	return begin(c, kind, enclave, true, err);
}

int lc_op_end(struct coord *c, struct coord_err *err)
{
	struct lc_req r;

	lc_req_init(c, &r, COK_CMD_OP_END, 0, "end the operation");
	if (lc_call(c, &r, NULL, NULL, err)) {
		lc_op_abandon(c);
		return -1;
	}
	c->op = 0;
	return 0;
}

int lc_op_hold(struct coord *c, int *hold, struct coord_err *err)
{
	*hold = lc_dup_high(nl_socket_get_fd(c->cmd));
	if (*hold < 0)
		return lc_err(err, COORD_E_FAILED, errno,
			      "cannot keep the operation");
	/* The socket lives on by that descriptor, and with it the operation. */
	lc_op_abandon(c);
	return 0;
}

int lc_lease_return(struct coord *c, uint32_t lease, const char *what,
		    struct coord_err *err)
{
	uint64_t deadline = lc_now() + RETRY_LIMIT;
	struct lc_req r;

	for (;;) {
		lc_req_init(c, &r, COK_CMD_LEASE_RETURN, 0, what);
		lc_put_u32(&r, COK_A_LEASE, lease);
		if (!lc_job(c, &r, RETURN_LIMIT, err))
			return 0;
		if (err->err != EBUSY || !lc_left(deadline))
			return -1;
		lc_sleep(200);
	}
}

int lc_lease_home(struct coord *c, uint32_t lease, const char *what,
		  struct coord_err *err)
{
	struct lc_req r;

	lc_req_init(c, &r, COK_CMD_LEASE_HOME, 0, what);
	lc_put_u32(&r, COK_A_LEASE, lease);
	return lc_call(c, &r, NULL, NULL, err);
}

static int return_block(struct coord *c, const struct coord_lease *l,
			struct coord_err *err)
{
	struct lc_block b;
	char what[64];

	snprintf(what, sizeof(what), "return memory block %llu",
		 (unsigned long long)(l->start / c->info.block_size));
	if (lc_block_get(c->root, c->info.block_size, l->start, &b))
		return lc_err(err, COORD_E_FAILED, errno,
			      "cannot %s: it is gone from sysfs", what);
	/* A block that was never taken, or that came back before a crash. */
	if (!b.online && (lc_lease_return(c, l->id, what, err) ||
			  lc_block_online(c, l, err)))
		return -1;
	return lc_lease_home(c, l->id, what, err);
}

/* Nobody's but ours; one that was released unasked has no operation. */
static bool in_our_hands(const struct coord *c, const struct coord_lease *l)
{
	if (l->op)
		return l->op == c->op || !l->op_alive;
	return l->state == COK_LS_POOLED && !l->reserved;
}

/*
 * Several may find what was abandoned at the same time. Is the lease gone, or
 * somebody else's by now?
 */
static bool in_other_hands(struct coord *c, uint32_t lease)
{
	struct coord_err err;
	struct lc_ledger l;
	bool ours = false;
	size_t i;

	if (lc_ledger_get(c, &l, &err))
		return false;
	for (i = 0; i < l.n; i++)
		if (l.lease[i].id == lease)
			ours = in_our_hands(c, &l.lease[i]);
	free(l.lease);
	return !ours;
}

int lc_return(struct coord *c, const struct coord_lease *l,
	      struct coord_err *err)
{
	char what[64];
	int ret;

	if (l->kind == COK_RES_CPU)
		snprintf(what, sizeof(what), "return CPU %u", l->cpu);
	else
		snprintf(what, sizeof(what), "return memory at %#llx",
			 (unsigned long long)l->start);
	/* One that is reserved goes back to the pool by that alone. */
	ret = l->source == COK_SRC_BLOCK && !l->reserved
		      ? return_block(c, l, err)
		      : lc_lease_return(c, l->id, what, err);
	return ret && !in_other_hands(c, l->id) ? ret : 0;
}

static bool returnable(const struct coord *c, const struct coord_lease *l,
		       uint32_t dead)
{
	if (!l->op || (l->op != c->op && l->op != dead))
		return false;
	return l->state == COK_LS_TAKING || l->state == COK_LS_POOLED ||
	       l->state == COK_LS_RETURNING;
}

static int return_pass(struct coord *c, uint32_t dead, struct coord_err *err)
{
	struct coord_err e;
	struct lc_ledger l;
	int ret = 0;
	size_t i;

	if (lc_ledger_get(c, &l, err))
		return -1;
	for (i = 0; i < l.n; i++) {
		if (!returnable(c, &l.lease[i], dead))
			continue;
		if (!lc_return(c, &l.lease[i], &e))
			continue;
		if (ret)
			lc_err_more(err, "; %s", e.text);
		else
			*err = e;
		ret = -1;
	}
	free(l.lease);
	return ret;
}

/* Twice: what failed for want of memory, say, may do a moment later. */
int lc_op_return(struct coord *c, uint32_t dead, struct coord_err *err)
{
	if (!return_pass(c, dead, err))
		return 0;
	lc_sleep(100);
	return return_pass(c, dead, err);
}

int lc_op_undo(struct coord *c, struct coord_err *err)
{
	struct coord_err e;

	if (!lc_op_return(c, 0, &e) && !lc_op_end(c, &e))
		return -1;
	/* This socket may be asked for more; the operation is for others. */
	lc_op_abandon(c);
	lc_err_more(err,
		    "; undoing it failed too: %s; 'cokctl reclaim' tries again",
		    e.text);
	return -1;
}
