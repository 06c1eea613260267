// SPDX-License-Identifier: GPL-2.0
/*
 * Recovery: what a process that died left behind is finished or undone. All
 * that is needed to know is in the module: enclaves with an abandoned
 * operation, and leases tagged with one.
 */
#include <stdio.h>
#include <stdlib.h>

#include "internal.h"

#define SETTLE_LIMIT 90000 /* ms: a job may be in flight */
#define DYING_LIMIT \
	10000 /* ms: a thread that was killed may be in the kernel */

struct recovery {
	struct coord *c;
	char *report;
	size_t len;
	int count;
	bool failed;
	struct coord_err *err;
};

static void did(struct recovery *r, const char *fmt, const char *name)
{
	r->count++;
	if (r->report[0])
		lc_append(r->report, r->len, "; ");
	lc_append(r->report, r->len, fmt, name);
}

/* Keeps the first failure; that it vanished meanwhile is none. */
static void failed(struct recovery *r, const struct coord_err *e)
{
	if (e->code == COORD_E_NOENCLAVE || r->failed)
		return;
	*r->err = *e;
	r->failed = true;
}

static bool in_flight(const struct lc_ledger *l, uint32_t enclave)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (l->lease[i].enclave == enclave &&
		    (l->lease[i].state == COK_LS_OFFERED ||
		     l->lease[i].state == COK_LS_RECALLED))
			return true;
	return false;
}

/* A job still is, and is not to be waited for any more: err. */
static int unsettled(struct coord *c, const struct coord_enclave *e,
		     uint64_t deadline, struct coord_err *err)
{
	const char *what = coord_op_name(e->op_kind);

	if (lc_is_cancelled(c))
		return lc_err(
			err, COORD_E_CANCELLED, EINTR,
			"interrupted; the unfinished %s of '%s' has a job in flight",
			what, e->name);
	if (lc_left(deadline))
		return 0;
	return lc_err(
		err, COORD_E_TIMEOUT, ETIMEDOUT,
		"the unfinished %s of '%s' still has a job in flight after %u s; it has a deadline, and 'cokctl kill' ends it at once",
		what, e->name, SETTLE_LIMIT / 1000);
}

/*
 * Waits until no job is in flight on the enclave; *state then, 0: gone. A boot
 * that nobody waits for any more is ended: its READY may never come.
 */
static int settle(struct coord *c, const struct coord_enclave *e,
		  uint32_t *state, struct coord_err *err)
{
	uint64_t deadline = lc_now() + SETTLE_LIMIT;
	struct coord_enclave *now;
	struct lc_ledger l;
	struct coord_err ignored;
	bool busy, killed = false;

	for (;;) {
		if (coord_enclave(c, e->name, &now, err))
			return -1;
		*state = now->id == e->id ? now->state : 0;
		coord_enclaves_free(now, 1);
		if (*state == COK_ST_BOOTING && !killed) {
			lc_kill(c, e->id, &ignored);
			killed = true;
			continue;
		}
		if (lc_ledger_get(c, &l, err))
			return -1;
		busy = in_flight(&l, e->id) || *state == COK_ST_BOOTING ||
		       *state == COK_ST_STOPPING;
		free(l.lease);
		if (!busy)
			return 0;
		if (unsettled(c, e, deadline, err))
			return -1;
		lc_step(c, "wait for a job in flight",
			SETTLE_LIMIT - (unsigned int)lc_left(deadline));
		lc_sleep(200);
	}
}

static bool must_go(const struct coord_enclave *e, uint32_t state)
{
	if (e->op_kind == COK_OP_DESTROY || e->op_kind == COK_OP_RUN)
		return true;
	/* Also one that somebody killed before it was ready. */
	return e->op_kind == COK_OP_LAUNCH && state != COK_ST_RUNNING;
}

/* Finishing a launch has no kind of its own to begin. */
static uint32_t kind_to_begin(const struct coord_enclave *e, bool go)
{
	if (go)
		return COK_OP_DESTROY;
	return e->op_kind == COK_OP_LAUNCH ? COK_OP_GROW : e->op_kind;
}

