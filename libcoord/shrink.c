// SPDX-License-Identifier: GPL-2.0
/* Shrink: choose leases of an enclave, recall them, bring them home. */
#include <stdio.h>
#include <stdlib.h>

#include "internal.h"

#define MARGIN 15000 /* ms over the module's own deadline */

int lc_recall(struct coord *c, uint32_t id, const uint32_t *leases, size_t n,
	      unsigned int timeout, struct coord_err *err)
{
	struct lc_req r;

	lc_req_init(c, &r, COK_CMD_RECALL, 0, "shrink the enclave");
	lc_put_enclave(&r, id);
	lc_put_data(&r, COK_A_LEASE_LIST, leases, n * sizeof(*leases));
	lc_put_u32(&r, COK_A_TIMEOUT_MS, timeout);
	return lc_job(c, &r, timeout + MARGIN, err);
}

static bool recallable_cpu(const struct coord_lease *l, uint32_t id)
{
	return l->enclave == id && l->kind == COK_RES_CPU && !l->boot &&
	       l->state == COK_LS_GRANTED;
}

static int newest_first(const void *a, const void *b)
{
	const struct coord_lease *x = a, *y = b;

	return x->id < y->id ? 1 : -(x->id > y->id);
}

struct chosen {
	uint32_t *id;
	size_t n;
};

static int choose_listed(const struct lc_ledger *l, uint32_t id,
			 const char *list, struct chosen *ch,
			 struct coord_err *err)
{
	struct lc_cpus set;
	char rest[128];
	size_t i;

	if (lc_cpulist_parse(list, &set, err))
		return -1;
	for (i = 0; i < l->n; i++) {
		if (!recallable_cpu(&l->lease[i], id) ||
		    !lc_cpus_has(&set, l->lease[i].cpu))
			continue;
		ch->id[ch->n++] = l->lease[i].id;
		lc_cpus_del(&set, l->lease[i].cpu);
	}
	if (!lc_cpus_count(&set))
		return 0;
	lc_cpulist_format(&set, rest, sizeof(rest));
	return lc_err(
		err, COORD_E_INVALID, EINVAL,
		"CPU %s cannot be taken back: the enclave does not hold it, or it is its boot core; see 'cokctl ledger'",
		rest);
}

static int choose_cpus(const struct lc_ledger *l, uint32_t id, uint32_t want,
		       struct chosen *ch, struct coord_err *err)
{
	uint32_t have = 0;
	size_t i;

	for (i = 0; i < l->n && have < want; i++)
		if (recallable_cpu(&l->lease[i], id)) {
			ch->id[ch->n++] = l->lease[i].id;
			have++;
		}
	if (have == want)
		return 0;
	return lc_err(
		err, COORD_E_INVALID, EINVAL,
		"%u CPUs asked back, but only %u beside the boot core can be",
		want, have);
}

/* The end of a contiguous range becomes a lease of its own, and is chosen. */
static int choose_tail(struct coord *c, const struct coord_lease *l,
		       uint64_t size, struct chosen *ch, struct coord_err *err)
{
	uint32_t tail = 0;

	if (lc_split(c, l->id, size, &tail, err))
		return -1;
	ch->id[ch->n++] = tail;
	return 0;
}

static bool is_from(const struct coord_lease *l, uint32_t id, uint32_t source)
{
	return l->enclave == id && l->source == source &&
	       l->state == COK_LS_GRANTED;
}

static void choose_blocks(const struct lc_ledger *l, uint32_t id,
			  uint64_t *rest, struct chosen *ch)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (is_from(&l->lease[i], id, COK_SRC_BLOCK) &&
		    !l->lease[i].boot && l->lease[i].size <= *rest) {
			ch->id[ch->n++] = l->lease[i].id;
			*rest -= l->lease[i].size;
		}
}

/* The range that holds the image comes last, and not as a whole. */
static int choose_contig(struct coord *c, const struct lc_ledger *l,
			 uint32_t id, uint64_t *rest, struct chosen *ch,
			 struct coord_err *err)
{
	size_t i;
	int boot;

