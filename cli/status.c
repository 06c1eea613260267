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

static void print_regs(const struct cok_regs *r)
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

static void print_cores(const struct coord_enclave *e)
{
	const struct coord_core *k;
	uint32_t i;

	for (i = 0; i < e->nr_cores; i++) {
		k = &e->cores[i];
		printf("  core %u: cpu %u, apic %u", k->slot, k->cpu,
		       k->apic_id);
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

static void print_memory(const struct coord_enclave *e,
			 const struct coord_lease *l, ssize_t n)
{
	char what[64];
	ssize_t i;

	for (i = 0; i < n; i++)
		if (l[i].enclave == e->id && l[i].kind == COK_RES_MEM)
			printf("  %s, zone %s, %s%s\n",
			       lease_text(&l[i], what, sizeof(what)), l[i].zone,
			       coord_lease_state_name(l[i].state),
			       l[i].boot ? ", holds the image" : "");
}

static void print_one(const struct coord_enclave *e,
		      const struct coord_lease *l, ssize_t n)
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
	print_cores(e);
	print_memory(e, l, n);
	for (i = COK_N_PAD + 1; i < COK_N_COUNT; i++)
		if (e->counters[i])
			printf("  %s %" PRIu64 "\n", counter_names[i],
			       e->counters[i]);
}

int verb_status(const struct verb *v, int argc, char **argv)
{
	struct coord_enclave *e = NULL;
	struct coord_lease *l = NULL;
	struct coord_err err;
	struct coord *c;
	bool json = false;
	const struct opt opts[] = { OPT_JSON(json), OPT_END };
	int first, ret = options(v, opts, argc, argv, 0, 1, &first);
	ssize_t n = 1, nl, i;

	if (ret >= 0)
		return ret;
	ret = cli_open(&c);
	if (ret >= 0)
		return ret;
	if (first == argc)
		n = coord_enclaves(c, &e, &err);
	else if (coord_enclave(c, argv[first], &e, &err))
		n = -1;
	nl = n < 0 ? -1 : coord_leases(c, &l, &err);
	ret = nl < 0 ? cli_fail(&err) : EX_DONE;
	if (nl >= 0 && json)
		ret = status_json(e, n, l, nl, first < argc);
	for (i = 0; nl >= 0 && !json && i < n; i++)
		print_one(&e[i], l, nl);
	if (n > 0)
		coord_enclaves_free(e, (size_t)n);
	free(l);
	coord_close(c);
	return ret;
}
