// SPDX-License-Identifier: GPL-2.0
/* Dumps to arrays of structs. */
#include <stdlib.h>

#include <netlink/netlink.h>
#include <netlink/genl/genl.h>

#include "internal.h"

#define DUMP_LIMIT 10000 /* ms: the tables may change during a dump */

struct list {
	void *item;
	size_t n, room, size;
};

static void *list_add(struct list *l)
{
	if (l->n == l->room) {
		size_t room = l->room ? 2 * l->room : 16;
		void *p = reallocarray(l->item, room, l->size);

		if (!p)
			return NULL;
		l->item = p;
		l->room = room;
	}
	return (char *)l->item + l->n++ * l->size;
}

static int add_enclave(struct genlmsghdr *g, void *arg)
{
	struct coord_enclave *e = list_add(arg);

	return e ? lc_parse_enclave(g, e) : -1;
}

static int add_lease(struct genlmsghdr *g, void *arg)
{
	struct nlattr *tb[COK_A_COUNT];
	struct coord_lease *l = list_add(arg);

	if (!l)
		return -1;
	memset(l, 0, sizeof(*l));
	if (!lc_parse(g, tb))
		lc_parse_lease(tb, l);
	return 0;
}

void coord_enclaves_free(struct coord_enclave *e, size_t n)
{
	size_t i;

	for (i = 0; e && i < n; i++)
		free(e[i].cores);
	free(e);
}

/*
 * A busy host may change the tables during each dump: true, after a pause that
 * grows, if it is worth another try.
 */
static bool again(const struct coord_err *err, uint64_t deadline,
		  unsigned int *pause)
{
	if (err->err != EAGAIN || !lc_left(deadline))
		return false;
	lc_sleep(*pause);
	*pause = *pause < 64 ? 2 * *pause + 1 : *pause;
	return true;
}

ssize_t coord_enclaves(struct coord *c, struct coord_enclave **out,
		       struct coord_err *err)
{
	struct list l = { .size = sizeof(struct coord_enclave) };
	uint64_t deadline = lc_now() + DUMP_LIMIT;
	unsigned int pause = 0;
	struct lc_req r;

	for (;;) {
		lc_req_init(c, &r, COK_CMD_ENCLAVE_GET, NLM_F_DUMP,
			    "list the enclaves");
		if (!lc_call(c, &r, add_enclave, &l, err))
			break;
		coord_enclaves_free(l.item, l.n);
		l = (struct list){ .size = l.size };
		if (!again(err, deadline, &pause))
			return -1;
	}
	*out = l.item;
	return (ssize_t)l.n;
}

int coord_enclave(struct coord *c, const char *name, struct coord_enclave **out,
		  struct coord_err *err)
{
	struct list l = { .size = sizeof(struct coord_enclave) };
	struct lc_req r;

	lc_req_init(c, &r, COK_CMD_ENCLAVE_GET, 0, "look at the enclave");
	lc_put_name(&r, name);
	if (lc_call(c, &r, add_enclave, &l, err)) {
		coord_enclaves_free(l.item, l.n);
		if (err->code == COORD_E_NOENCLAVE)
			lc_err(err, COORD_E_NOENCLAVE, ENOENT,
			       "there is no enclave '%s'; 'cokctl list' names those that exist",
			       name);
		return -1;
	}
	if (!l.n)
		return lc_err(err, COORD_E_FAILED, EBADMSG,
			      "the module said nothing of enclave '%s'", name);
	*out = l.item;
	return 0;
}

ssize_t coord_leases(struct coord *c, struct coord_lease **out,
		     struct coord_err *err)
{
	struct list l = { .size = sizeof(struct coord_lease) };
	uint64_t deadline = lc_now() + DUMP_LIMIT;
	unsigned int pause = 0;
	struct lc_req r;

