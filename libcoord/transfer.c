// SPDX-License-Identifier: GPL-2.0
/* One transaction: an offer or a recall, and what came of it. */
#include <stdio.h>
#include <stdlib.h>

#include "internal.h"

#define MARGIN 15000 /* ms over the module's own deadline */

static int transact(struct coord *c, struct lc_req *r, const struct lc_terms *t,
		    struct coord_deal *d, struct coord_err *err)
{
	struct lc_results res;
	struct coord_err e;
	int ret;

	if (t->best_effort)
		lc_put_data(r, COK_A_BEST_EFFORT, NULL, 0);
	ret = lc_job_results(c, r, t->timeout + MARGIN, &res, err);
	/* What is known of it is worth less than why it failed. */
	if (lc_deal_add(d, &res, !ret, ret ? &e : err))
		return -1;
	return ret;
}

int lc_offer(struct coord *c, const struct lc_terms *t, struct coord_deal *d,
	     struct coord_err *err)
{
	struct lc_req r;

	lc_req_init(c, &r, COK_CMD_OFFER, 0, "grow the enclave");
	lc_put_enclave(&r, t->enclave);
	lc_put_u32(&r, COK_A_TIMEOUT_MS, t->timeout);
	if (t->request)
		lc_put_u64(&r, COK_A_REQUEST, t->request);
	return transact(c, &r, t, d, err);
}

int lc_recall(struct coord *c, const struct lc_terms *t, const uint32_t *leases,
	      size_t n, struct coord_deal *d, struct coord_err *err)
{
	struct lc_req r;

	lc_req_init(c, &r, COK_CMD_RECALL, 0, "shrink the enclave");
	lc_put_enclave(&r, t->enclave);
	lc_put_data(&r, COK_A_LEASE_LIST, leases, n * sizeof(*leases));
	lc_put_u32(&r, COK_A_TIMEOUT_MS, t->timeout);
	if (t->want.cpus)
		lc_put_u32(&r, COK_A_WANT_CPUS, t->want.cpus);
	if (t->want.memory)
		lc_put_u64(&r, COK_A_WANT_MEM, t->want.memory);
	return transact(c, &r, t, d, err);
}

int lc_op_pooled(struct coord *c, struct coord_err *err)
{
	struct lc_ledger l;
	int n = 0;
	size_t i;

	if (lc_ledger_get(c, &l, err))
		return -1;
	for (i = 0; i < l.n; i++)
		n += l.lease[i].op == c->op &&
		     l.lease[i].state == COK_LS_POOLED;
	free(l.lease);
	return n;
}