static void recover_enclave(struct recovery *r, const struct coord_enclave *e)
{
	struct coord *c = r->c;
	struct coord_err err;
	uint32_t state;
	bool go;

	if (settle(c, e, &state, &err)) {
		failed(r, &err);
		return;
	}
	if (!state)
		return;
	go = must_go(e, state);
	if (lc_op_begin(c, kind_to_begin(e, go), e->id, &err)) {
		if (err.err != EBUSY) /* else somebody else is at it */
			failed(r, &err);
		return;
	}
	if (go ? lc_enclave_destroy(c, e->id, e->op, &err)
	       : lc_op_return(c, e->op, &err)) {
		failed(r, &err);
		lc_op_undo(c, &err);
		return;
	}
	if (lc_op_end(c, &err))
		failed(r, &err);
	else if (e->op_kind == COK_OP_LAUNCH && go)
		did(r, "undid the unfinished launch of '%s'", e->name);
	else if (e->op_kind == COK_OP_RUN)
		did(r, "destroyed '%s', whose 'cokctl run' has ended", e->name);
	else if (go)
		did(r, "finished destroying '%s'", e->name);
	else
		did(r, "settled an unfinished change of '%s'", e->name);
}

/* An abandoned operation's, or given back by a co-kernel unasked; not the pool's. */
static bool stray(const struct coord_lease *l)
{
	return !l->op_alive && !l->enclave && (l->op || !l->reserved) &&
	       (l->state == COK_LS_TAKING || l->state == COK_LS_POOLED ||
		l->state == COK_LS_RETURNING);
}

/* Leases that belong to nobody alive, nor to an enclave. */
static void recover_leases(struct recovery *r, const struct lc_ledger *l)
{
	struct coord_err err;
	char count[16];
	int n = 0;
	size_t i;

	for (i = 0; i < l->n && !stray(&l->lease[i]); i++)
		;
	if (i == l->n)
		return;
	if (lc_op_begin(r->c, COK_OP_RECLAIM, 0, &err)) {
		failed(r, &err);
		return;
	}
	for (; i < l->n; i++) {
		if (!stray(&l->lease[i]))
			continue;
		if (lc_return(r->c, &l->lease[i], &err))
			failed(r, &err);
		else
			n++;
	}
	if (lc_op_end(r->c, &err))
		failed(r, &err);
	snprintf(count, sizeof(count), "%d", n);
	if (n)
		did(r, "returned %s stray leases", count);
}

/* Is the process gone, or its first thread, which is all the same to it? */
static bool ended(const char *root, uint32_t pid)
{
	char text[512], *state;

	if (lc_read(root, text, sizeof(text), "proc/%u/stat", pid))
		return errno == ENOENT || errno == ESRCH;
	state = strrchr(text, ')'); /* the name before it may hold anything */
	return state && (state[2] == 'Z' || state[2] == 'X');
}

/*
 * An operation outlives the process that began it while a thread of it is still
 * taking a block offline (sysfs.c); that is worth waiting for.
 */
static bool dying(const char *root, const struct coord_enclave *e, ssize_t n,
		  const struct lc_ledger *l)
{
	ssize_t i;
	size_t k;

	for (i = 0; i < n; i++)
		if (e[i].op && e[i].op_alive && ended(root, e[i].op_pid))
			return true;
	for (k = 0; k < l->n; k++)
		if (l->lease[k].op_alive && ended(root, l->lease[k].op_pid))
			return true;
	return false;
}

static ssize_t settled_enclaves(struct coord *c, struct coord_enclave **e,
				struct coord_err *err)
{
	uint64_t deadline = lc_now() + DYING_LIMIT;
	struct lc_ledger l;
	bool again;
	ssize_t n;

	for (;;) {
		n = coord_enclaves(c, e, err);
		if (n < 0)
			return -1;
		if (lc_ledger_get(c, &l, err)) {
			coord_enclaves_free(*e, (size_t)n);
			return -1;
		}
		again = dying(c->root, *e, n, &l) && lc_left(deadline);
		free(l.lease);
		if (!again)
			return n;
		coord_enclaves_free(*e, (size_t)n);
		lc_sleep(20);
	}
}

int coord_reclaim(struct coord *c, char *report, size_t len,
		  struct coord_err *err)
{
	struct recovery r = { .c = c, .report = report, .len = len, .err = err };
	struct coord_enclave *e;
	struct lc_ledger l;
	ssize_t n, i;

	report[0] = '\0';
	/* A handle was asked for anyway when it was opened. */
	if (!c->fresh && coord_info(c, NULL, err))
		return -1;
	if (!c->info.unsettled)
		return 0;
	n = settled_enclaves(c, &e, err);
	if (n < 0)
		return -1;
	for (i = 0; i < n; i++)
		if (e[i].op && !e[i].op_alive)
			recover_enclave(&r, &e[i]);
	coord_enclaves_free(e, (size_t)n);
	if (lc_ledger_get(c, &l, err))
		return -1;
	recover_leases(&r, &l);
	free(l.lease);
	return r.failed ? -1 : r.count;
}