	for (boot = 0; boot < 2; boot++)
		for (i = 0; i < l->n && *rest; i++) {
			const struct coord_lease *lease = &l->lease[i];

			if (!is_from(lease, id, COK_SRC_CONTIG) ||
			    lease->boot != boot)
				continue;
			if (lease->size > *rest) {
				if (choose_tail(c, lease, *rest, ch, err))
					return -1;
				*rest = 0;
			} else if (!boot) {
				ch->id[ch->n++] = lease->id;
				*rest -= lease->size;
			}
		}
	return 0;
}

static int choose_memory(struct coord *c, const struct lc_ledger *l,
			 uint32_t id, const struct coord_change *want,
			 struct chosen *ch, struct coord_err *err)
{
	uint64_t rest = want->memory, have;
	char a[24], b[24];

	if (want->mem_from != COORD_MEM_CONTIG)
		choose_blocks(l, id, &rest, ch);
	if (want->mem_from != COORD_MEM_BLOCKS &&
	    choose_contig(c, l, id, &rest, ch, err))
		return -1;
	if (!rest)
		return 0;
	have = want->memory - rest;
	coord_size_format(want->memory, a, sizeof(a));
	return lc_err(
		err, COORD_E_INVALID, EINVAL,
		"%s of memory asked back, but only %s can be; the memory holding the image stays",
		a, have ? coord_size_format(have, b, sizeof(b)) : "none");
}

static int choose(struct coord *c, struct lc_ledger *l, uint32_t id,
		  const struct coord_change *ch, struct chosen *out,
		  struct coord_err *err)
{
	if (l->n)
		qsort(l->lease, l->n, sizeof(*l->lease), newest_first);
	if (ch->cpu_list && choose_listed(l, id, ch->cpu_list, out, err))
		return -1;
	if (!ch->cpu_list && ch->cpus && choose_cpus(l, id, ch->cpus, out, err))
		return -1;
	if (ch->memory && choose_memory(c, l, id, ch, out, err))
		return -1;
	return 0;
}

static int recall_all(struct coord *c, uint32_t id, const struct chosen *list,
		      unsigned int timeout, struct coord_err *err)
{
	size_t done, n;

	for (done = 0; done < list->n; done += n) {
		n = list->n - done;
		if (n > COK_TXN_MAX_RES)
			n = COK_TXN_MAX_RES;
		if (!lc_recall(c, id, list->id + done, n, timeout, err))
			continue;
		if (done)
			lc_err_more(
				err,
				"; %zu of %zu leases were given back and go home",
				done, list->n);
		return -1;
	}
	return 0;
}

static int shrink(struct coord *c, uint32_t id, const struct coord_change *ch,
		  struct coord_err *err)
{
	struct chosen list = { 0 };
	struct lc_ledger l;
	int ret;

	if (lc_ledger_get(c, &l, err))
		return -1;
	list.id = calloc(l.n + 1, sizeof(*list.id));
	if (!list.id)
		ret = lc_err(err, COORD_E_FAILED, ENOMEM, "out of memory");
	else
		ret = choose(c, &l, id, ch, &list, err);
	if (!ret)
		ret = recall_all(c, id, &list, ch->timeout, err);
	if (!ret && !ch->home)
		lc_pool_note(c, &l, id, list.id, list.n);
	free(list.id);
	free(l.lease);
	return ret;
}

int coord_shrink(struct coord *c, const struct coord_change *ch,
		 struct coord_err *err)
{
	uint32_t id;

	if (!ch->cpus && !ch->cpu_list && !ch->memory)
		return lc_err(
			err, COORD_E_INVALID, EINVAL,
			"nothing to shrink by; give --cpus, --cpu-list or --mem");
	if ((ch->memory && lc_check_size(ch->memory, c->info.block_size,
					 ch->mem_from, err)) ||
	    lc_enclave_id(c, ch->name, &id, err) ||
	    (ch->home ? lc_op_begin_home : lc_op_begin)(c, COK_OP_SHRINK, id,
							err))
		return -1;
	if (shrink(c, id, ch, err) || lc_op_return(c, 0, err))
		return lc_op_undo(c, err);
	return lc_op_end(c, err);
}
