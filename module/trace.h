/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints: what the module does, phase by phase, for ftrace, perf and the
 * like. They are described in docs/tracing.md. States are words and all else
 * is numbers, copied, so that no event keeps anything alive and none needs
 * more than this module's own names.
 */
/* clang-format off */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM cok

#if !defined(COK_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define COK_TRACE_H

#include <linux/tracepoint.h>

#include "cok.h"

#define COK_TRACE_WORD 16 /* bytes of a state's name */

/* ---- leases, enclaves, jobs ---------------------------------------------- */

TRACE_EVENT(cok_lease,
	TP_PROTO(const struct cok_lease *lease),
	TP_ARGS(lease),
	TP_STRUCT__entry(
		__array(char, state, COK_TRACE_WORD)
		__field(u32, lease)
		__field(u32, kind)
		__field(u32, enclave)
		__field(u32, op)
		__field(u32, cpu)
		__field(u32, apic_id)
		__field(u64, txid)
		__field(u64, start)
		__field(u64, size)
	),
	TP_fast_assign(
		strscpy(__entry->state, cok_lease_state_name(lease->state),
			COK_TRACE_WORD);
		__entry->lease = lease->id;
		__entry->kind = lease->kind;
		__entry->enclave = lease->enclave;
		__entry->op = lease->op;
		__entry->cpu = lease->cpu;
		__entry->apic_id = lease->apic_id;
		__entry->txid = lease->txid;
		__entry->start = lease->start;
		__entry->size = lease->size;
	),
	TP_printk("lease=%u state=%s kind=%s cpu=%u apic_id=%u start=%#llx size=%#llx enclave=%u op=%u txid=%llu",
		  __entry->lease, __entry->state,
		  __print_symbolic(__entry->kind, { 1, "cpu" }, { 2, "memory" }),
		  __entry->cpu, __entry->apic_id, __entry->start,
		  __entry->size, __entry->enclave, __entry->op, __entry->txid)
);

TRACE_EVENT(cok_enclave,
	TP_PROTO(u32 enclave, const char *name, u32 state),
	TP_ARGS(enclave, name, state),
	TP_STRUCT__entry(
		__array(char, state, COK_TRACE_WORD)
		__array(char, name, COK_NAME_MAX)
		__field(u32, enclave)
	),
	TP_fast_assign(
		strscpy(__entry->state, cok_state_name(state), COK_TRACE_WORD);
		strscpy(__entry->name, name, COK_NAME_MAX);
		__entry->enclave = enclave;
	),
	TP_printk("enclave=%u name=%s state=%s", __entry->enclave,
		  __entry->name, __entry->state)
);

TRACE_EVENT(cok_job_begin,
	TP_PROTO(u64 txid, const void *run, u32 enclave),
	TP_ARGS(txid, run, enclave),
	TP_STRUCT__entry(
		__field(u64, txid)
		__field(const void *, run)
		__field(u32, enclave)
	),
	TP_fast_assign(
		__entry->txid = txid;
		__entry->run = run;
		__entry->enclave = enclave;
	),
	TP_printk("txid=%llu run=%ps enclave=%u", __entry->txid, __entry->run,
		  __entry->enclave)
);

TRACE_EVENT(cok_job_end,
	TP_PROTO(u64 txid, int err),
	TP_ARGS(txid, err),
	TP_STRUCT__entry(
		__field(u64, txid)
		__field(int, err)
	),
	TP_fast_assign(
		__entry->txid = txid;
		__entry->err = err;
	),
	TP_printk("txid=%llu err=%d", __entry->txid, __entry->err)
);

/* ---- cores ----------------------------------------------------------------- */

TRACE_EVENT(cok_core_init,
	TP_PROTO(u32 apic_id),
	TP_ARGS(apic_id),
	TP_STRUCT__entry(
		__field(u32, apic_id)
	),
	TP_fast_assign(
		__entry->apic_id = apic_id;
	),
	TP_printk("apic_id=%u", __entry->apic_id)
);

