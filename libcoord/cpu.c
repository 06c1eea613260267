// SPDX-License-Identifier: GPL-2.0
/* Taking CPUs: the module offlines and parks them. */
#include <stdio.h>
#include <stdlib.h>

#include "internal.h"

#define TAKE_LIMIT 60000 /* ms for one CPU */

static int take_one(struct coord *c, uint32_t cpu, struct coord_err *err)
{
	struct lc_req r;
	char what[32];

	snprintf(what, sizeof(what), "take CPU %u", cpu);
	lc_req_init(c, &r, COK_CMD_CPU_TAKE, 0, what);
	lc_put_u32(&r, COK_A_CPU, cpu);
	return lc_job(c, &r, TAKE_LIMIT, err);
}

static void warn_of_siblings(struct coord *c, const struct lc_ledger *ledger,
			     const struct lc_want *w,
			     const struct lc_cpus *taken)
{
	char text[320];

	lc_sibling_warning(c->root, ledger, w->enclave, taken, text,
			   sizeof(text));
	if (text[0])
		lc_warn(c, "%s", text);
}

/* Ascending, so that the lowest becomes the boot core. */
static int take_listed(struct coord *c, const struct lc_ledger *ledger,
		       const struct lc_want *w, const struct lc_cpus *set,
		       struct coord_err *err)
{
	uint32_t i;

	warn_of_siblings(c, ledger, w, set);
	for (i = 0; i < LC_MAX_CPUS; i++)
		if (lc_cpus_has(set, i) &&
		    (lc_go_on(c, w->deadline, err) || take_one(c, i, err)))
			return -1;
	return 0;
}

/*
 * Errors of CPU_TAKE after which another CPU may do: hotplug refuses this one,
 * it went elsewhere meanwhile, or it is the boot processor though not CPU 0.
 */
static bool is_the_cpus_fault(int code)
{
	return code == EBUSY || code == EEXIST || code == EALREADY ||
	       code == ENODEV || code == EINVAL;
}

static int take_counted(struct coord *c, const struct lc_ledger *ledger,
			const struct lc_want *w, const uint32_t *order,
			uint32_t n, struct coord_err *err)
{
	struct lc_cpus first = { 0 };
	struct coord_err e = { 0 };
	uint32_t i, got = 0;

	for (i = 0; i < w->cpus; i++)
		lc_cpus_add(&first, order[i]);
	warn_of_siblings(c, ledger, w, &first);
	for (i = 0; i < n && got < w->cpus; i++) {
		if (lc_go_on(c, w->deadline, err))
			return -1;
		if (!take_one(c, order[i], &e))
			got++;
		else if (!is_the_cpus_fault(e.err))
			break;
	}
	if (got == w->cpus)
		return 0;
	*err = e;
	if (w->cpus > 1)
		lc_err_more(err, "; %u of %u CPUs could be taken", got,
			    w->cpus);
	return -1;
}

int lc_take_cpus(struct coord *c, const struct lc_want *w,
		 struct coord_err *err)
{
	const struct lc_where where = { w->node, w->enclave };
	struct lc_ledger ledger;
	struct lc_cpus set;
	uint32_t *order, n;
	int ret;

	if (!w->cpus && !(w->cpu_list && w->cpu_list[0]))
		return 0;
	if (lc_ledger_get(c, &ledger, err))
		return -1;
	order = calloc(LC_MAX_CPUS, sizeof(*order));
	if (!order) {
		ret = lc_err(err, COORD_E_FAILED, ENOMEM, "out of memory");
	} else if (w->cpu_list && w->cpu_list[0]) {
		ret = lc_pick_listed(c->root, &ledger, &where, w->cpu_list,
				     &set, err);
		if (!ret)
			ret = take_listed(c, &ledger, w, &set, err);
	} else {
		ret = lc_pick_cpus(c->root, &ledger, &where, w->cpus, order, &n,
				   err);
		if (!ret)
			ret = take_counted(c, &ledger, w, order, n, err);
	}
	free(order);
	free(ledger.lease);
	return ret;
}
