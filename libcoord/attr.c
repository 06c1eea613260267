// SPDX-License-Identifier: GPL-2.0
/* Attributes to structs. An attribute of an odd size counts as absent. */
#include <stdio.h>
#include <stdlib.h>

#include <netlink/netlink.h>
#include <netlink/genl/genl.h>

#include "internal.h"

int lc_parse(struct genlmsghdr *g, struct nlattr **tb)
{
	return nla_parse(tb, COK_A_MAX, genlmsg_attrdata(g, 0),
			 genlmsg_attrlen(g, 0), NULL);
}

uint32_t lc_get_u32(struct nlattr *a)
{
	uint32_t v = 0;

	if (a && nla_len(a) == sizeof(v))
		memcpy(&v, nla_data(a), sizeof(v));
	return v;
}

uint64_t lc_get_u64(struct nlattr *a)
{
	uint64_t v = 0;

	if (a && nla_len(a) == sizeof(v))
		memcpy(&v, nla_data(a), sizeof(v));
	return v;
}

void lc_get_str(struct nlattr *a, char *buf, size_t size)
{
	size_t n;

	buf[0] = '\0';
	if (!a || nla_len(a) < 1)
		return;
	n = strnlen(nla_data(a), (size_t)nla_len(a));
	if (n >= size)
		n = size - 1;
	memcpy(buf, nla_data(a), n);
	buf[n] = '\0';
}

void lc_parse_lease(struct nlattr **tb, struct coord_lease *l)
{
	memset(l, 0, sizeof(*l));
	l->id = lc_get_u32(tb[COK_A_LEASE]);
	l->kind = lc_get_u32(tb[COK_A_KIND]);
	l->state = lc_get_u32(tb[COK_A_LEASE_STATE]);
	l->enclave = lc_get_u32(tb[COK_A_ENCLAVE]);
	l->op = lc_get_u32(tb[COK_A_OP]);
	l->op_alive = lc_get_u32(tb[COK_A_OP_ALIVE]) != 0;
	l->op_pid = lc_get_u32(tb[COK_A_OP_PID]);
	l->boot = tb[COK_A_BOOT] != NULL;
	l->reserved = tb[COK_A_RESERVED] != NULL;
	l->txid = lc_get_u64(tb[COK_A_TXID]);
	l->cpu = lc_get_u32(tb[COK_A_CPU]);
	l->apic_id = lc_get_u32(tb[COK_A_APIC_ID]);
	l->start = lc_get_u64(tb[COK_A_START]);
	l->size = lc_get_u64(tb[COK_A_SIZE]);
	l->source = lc_get_u32(tb[COK_A_SOURCE]);
	lc_get_str(tb[COK_A_ZONE], l->zone, sizeof(l->zone));
}

void lc_parse_event(struct genlmsghdr *g, struct coord_event *e)
{
	struct nlattr *tb[COK_A_COUNT];

	memset(e, 0, sizeof(*e));
	if (g->cmd != COK_CMD_EVENT || lc_parse(g, tb))
		return;
	e->kind = lc_get_u32(tb[COK_A_EVENT]);
	e->generation = lc_get_u64(tb[COK_A_GENERATION]);
	e->time_ns = lc_get_u64(tb[COK_A_TIME_NS]);
	e->enclave = lc_get_u32(tb[COK_A_ENCLAVE]);
	lc_get_str(tb[COK_A_NAME], e->name, sizeof(e->name));
	e->state = lc_get_u32(tb[COK_A_STATE]);
	lc_get_str(tb[COK_A_REASON], e->reason, sizeof(e->reason));
	lc_parse_lease(tb, &e->lease);
	e->txid = lc_get_u64(tb[COK_A_TXID]);
	e->error = lc_get_u32(tb[COK_A_ERROR]);
	e->why = lc_get_u32(tb[COK_A_WHY]);
	lc_get_str(tb[COK_A_TEXT], e->text, sizeof(e->text));
	e->op = lc_get_u32(tb[COK_A_OP]);
	e->op_kind = lc_get_u32(tb[COK_A_OP_KIND]);
	e->op_pid = lc_get_u32(tb[COK_A_OP_PID]);
	e->op_alive = lc_get_u32(tb[COK_A_OP_ALIVE]) != 0;
	e->ask = lc_get_u32(tb[COK_A_TXN_ASK]);
	e->step = lc_get_u32(tb[COK_A_TXN_STEP]);
	e->request = lc_get_u64(tb[COK_A_REQUEST]);
	e->resource = lc_get_u32(tb[COK_A_KIND]);
	e->urgency = lc_get_u32(tb[COK_A_URGENCY]);
	e->answer = lc_get_u32(tb[COK_A_ANSWER]);
	e->amount.cpus = lc_get_u32(tb[COK_A_NR_CPUS]);
	e->amount.memory = lc_get_u64(tb[COK_A_MEM]);
}

