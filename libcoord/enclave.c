// SPDX-License-Identifier: GPL-2.0
/* Verbs of one enclave that need no resources: stop, kill, destroy. */
#include <stdio.h>
#include <stdlib.h>

#include "internal.h"

#define KILL_LIMIT    60000  /* ms */
#define DESTROY_LIMIT 120000 /* ms: scrubs all its memory */
#define MARGIN	      15000  /* ms over the module's own deadline */

int lc_kill(struct coord *c, uint32_t id, struct coord_err *err)
{
	struct lc_req r;

	lc_req_init(c, &r, COK_CMD_ENCLAVE_KILL, 0, "kill the enclave");
	lc_put_enclave(&r, id);
	return lc_job(c, &r, KILL_LIMIT, err);
}

int coord_kill(struct coord *c, const char *name, struct coord_err *err)
{
	uint32_t id;

	return lc_enclave_id(c, name, &id, err) || lc_kill(c, id, err) ? -1 : 0;
}

int coord_stop(struct coord *c, const char *name, unsigned int timeout,
	       struct coord_err *err)
{
	struct coord_err e;
	struct lc_req r;
	uint32_t id;
	int ret;

	if (lc_enclave_id(c, name, &id, err) ||
	    lc_op_begin(c, COK_OP_STOP, id, err))
		return -1;
	lc_req_init(c, &r, COK_CMD_ENCLAVE_STOP, 0, "stop the enclave");
	lc_put_enclave(&r, id);
	lc_put_u32(&r, COK_A_TIMEOUT_MS, timeout);
	ret = lc_job(c, &r, timeout + MARGIN, err);
	if (ret && err->code == COORD_E_TIMEOUT)
		lc_err_more(err, "; 'cokctl kill' stops it whatever it does");
	if (lc_op_end(c, ret ? &e : err))
		ret = -1;
	return ret;
}

int lc_enclave_destroy(struct coord *c, uint32_t id, uint32_t dead_op,
		       struct coord_err *err)
{
	struct lc_req r;

	lc_req_init(c, &r, COK_CMD_ENCLAVE_DESTROY, 0, "destroy the enclave");
	lc_put_enclave(&r, id);
	if (lc_job(c, &r, DESTROY_LIMIT, err))
		return -1;
	return lc_op_return(c, dead_op, err);
}

static int destroy(struct coord *c, const char *name, bool home,
		   struct coord_err *err)
{
	struct lc_ledger l;
	uint32_t id;
	int ret;

	if (lc_enclave_id(c, name, &id, err) ||
	    (home ? lc_op_begin_home : lc_op_begin)(c, COK_OP_DESTROY, id, err))
		return -1;
	if (lc_ledger_get(c, &l, err))
		return lc_op_undo(c, err);
	ret = lc_enclave_destroy(c, id, 0, err);
	if (!ret && !home)
		lc_pool_note(c, &l, id, NULL, 0);
	free(l.lease);
	return ret ? lc_op_undo(c, err) : lc_op_end(c, err);
}

int coord_destroy(struct coord *c, const char *name, struct coord_err *err)
{
	return destroy(c, name, false, err);
}

int coord_destroy_home(struct coord *c, const char *name, struct coord_err *err)
{
	return destroy(c, name, true, err);
}

/* 0 reached, 1 not yet, -1 err. */
static int check_state(struct coord *c, const char *name, uint32_t state,
		       struct coord_err *err)
{
	struct coord_enclave *e;
	uint32_t now;

	if (coord_enclave(c, name, &e, err))
		return state == COK_ST_DESTROYED &&
				       err->code == COORD_E_NOENCLAVE
			       ? 0
			       : -1;
	now = e->state;
	coord_enclaves_free(e, 1);
	return now == state ? 0 : 1;
}

/*
 * Listens for up to a second. True: it was in that state, be it for a moment.
 */
static bool hear_state(struct coord_events *ev, const char *name,
		       uint32_t state, uint64_t deadline)
{
	uint64_t until = lc_now() + 1000;
	struct coord_event e;
	struct coord_err lost;

	while (lc_left(until) && lc_left(deadline)) {
		int n = coord_events_next(ev, lc_left(until), &e, &lost);

		if (n < 0)
			break; /* look again */
		if (n == 1 && e.kind == COK_EV_STATE && !strcmp(e.name, name))
			return e.state == state;
	}
	return false;
}

int coord_wait(struct coord *c, const char *name, uint32_t state,
	       unsigned int timeout, struct coord_err *err)
{
	uint64_t deadline = lc_now() + timeout;
	struct coord_events *ev;
	int ret;

	/* Joined before the first look, so that no change is missed. */
	if (coord_events_open(c, &ev, err))
		return -1;
	while ((ret = check_state(c, name, state, err)) > 0) {
		if (hear_state(ev, name, state, deadline)) {
			ret = 0;
			break;
		}
		if (lc_left(deadline) && !lc_is_cancelled(c))
			continue;
		ret = lc_err(err,
			     lc_left(deadline) ? COORD_E_CANCELLED
					       : COORD_E_TIMEOUT,
			     lc_left(deadline) ? EINTR : ETIMEDOUT,
			     "enclave '%s' is still not %s", name,
			     coord_state_name(state));
		break;
	}
	coord_events_close(ev);
	return ret;
}
