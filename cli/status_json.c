// SPDX-License-Identifier: GPL-2.0
/* cokctl status --json */
#include "status.h"

#define WORD(field) \
	{ \
#field, offsetof(struct cok_stats, field) \
	}
#define REG(field) \
	{ \
#field, offsetof(struct cok_regs, field) \
	}

static const struct word {
	const char *name;
	size_t offset;
} stats_words[] = {
	WORD(heartbeat), WORD(tsc_heartbeat), WORD(tsc_online),
	WORD(cycles_idle), WORD(cycles_kernel), WORD(cycles_user), WORD(irqs),
	WORD(doorbells), WORD(irqs_unknown), WORD(irq_unknown_last),
	WORD(nmis), WORD(mces), WORD(syscalls), WORD(pages_total),
	WORD(pages_free),
}, regs_words[] = {
	REG(seq), REG(vector), REG(error), REG(rip), REG(cs), REG(rflags),
	REG(rsp), REG(ss), REG(rax), REG(rbx), REG(rcx), REG(rdx), REG(rsi),
	REG(rdi), REG(rbp), REG(r8), REG(r9), REG(r10), REG(r11), REG(r12),
	REG(r13), REG(r14), REG(r15), REG(cr0), REG(cr2), REG(cr3), REG(cr4),
};

#define COUNT(table) (sizeof(table) / sizeof(*(table)))

static void add_words(cJSON *o, const char *key, const struct word *w, size_t n,
		      const void *from)
{
	cJSON *sub = cJSON_AddObjectToObject(o, key);
	size_t i;

	for (i = 0; i < n; i++)
		json_u64(sub, w[i].name,
			 *(const uint64_t *)((const char *)from + w[i].offset));
}

static void add_freq(cJSON *o, const char *key, const struct coord_core *k)
{
	char text[128];
	cJSON *sub;

	if (!k->freq_msr) {
		cJSON_AddNullToObject(o, key);
		return;
	}
	sub = cJSON_AddObjectToObject(o, key);
	cJSON_AddStringToObject(sub, "register",
				coord_freq_register(k->freq_msr));
	json_u64(sub, "msr", k->freq_msr);
	json_u64(sub, "value", k->freq_value);
	cJSON_AddStringToObject(sub, "text",
				coord_freq_text(k->freq_msr, k->freq_value,
						text, sizeof(text)));
}

static cJSON *core(const struct view *v, const struct coord_enclave *e,
		   const struct coord_core *k)
{
	const struct coord_cpu *place = place_of(v, k->cpu);
	cJSON *o = cJSON_CreateObject();

	json_u64(o, "slot", k->slot);
	json_u64(o, "cpu", k->cpu);
	json_u64(o, "apic_id", k->apic_id);
	json_node(o, "numa", place ? place->numa : -1);
	cJSON_AddStringToObject(o, "siblings", place ? place->siblings : "");
	add_freq(o, "frequency_request", k);
	json_u64(o, "heartbeat_age_ms", k->heartbeat_age);
	cJSON_AddBoolToObject(o, "responding", core_responds(e, k));
	if (k->has_stats)
		json_u64(o, "state", k->stats.state);
	if (k->has_stats)
		add_words(o, "stats", stats_words, COUNT(stats_words),
			  &k->stats);
	if (k->has_regs)
		add_words(o, "regs", regs_words, COUNT(regs_words), &k->regs);
	return o;
}

static cJSON *operation(const struct coord_enclave *e)
{
	cJSON *o = cJSON_CreateObject();

	json_u64(o, "id", e->op);
	cJSON_AddStringToObject(o, "kind", coord_op_name(e->op_kind));
	json_u64(o, "pid", e->op_pid);
	cJSON_AddBoolToObject(o, "alive", e->op_alive);
	return o;
}

static cJSON *lease(const struct view *v, const struct coord_lease *l)
{
	cJSON *o = json_lease(l);

	json_node(o, "numa", coord_lease_numa(v->c, l));
	return o;
}

static cJSON *enclave(const struct view *v, const struct coord_enclave *e)
{
	uint64_t now = boottime_ns();
	cJSON *o = cJSON_CreateObject(), *list;
	uint32_t i;
	ssize_t k;

	cJSON_AddStringToObject(o, "name", e->name);
	json_u64(o, "id", e->id);
	json_u64(o, "owner", e->uid);
	cJSON_AddStringToObject(o, "state", coord_state_name(e->state));
	cJSON_AddStringToObject(o, "reason", e->reason);
	json_u64(o, "since_ns", e->time_ns);
	json_u64(o, "for_ms",
		 now > e->time_ns ? (now - e->time_ns) / 1000000 : 0);
	cJSON_AddStringToObject(o, "claims", coord_ck_state_name(e->ck_state));
	if (e->op)
		cJSON_AddItemToObject(o, "operation", operation(e));
	list = cJSON_AddArrayToObject(o, "cores");
	for (i = 0; i < e->nr_cores; i++)
		cJSON_AddItemToArray(list, core(v, e, &e->cores[i]));
	list = cJSON_AddArrayToObject(o, "leases");
	for (k = 0; k < v->nl; k++)
		if (v->l[k].enclave == e->id)
			cJSON_AddItemToArray(list, lease(v, &v->l[k]));
	list = cJSON_AddObjectToObject(o, "counters");
	for (i = COK_N_PAD + 1; i < COK_N_COUNT; i++)
		json_u64(list, counter_names[i], e->counters[i]);
	return o;
}

int status_json(const struct view *v, bool single)
{
	cJSON *all;
	ssize_t i;

	if (single)
		return json_print(enclave(v, v->e));
	all = cJSON_CreateArray();
	for (i = 0; i < v->ne; i++)
		cJSON_AddItemToArray(all, enclave(v, &v->e[i]));
	return json_print(all);
}
