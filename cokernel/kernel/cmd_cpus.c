// SPDX-License-Identifier: GPL-2.0
/* cpus, run, spin, poll, hang, stats: the cores. */
#include "commands.h"
#include "mm.h"
#include "words.h"

#define RUN_MS 1000

struct cpu *arg_core(int argc, char **argv, int i)
{
	u64 slot;

	if (argc <= i || !word_number(argv[i], &slot) || slot >= nr_slots) {
		out("%s: which core slot?", argv[0]);
		return NULL;
	}
	if (slot_state(&cpus[slot]) != SLOT_ONLINE) {
		out("%s: core %llu is %s", argv[0], slot,
		    slot_state_name(slot_state(&cpus[slot])));
		return NULL;
	}
	return &cpus[slot];
}

/* Runs there; written before the job counts as done. */
static u32 reported_id[COK_MAX_CORES];
static u32 reported_cpuid[COK_MAX_CORES];

/* The 32-bit id of leaf 0xb, if there is one (SDM vol. 3, 11.12.8). */
static u32 cpuid_apic_id(void)
{
	struct cpuid topology = { 0 };

	if (cpuid(0).a >= 0xb)
		topology = cpuid(0xb);
	return topology.b ? topology.d : cpuid(1).b >> 24;
}

static void report_id(u64 unused)
{
	u32 slot = this_cpu()->slot;

	(void)unused;
	reported_id[slot] = apic_read_id();
	reported_cpuid[slot] = cpuid_apic_id();
}

static bool ask_id(struct cpu *c)
{
	return smp_post(c, report_id, 0) && smp_wait_job(c, RUN_MS);
}

void cmd_cpus(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	for (u32 i = 0; i < nr_slots; i++) {
		struct cpu *c = &cpus[i];
		enum slot_state s = slot_state(c);

		if (s == SLOT_ABSENT)
			continue;
		if (s == SLOT_ONLINE && ask_id(c))
			out("core %u: APIC id %u, %s, heartbeat %llu", i,
			    reported_id[i], slot_state_name(s),
			    c->stats->heartbeat);
		else
			out("core %u: APIC id %u (granted), %s%s, heartbeat %llu",
			    i, c->apic_id, slot_state_name(s),
			    s == SLOT_ONLINE ? " but busy" : "",
			    c->stats->heartbeat);
	}
	out("%u online", slots_online());
}

void cmd_run(int argc, char **argv)
{
	struct cpu *c = arg_core(argc, argv, 1);

	if (!c)
		return;
	if (ask_id(c))
		out("run: core %u says: APIC id %u, CPUID says %u", c->slot,
		    reported_id[c->slot], reported_cpuid[c->slot]);
	else
		out("run: core %u does not answer", c->slot);
}

static bool said_busy(const struct cpu *c, const char *command)
{
	if (!__atomic_load_n(&c->job, __ATOMIC_ACQUIRE))
		return false;
	out("%s: core %u is busy", command, c->slot);
	return true;
}

static void spin_job(u64 until)
{
	while (rdtsc() < until)
		cpu_pause();
	klog(LOG_INFO, "spin: core %u done", this_cpu()->slot);
}

void cmd_spin(int argc, char **argv)
{
	struct cpu *c = arg_core(argc, argv, 1);
	u64 seconds;

	if (!c)
		return;
	if (argc != 3 || !word_number(argv[2], &seconds) || seconds > 86400) {
		out("usage: spin SLOT SECONDS");
		return;
	}
	if (said_busy(c, argv[0]))
		return;
	out("spin: core %u for %llu s", c->slot, seconds);
	if (!smp_post(c, spin_job, tsc_after_ms(seconds * 1000)))
		out("spin: core %u is leaving", c->slot);
}

/* Answers without being woken: core 0 looks at the control rings all the time. */
void cmd_poll(int argc, char **argv)
{
	u64 seconds, until;

	if (argc != 2 || !word_number(argv[1], &seconds) || seconds > 3600) {
		out("usage: poll SECONDS");
		return;
	}
	out("poll: for %llu s", seconds);
	/* Many looks to one at the clock, and no PAUSE: they cost more than a look. */
	for (until = tsc_after_ms(seconds * 1000); rdtsc() < until;) {
		u64 flags = irq_save();

		for (u32 n = 0; n < 1000 && !control_pending(); n++)
			;
		control_poll();
		irq_restore(flags);
	}
	out("poll: done");
}

static void hang_job(u64 unused)
{
	(void)unused;
	irq_disable();
	for (;;)
		cpu_pause();
}

void cmd_hang(int argc, char **argv)
{
	struct cpu *c = argc > 1 ? arg_core(argc, argv, 1) : &cpus[0];

	if (!c || said_busy(c, argv[0]))
		return;
	out("hang: core %u", c->slot);
	if (!smp_post(c, hang_job, 0))
		out("hang: core %u is leaving", c->slot);
}

static u64 percent(u64 part, u64 whole)
{
	return whole ? part * 100 / whole : 0;
}

void cmd_stats(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	for (u32 i = 0; i < nr_slots; i++) {
		const struct cok_stats *s = cpus[i].stats;

		if (slot_state(&cpus[i]) == SLOT_ABSENT)
			continue;
		out("core %u: irqs %llu, doorbells %llu, unknown %llu (last "
		    "0x%llx), nmis %llu, mces %llu, idle %llu%%",
		    i, s->irqs, s->doorbells, s->irqs_unknown,
		    s->irq_unknown_last, s->nmis, s->mces,
		    percent(s->cycles_idle, s->cycles_idle + s->cycles_kernel));
	}
	out("tlb: flushes %llu, sent %llu, acked %llu, excused %llu, failed %llu",
	    flush_count.rounds, flush_count.sent, flush_count.acked,
	    flush_count.excused, flush_count.failed);
	out("memory: frames moved %llu, parts given back and proved drained %llu",
	    memory_count.moved, memory_count.proved);
	control_print();
	out("log: dropped %llu, locks broken %llu", comm->log_dropped,
	    log_locks_broken);
}