	for (;;) {
		l.n = 0;
		lc_req_init(c, &r, COK_CMD_LEASE_GET, NLM_F_DUMP,
			    "read the ledger");
		if (!lc_call(c, &r, add_lease, &l, err))
			break;
		if (!again(err, deadline, &pause)) {
			free(l.item);
			return -1;
		}
	}
	*out = l.item;
	return (ssize_t)l.n;
}

static int add_request(struct genlmsghdr *g, void *arg)
{
	struct nlattr *tb[COK_A_COUNT];
	struct coord_request *r = list_add(arg);

	if (!r)
		return -1;
	memset(r, 0, sizeof(*r));
	if (!lc_parse(g, tb))
		lc_parse_request(tb, r);
	return 0;
}

ssize_t coord_requests(struct coord *c, const char *name,
		       struct coord_request **out, struct coord_err *err)
{
	struct list l = { .size = sizeof(struct coord_request) };
	uint64_t deadline = lc_now() + DUMP_LIMIT;
	unsigned int pause = 0;
	uint32_t id = 0;
	struct lc_req r;

	if (name && lc_enclave_id(c, name, &id, err))
		return -1;
	for (;;) {
		l.n = 0;
		lc_req_init(c, &r, COK_CMD_REQUEST_GET, NLM_F_DUMP,
			    "list the requests");
		if (name)
			lc_put_enclave(&r, id);
		if (!lc_call(c, &r, add_request, &l, err))
			break;
		if (!again(err, deadline, &pause)) {
			free(l.item);
			return -1;
		}
	}
	*out = l.item;
	return (ssize_t)l.n;
}

int lc_ledger_get(struct coord *c, struct lc_ledger *l, struct coord_err *err)
{
	ssize_t n = coord_leases(c, &l->lease, err);

	l->n = n > 0 ? (size_t)n : 0;
	return n < 0 ? -1 : 0;
}

int lc_enclave_id(struct coord *c, const char *name, uint32_t *id,
		  struct coord_err *err)
{
	struct coord_enclave *e;

	if (coord_enclave(c, name, &e, err))
		return -1;
	*id = e->id;
	coord_enclaves_free(e, 1);
	return 0;
}

int coord_lease_numa(struct coord *c, const struct coord_lease *l)
{
	return lc_lease_node(c->root, c->info.block_size, l);
}

static ssize_t fill_cpus(const char *root, const struct lc_ledger *l,
			 const struct lc_topo *t, struct coord_cpu **out)
{
	struct coord_cpu *k;
	struct lc_cpus set;
	ssize_t n = 0;
	uint32_t i;

	*out = calloc(lc_cpus_count(&t->online) + l->n + 1, sizeof(**out));
	for (i = 0; *out && i < LC_MAX_CPUS; i++) {
		if (!lc_cpus_has(&t->online, i) && !lc_cpu_leased(l, i))
			continue;
		k = &(*out)[n++];
		k->cpu = i;
		k->numa = lc_cpu_node(root, i);
		k->online = lc_cpus_has(&t->online, i);
		lc_topo_siblings(t, i, &set);
		lc_cpus_del(&set, i);
		lc_cpulist_format(&set, k->siblings, sizeof(k->siblings));
	}
	return *out ? n : -1;
}

ssize_t coord_cpus(struct coord *c, struct coord_cpu **out,
		   struct coord_err *err)
{
	struct lc_ledger l;
	struct lc_topo *t;
	ssize_t n = -1;

	if (lc_ledger_get(c, &l, err))
		return -1;
	if (!lc_topo_read(c->root, &l, &t, err)) {
		n = fill_cpus(c->root, &l, t, out);
		if (n < 0)
			lc_err(err, COORD_E_FAILED, ENOMEM, "out of memory");
		free(t);
	}
	free(l.lease);
	return n;
}

ssize_t coord_doctor(struct coord *c, struct coord_check **out,
		     struct coord_err *err)
{
	struct lc_ledger l = { 0 };
	ssize_t n;

	if (c && lc_ledger_get(c, &l, err))
		return -1;
	n = lc_doctor(c ? c->root : "", c ? &c->info : NULL, &l, out, err);
	free(l.lease);
	return n;
}