/* An attempt to bring a core into the park text; what it is then to do. */
TRACE_EVENT(cok_core_try,
	TP_PROTO(u32 apic_id, bool run, int attempt),
	TP_ARGS(apic_id, run, attempt),
	TP_STRUCT__entry(
		__field(u32, apic_id)
		__field(bool, run)
		__field(int, attempt)
	),
	TP_fast_assign(
		__entry->apic_id = apic_id;
		__entry->run = run;
		__entry->attempt = attempt;
	),
	TP_printk("apic_id=%u order=%s attempt=%d", __entry->apic_id,
		  __entry->run ? "run" : "park", __entry->attempt)
);

TRACE_EVENT(cok_core_done,
	TP_PROTO(u32 apic_id, bool run, int err),
	TP_ARGS(apic_id, run, err),
	TP_STRUCT__entry(
		__field(u32, apic_id)
		__field(bool, run)
		__field(int, err)
	),
	TP_fast_assign(
		__entry->apic_id = apic_id;
		__entry->run = run;
		__entry->err = err;
	),
	TP_printk("apic_id=%u order=%s err=%d", __entry->apic_id,
		  __entry->run ? "run" : "park", __entry->err)
);

/* ---- the end of an enclave --------------------------------------------------- */

TRACE_EVENT(cok_halt,
	TP_PROTO(u32 enclave, const char *phase),
	TP_ARGS(enclave, phase),
	TP_STRUCT__entry(
		__array(char, phase, COK_TRACE_WORD)
		__field(u32, enclave)
	),
	TP_fast_assign(
		strscpy(__entry->phase, phase, COK_TRACE_WORD);
		__entry->enclave = enclave;
	),
	TP_printk("enclave=%u phase=%s", __entry->enclave, __entry->phase)
);

/* ---- messages ----------------------------------------------------------------- */

TRACE_EVENT(cok_txn_open,
	TP_PROTO(u32 enclave, const struct cok_txn *t),
	TP_ARGS(enclave, t),
	TP_STRUCT__entry(
		__field(u64, txid)
		__field(u32, enclave)
		__field(u16, ask)
		__field(u16, total)
	),
	TP_fast_assign(
		__entry->txid = t->txid;
		__entry->enclave = enclave;
		__entry->ask = t->ask;
		__entry->total = t->total;
	),
	TP_printk("enclave=%u txid=%llu ask=%s resources=%u", __entry->enclave,
		  __entry->txid,
		  __print_symbolic(__entry->ask, { 1, "OFFER" }, { 2, "RECALL" }),
		  __entry->total)
);

/* What it has answered: enum cok_txn_step in genl.h. */
TRACE_EVENT(cok_txn_answer,
	TP_PROTO(u32 enclave, const struct cok_txn *t, u32 step),
	TP_ARGS(enclave, t, step),
	TP_STRUCT__entry(
		__field(u64, txid)
		__field(u64, cpus)
		__field(u64, mem)
		__field(u32, enclave)
		__field(u32, step)
		__field(u16, why)
	),
	TP_fast_assign(
		__entry->txid = t->txid;
		__entry->cpus = t->cpus;
		__entry->mem = t->mem;
		__entry->enclave = enclave;
		__entry->step = step;
		__entry->why = t->why;
	),
	TP_printk("enclave=%u txid=%llu answer=%s cpus=%llu mem=%#llx why=%u",
		  __entry->enclave, __entry->txid,
		  __print_symbolic(__entry->step, { 2, "agreed" },
				   { 3, "partial" }, { 4, "declined" }),
		  __entry->cpus, __entry->mem, __entry->why)
);

