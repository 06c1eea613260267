// SPDX-License-Identifier: GPL-2.0
/* A change, summed up: what was asked for, agreed to and moved, and why not. */
#include <stdio.h>
#include <stdlib.h>

#include "internal.h"

void coord_deal_free(struct coord_deal *deal)
{
	free(deal->results);
	deal->results = NULL;
	deal->nr_results = 0;
}

int lc_deal_begin(struct coord_deal *d, const struct coord_change *ch,
		  struct coord_err *err)
{
	struct lc_cpus set;

	*d = (struct coord_deal){ .asked = { ch->cpus, ch->memory } };
	if (!ch->cpu_list)
		return 0;
	if (lc_cpulist_parse(ch->cpu_list, &set, err))
		return -1;
	d->asked.cpus = lc_cpus_count(&set);
	return 0;
}

static void add(struct coord_amount *a, uint32_t kind, uint64_t n)
{
	if (kind == COK_RES_CPU)
		a->cpus += (uint32_t)n;
	else
		a->memory += n;
}

int lc_deal_add(struct coord_deal *d, const struct lc_results *res,
		bool committed, struct coord_err *err)
{
	struct coord_result *p;
	uint32_t i;

	if (!res->n)
		return 0;
	p = reallocarray(d->results, d->nr_results + res->n, sizeof(*p));
	if (!p)
		return lc_err(err, COORD_E_FAILED, ENOMEM, "out of memory");
	d->results = p;
	for (i = 0; i < res->n; i++) {
		p = &d->results[d->nr_results++];
		*p = res->r[i];
		p->moved = committed && p->agreed;
		add(&d->offered, p->kind, p->asked);
		add(&d->agreed, p->kind, p->agreed);
		if (p->moved)
			add(&d->moved, p->kind, p->agreed);
	}
	return 0;
}

void lc_deal_undone(struct coord_deal *d)
{
	uint32_t i;

	d->moved = (struct coord_amount){ 0 };
	for (i = 0; i < d->nr_results; i++)
		d->results[i].moved = false;
}

bool lc_amount_covers(const struct coord_amount *a,
		      const struct coord_amount *b)
{
	return a->cpus >= b->cpus && a->memory >= b->memory;
}

static bool is_none(const struct coord_amount *a)
{
	return !a->cpus && !a->memory;
}

char *coord_amount_text(const struct coord_amount *a, char *buf, size_t size)
{
	char mem[24];

	buf[0] = '\0';
	if (a->cpus)
		lc_append(buf, size, "%u CPU%s", a->cpus,
			  a->cpus == 1 ? "" : "s");
	if (a->memory)
		lc_append(buf, size, "%s%s", a->cpus ? " and " : "",
			  coord_size_format(a->memory, mem, sizeof(mem)));
	if (is_none(a))
		lc_append(buf, size, "nothing");
	return buf;
}

/* Did it refuse that, rather than that it was not needed? */
static bool refused(const struct coord_result *r)
{
	return r->agreed < r->asked && r->why != COK_WHY_WANTED &&
	       r->why != COK_WHY_NONE;
}

/* "; cpu 2: in use, it cannot be drained now; memory 0x...: ..." */
static void add_refusals(const struct coord_deal *d, struct coord_err *err)
{
	const struct coord_result *r;
	uint32_t i, n = 0;

	for (i = 0; i < d->nr_results; i++) {
		r = &d->results[i];
		if (!refused(r))
			continue;
		if (++n > 3)
			continue;
		if (r->kind == COK_RES_CPU)
			lc_err_more(err, "; cpu %u", r->cpu);
		else
			lc_err_more(err, "; memory %#llx",
				    (unsigned long long)r->start);
		lc_err_more(err, ": %s", coord_why_text(r->why));
	}
	if (n > 3)
		lc_err_more(err, "; and %u more", n - 3);
}

static uint32_t main_reason(const struct coord_deal *d)
{
	uint32_t i;

	for (i = 0; i < d->nr_results; i++)
		if (refused(&d->results[i]))
			return d->results[i].why;
	return COK_WHY_NONE;
}

int lc_deal_end(const struct coord_deal *d, const char *name, bool failed,
		struct coord_err *err)
{
	char asked[48], part[48];

	coord_amount_text(&d->asked, asked, sizeof(asked));
	if (failed && is_none(&d->agreed))
		return -1; /* one reason for all, and err has it */
	if (failed)
		lc_err_more(err, "; it agreed to %s of %s",
			    coord_amount_text(&d->agreed, part, sizeof(part)),
			    asked);
	else if (lc_amount_covers(&d->moved, &d->asked))
		return 0;
	else if (is_none(&d->moved))
		lc_err(err, COORD_E_DECLINED, ECONNREFUSED,
		       "enclave %s agreed to nothing of %s", name, asked);
	else
		lc_err(err, COORD_E_PARTIAL, 0, "only %s of %s",
		       coord_amount_text(&d->moved, part, sizeof(part)), asked);
	if (!err->why)
		err->why = main_reason(d);
	add_refusals(d, err);
	return -1;
}