void lc_parse_request(struct nlattr **tb, struct coord_request *r)
{
	memset(r, 0, sizeof(*r));
	r->enclave = lc_get_u32(tb[COK_A_ENCLAVE]);
	lc_get_str(tb[COK_A_NAME], r->name, sizeof(r->name));
	r->number = lc_get_u64(tb[COK_A_REQUEST]);
	r->kind = lc_get_u32(tb[COK_A_KIND]);
	r->amount.cpus = lc_get_u32(tb[COK_A_NR_CPUS]);
	r->amount.memory = lc_get_u64(tb[COK_A_MEM]);
	r->urgency = lc_get_u32(tb[COK_A_URGENCY]);
	r->time_ns = lc_get_u64(tb[COK_A_TIME_NS]);
}

static void parse_result(struct nlattr *nest, struct coord_result *r)
{
	struct nlattr *tb[COK_R_COUNT];

	memset(r, 0, sizeof(*r));
	if (nla_parse_nested(tb, COK_R_COUNT - 1, nest, NULL))
		return;
	r->lease = lc_get_u32(tb[COK_R_LEASE]);
	r->kind = lc_get_u32(tb[COK_R_KIND]);
	r->cpu = lc_get_u32(tb[COK_R_CPU]);
	r->start = lc_get_u64(tb[COK_R_START]);
	r->asked = lc_get_u64(tb[COK_R_ASKED]);
	r->agreed = lc_get_u64(tb[COK_R_GIVEN]);
	r->why = lc_get_u32(tb[COK_R_WHY]);
}

void lc_parse_results(struct genlmsghdr *g, struct lc_results *out)
{
	struct nlattr *a;
	int rem;

	out->n = 0;
	nla_for_each_attr (a, genlmsg_attrdata(g, 0), genlmsg_attrlen(g, 0),
			   rem)
		if (nla_type(a) == COK_A_RESULT && out->n < COK_TXN_MAX_RES)
			parse_result(a, &out->r[out->n++]);
}

/* Copies what there is of a binary attribute; true if there is any. */
static bool get_data(struct nlattr *a, void *p, size_t size)
{
	size_t n;

	if (!a || nla_len(a) < 1)
		return false;
	n = (size_t)nla_len(a);
	memcpy(p, nla_data(a), n < size ? n : size);
	return true;
}

static void parse_core(struct nlattr *nest, struct coord_core *core)
{
	struct nlattr *tb[COK_C_COUNT];

	memset(core, 0, sizeof(*core));
	if (nla_parse_nested(tb, COK_C_COUNT - 1, nest, NULL))
		return;
	core->slot = lc_get_u32(tb[COK_C_SLOT]);
	core->cpu = lc_get_u32(tb[COK_C_CPU]);
	core->apic_id = lc_get_u32(tb[COK_C_APIC_ID]);
	core->heartbeat_age = lc_get_u64(tb[COK_C_HEARTBEAT_AGE_MS]);
	core->freq_msr = lc_get_u32(tb[COK_C_FREQ_MSR]);
	core->freq_value = lc_get_u64(tb[COK_C_FREQ_VALUE]);
	core->has_stats =
		get_data(tb[COK_C_STATS], &core->stats, sizeof(core->stats));
	core->has_regs =
		get_data(tb[COK_C_REGS], &core->regs, sizeof(core->regs));
}

static int parse_cores(struct genlmsghdr *g, struct coord_enclave *e)
{
	struct nlattr *a;
	uint32_t n = 0;
	int rem;

	nla_for_each_attr (a, genlmsg_attrdata(g, 0), genlmsg_attrlen(g, 0),
			   rem)
		n += nla_type(a) == COK_A_CORE;
	if (!n)
		return 0;
	e->cores = calloc(n, sizeof(*e->cores));
	if (!e->cores)
		return -1;
	nla_for_each_attr (a, genlmsg_attrdata(g, 0), genlmsg_attrlen(g, 0),
			   rem)
		if (nla_type(a) == COK_A_CORE)
			parse_core(a, &e->cores[e->nr_cores++]);
	return 0;
}

int lc_parse_enclave(struct genlmsghdr *g, struct coord_enclave *e)
{
	struct nlattr *tb[COK_A_COUNT], *n[COK_N_COUNT];
	int i;

	memset(e, 0, sizeof(*e));
	if (lc_parse(g, tb))
		return 0;
	e->id = lc_get_u32(tb[COK_A_ENCLAVE]);
	e->uid = lc_get_u32(tb[COK_A_UID]);
	lc_get_str(tb[COK_A_NAME], e->name, sizeof(e->name));
	e->state = lc_get_u32(tb[COK_A_STATE]);
	lc_get_str(tb[COK_A_REASON], e->reason, sizeof(e->reason));
	e->time_ns = lc_get_u64(tb[COK_A_TIME_NS]);
	e->ck_state = lc_get_u32(tb[COK_A_CK_STATE]);
	e->op = lc_get_u32(tb[COK_A_OP]);
	e->op_kind = lc_get_u32(tb[COK_A_OP_KIND]);
	e->op_pid = lc_get_u32(tb[COK_A_OP_PID]);
	e->op_alive = lc_get_u32(tb[COK_A_OP_ALIVE]) != 0;
	if (tb[COK_A_COUNTERS] &&
	    !nla_parse_nested(n, COK_N_COUNT - 1, tb[COK_A_COUNTERS], NULL))
		for (i = COK_N_PAD + 1; i < COK_N_COUNT; i++)
			e->counters[i] = lc_get_u64(n[i]);
	return parse_cores(g, e);
}
