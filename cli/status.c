// SPDX-License-Identifier: GPL-2.0
/* cokctl status */
#include <inttypes.h>
#include <stdlib.h>

#include "status.h"
#include "verbs.h"

const char *const counter_names[COK_N_COUNT] = {
	[COK_N_DOORBELLS_IN] = "doorbells_in",
	[COK_N_DOORBELLS_OUT] = "doorbells_out",
	[COK_N_MSGS_IN] = "messages_in",
	[COK_N_MSGS_OUT] = "messages_out",
	[COK_N_MSGS_BAD] = "messages_bad",
	[COK_N_RING_ERRORS] = "ring_errors",
	[COK_N_LOG_RECORDS] = "log_records",
	[COK_N_LOG_DROPPED] = "log_dropped",
	[COK_N_KILL_NS] = "last_kill_ns",
};

bool core_responds(const struct coord_enclave *e, const struct coord_core *k)
{
	return e->state != COK_ST_RUNNING ||
	       k->heartbeat_age <= HEARTBEAT_LIMIT;
}

void print_regs(const struct cok_regs *r)
{
	printf("    rip %016" PRIx64 " cs  %04" PRIx64 "  rflags %08" PRIx64
	       " vector %" PRIu64 " error %" PRIx64 "\n"
	       "    rsp %016" PRIx64 " rbp %016" PRIx64 " cr2 %016" PRIx64
	       " cr3 %016" PRIx64 "\n"
	       "    rax %016" PRIx64 " rbx %016" PRIx64 " rcx %016" PRIx64
	       " rdx %016" PRIx64 "\n"
	       "    rsi %016" PRIx64 " rdi %016" PRIx64 " r8  %016" PRIx64
	       " r9  %016" PRIx64 "\n"
	       "    r10 %016" PRIx64 " r11 %016" PRIx64 " r12 %016" PRIx64
	       " r13 %016" PRIx64 "\n"
	       "    r14 %016" PRIx64 " r15 %016" PRIx64 " cr0 %08" PRIx64
	       " cr4 %08" PRIx64 "\n",
	       (uint64_t)r->rip, (uint64_t)r->cs, (uint64_t)r->rflags,
	       (uint64_t)r->vector, (uint64_t)r->error, (uint64_t)r->rsp,
	       (uint64_t)r->rbp, (uint64_t)r->cr2, (uint64_t)r->cr3,
	       (uint64_t)r->rax, (uint64_t)r->rbx, (uint64_t)r->rcx,
	       (uint64_t)r->rdx, (uint64_t)r->rsi, (uint64_t)r->rdi,
	       (uint64_t)r->r8, (uint64_t)r->r9, (uint64_t)r->r10,
	       (uint64_t)r->r11, (uint64_t)r->r12, (uint64_t)r->r13,
	       (uint64_t)r->r14, (uint64_t)r->r15, (uint64_t)r->cr0,
	       (uint64_t)r->cr4);
}

const struct coord_cpu *place_of(const struct view *v, uint32_t cpu)
{
	ssize_t i;

	for (i = 0; i < v->ncpu; i++)
		if (v->cpu[i].cpu == cpu)
			return &v->cpu[i];
	return NULL;
}

static void print_place(const struct view *v, uint32_t cpu)
{
	const struct coord_cpu *p = place_of(v, cpu);

	if (!p)
		return;
	if (p->numa >= 0)
		printf(", node %d", p->numa);
	if (p->siblings[0])
		printf(", shares its core with cpu %s", p->siblings);
}

static void print_cores(const struct view *v, const struct coord_enclave *e)
{
	const struct coord_core *k;
	char freq[128];
	uint32_t i;

	for (i = 0; i < e->nr_cores; i++) {
		k = &e->cores[i];
		printf("  core %u: cpu %u, apic %u", k->slot, k->cpu,
		       k->apic_id);
		print_place(v, k->cpu);
		printf(", frequency request %s",
		       coord_freq_text(k->freq_msr, k->freq_value, freq,
				       sizeof(freq)));
		if (e->state == COK_ST_RUNNING)
			printf(", heartbeat %" PRIu64 " ms ago%s",
			       k->heartbeat_age,
			       core_responds(e, k) ? "" : ", NOT RESPONDING");
		if (k->has_stats)
			printf(", %" PRIu64 " interrupts, %" PRIu64
			       " doorbells",
			       (uint64_t)k->stats.irqs,
			       (uint64_t)k->stats.doorbells);
		putchar('\n');
		if (k->has_regs && k->regs.seq)
			print_regs(&k->regs);
	}
}

static void print_memory(const struct view *v, const struct coord_enclave *e)
{
	const struct coord_lease *l;
	char what[64];
	int node;

	for (l = v->l; l < v->l + v->nl; l++) {
		if (l->enclave != e->id || l->kind != COK_RES_MEM)
			continue;
		printf("  %s, zone %s, %s%s", lease_text(l, what, sizeof(what)),
		       l->zone, coord_lease_state_name(l->state),
		       l->boot ? ", holds the image" : "");
		node = coord_lease_numa(v->c, l);
		if (node >= 0)
			printf(", node %d", node);
		putchar('\n');
	}
}

static void print_one(const struct view *v, const struct coord_enclave *e)
{
	char since[32];
	int i;

	printf("%s (enclave %u, owner %u): %s for %s%s%s\n", e->name, e->id,
	       e->uid, coord_state_name(e->state),
	       since_text(e->time_ns, since, sizeof(since)),
	       e->reason[0] ? ": " : "", e->reason);
	printf("  says of itself: %s\n", coord_ck_state_name(e->ck_state));
	if (e->op)
		printf("  operation %u: %s by pid %u%s\n", e->op,
		       coord_op_name(e->op_kind), e->op_pid,
		       e->op_alive ? "" : ", abandoned");
	print_cores(v, e);
	print_memory(v, e);
	for (i = COK_N_PAD + 1; i < COK_N_COUNT; i++)
		if (e->counters[i])
			printf("  %s %" PRIu64 "\n", counter_names[i],
			       e->counters[i]);
}

static int look(struct view *v, const char *name, struct coord_err *err)
{
	if (name) {
		if (coord_enclave(v->c, name, &v->e, err))
			return -1;
		v->ne = 1;
	} else {
		v->ne = coord_enclaves(v->c, &v->e, err);
		if (v->ne < 0)
			return -1;
	}
	v->nl = coord_leases(v->c, &v->l, err);
	v->ncpu = v->nl < 0 ? -1 : coord_cpus(v->c, &v->cpu, err);
	return v->ncpu < 0 ? -1 : 0;
}

int verb_status(const struct verb *v, int argc, char **argv)
{
	struct view view = { 0 };
	struct coord_err err;
	bool json = false;
	const struct opt opts[] = { OPT_JSON(json), OPT_END };
	int first, ret = options(v, opts, argc, argv, 0, 1, &first);
	ssize_t i;

	if (ret >= 0)
		return ret;
	ret = cli_open(&view.c);
	if (ret >= 0)
		return ret;
	ret = EX_DONE;
	if (look(&view, first < argc ? argv[first] : NULL, &err))
		ret = cli_fail(&err);
	else if (json)
		ret = status_json(&view, first < argc);
	else
		for (i = 0; i < view.ne; i++)
			print_one(&view, &view.e[i]);
	if (view.ne > 0)
		coord_enclaves_free(view.e, (size_t)view.ne);
	free(view.l);
	free(view.cpu);
	coord_close(view.c);
	return ret;
}