TRACE_EVENT(cok_txn_end,
	TP_PROTO(u32 enclave, const struct cok_txn *t, int err),
	TP_ARGS(enclave, t, err),
	TP_STRUCT__entry(
		__field(u64, txid)
		__field(u32, enclave)
		__field(bool, commit)
		__field(u16, why)
		__field(int, err)
	),
	TP_fast_assign(
		__entry->txid = t->txid;
		__entry->enclave = enclave;
		__entry->commit = t->state == COK_TXN_COMMITTED;
		__entry->why = t->why;
		__entry->err = err;
	),
	TP_printk("enclave=%u txid=%llu outcome=%s why=%u err=%d",
		  __entry->enclave, __entry->txid,
		  __entry->commit ? "COMMIT" : "ABORT", __entry->why,
		  __entry->err)
);

/* A REQUEST came (answer 0), or has ended. */
TRACE_EVENT(cok_request,
	TP_PROTO(u32 enclave, const struct cok_request *r, u32 answer, u16 why,
		 u64 given),
	TP_ARGS(enclave, r, answer, why, given),
	TP_STRUCT__entry(
		__field(u64, request)
		__field(u64, amount)
		__field(u64, given)
		__field(u32, enclave)
		__field(u32, kind)
		__field(u32, answer)
		__field(u16, why)
	),
	TP_fast_assign(
		__entry->request = r->number;
		__entry->amount = r->amount;
		__entry->given = given;
		__entry->enclave = enclave;
		__entry->kind = r->kind;
		__entry->answer = answer;
		__entry->why = why;
	),
	TP_printk("enclave=%u request=%llu kind=%s amount=%#llx answer=%u given=%#llx why=%u",
		  __entry->enclave, __entry->request,
		  __print_symbolic(__entry->kind, { 1, "cpu" }, { 2, "memory" }),
		  __entry->amount, __entry->answer, __entry->given,
		  __entry->why)
);

DECLARE_EVENT_CLASS(cok_msg,
	TP_PROTO(u32 enclave, const struct cok_msg *m),
	TP_ARGS(enclave, m),
	TP_STRUCT__entry(
		__field(u64, txid)
		__field(u32, enclave)
		__field(u16, type)
		__field(u16, status)
	),
	TP_fast_assign(
		__entry->txid = m->txid;
		__entry->enclave = enclave;
		__entry->type = m->type;
		__entry->status = m->status;
	),
	TP_printk("enclave=%u type=%#x txid=%llu status=%u", __entry->enclave,
		  __entry->type, __entry->txid, __entry->status)
);

DEFINE_EVENT(cok_msg, cok_msg_out,
	TP_PROTO(u32 enclave, const struct cok_msg *m), TP_ARGS(enclave, m));
/* As it came: nothing has been judged yet. */
DEFINE_EVENT(cok_msg, cok_msg_in,
	TP_PROTO(u32 enclave, const struct cok_msg *m), TP_ARGS(enclave, m));

/* ---- doorbells and the log ----------------------------------------------------- */

DECLARE_EVENT_CLASS(cok_bell,
	TP_PROTO(u32 enclave),
	TP_ARGS(enclave),
	TP_STRUCT__entry(
		__field(u32, enclave)
	),
	TP_fast_assign(
		__entry->enclave = enclave;
	),
	TP_printk("enclave=%u", __entry->enclave)
);

DEFINE_EVENT(cok_bell, cok_bell_in, TP_PROTO(u32 enclave), TP_ARGS(enclave));
DEFINE_EVENT(cok_bell, cok_bell_out, TP_PROTO(u32 enclave), TP_ARGS(enclave));

TRACE_EVENT(cok_log_drop,
	TP_PROTO(u32 enclave, u32 bytes),
	TP_ARGS(enclave, bytes),
	TP_STRUCT__entry(
		__field(u32, enclave)
		__field(u32, bytes)
	),
	TP_fast_assign(
		__entry->enclave = enclave;
		__entry->bytes = bytes;
	),
	TP_printk("enclave=%u bytes=%u", __entry->enclave, __entry->bytes)
);

#endif /* COK_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
