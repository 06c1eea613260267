// SPDX-License-Identifier: GPL-2.0
/*
 * Doorbells. Core to host: one irq per enclave, straight from the x86 vector
 * domain, so that a storm has a name. When the CPU it points at goes offline,
 * a hotplug callback moves it first and publishes the new pair; a doorbell
 * lost in between is made up for by the slow poll (watch.c).
 */
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irqdomain.h>
#include <asm/apicdef.h>
#include <asm/hw_irq.h>
#include <asm/irqdomain.h>
#include <asm/smp.h>

#include "cok.h"
#include "compat.h"
#include "trace.h"

static DEFINE_MUTEX(doorbell_lock);
static LIST_HEAD(doorbells); /* doorbell_lock */
static enum cpuhp_state offline_state;
static u32 next_cpu; /* doorbell_lock: spread them */

static irqreturn_t rung(int irq, void *data)
{
	struct cok_doorbell *bell = data;

	atomic64_inc(&bell->count);
	trace_cok_bell_in(bell->e->id);
	if (!atomic_read(&bell->e->askers))
		queue_work(cok_wq, &bell->e->drain_work);
	/* Who asks drains the rings itself; proxies look at their slots. */
	wake_up_all(&bell->e->wait);
	return IRQ_HANDLED;
}

/* Tell the co-kernel where to ring: one 64-bit store. */
static void publish(struct cok_doorbell *bell)
{
	struct irq_data *d = irq_get_irq_data(bell->virq);
	u32 cpu = cpumask_first(irq_data_get_effective_affinity_mask(d));
	u64 vector = irqd_cfg(d)->vector;
	u64 apic_id;

	if (cpu >= nr_cpu_ids)
		return;
	apic_id = per_cpu(x86_cpu_to_apicid, cpu);
	bell->cpu = cpu;
	WRITE_ONCE(bell->e->comm->host_doorbell,
		   bell->quiet ? 0 : vector | apic_id << 32);
}

/*
 * Ring it ourselves after a move: the vector code finishes a move only when
 * the interrupt arrives at its new place, and refuses another until then.
 */
static void settle(struct cok_doorbell *bell)
{
	struct irq_data *d = irq_get_irq_data(bell->virq);

	cok_icr_send(per_cpu(x86_cpu_to_apicid, bell->cpu),
		     APIC_INT_ASSERT | APIC_DM_FIXED | irqd_cfg(d)->vector);
}

static int cpu_goes_offline(unsigned int cpu)
{
	struct cok_doorbell *bell;
	unsigned int other;

	mutex_lock(&doorbell_lock);
	list_for_each_entry (bell, &doorbells, node) {
		if (bell->cpu != cpu)
			continue;
		other = cpumask_any_but(cpu_online_mask, cpu);
		/*
		 * Forced, because irq_set_affinity() would only note the wish
		 * while an earlier move is not finished, to be granted by the
		 * next interrupt in a way this irq chip can't.
		 */
		if (other >= nr_cpu_ids ||
		    irq_force_affinity(bell->virq, cpumask_of(other)))
			continue; /* Linux moves it; watch.c publishes */
		publish(bell);
		settle(bell);
		queue_work(cok_wq, &bell->e->drain_work);
	}
	mutex_unlock(&doorbell_lock);
	return 0;
}

/* Linux may have moved it by itself; cheap enough to look each time. */
void cok_doorbell_check(struct cok_enclave *e)
{
	mutex_lock(&doorbell_lock);
	if (e->bell.virq)
		publish(&e->bell);
	mutex_unlock(&doorbell_lock);
}

#ifdef COK_TEST
void cok_doorbell_quiet(struct cok_enclave *e, bool quiet)
{
	mutex_lock(&doorbell_lock);
	e->bell.quiet = quiet;
	if (e->bell.virq)
		publish(&e->bell);
	mutex_unlock(&doorbell_lock);
}
#endif

int cok_doorbell_setup(void)
{
	int err = cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN, "cok:doorbell",
					    NULL, cpu_goes_offline);

	if (err < 0)
		return err;
	offline_state = err;
	return 0;
}

void cok_doorbell_cleanup(void)
{
	cpuhp_remove_state_nocalls(offline_state);
}

static int alloc_irq_on(u32 cpu)
{
	struct irq_alloc_info info = { .mask = cpumask_of(cpu) };
	int virq;

	virq = __irq_domain_alloc_irqs(x86_vector_domain, -1, 1, NUMA_NO_NODE,
				       &info, false, NULL);
	if (virq < 0)
		return virq;
	__irq_set_handler(virq, handle_edge_irq, 0, "cok");
	cok_irq_moves_at_once(virq);
	return virq;
}

/* Round robin over the online CPUs; hotplug is held off by the caller. */
static u32 choose_cpu(void)
{
	u32 cpu;

	mutex_lock(&doorbell_lock);
	cpu = cpumask_next((int)next_cpu - 1, cpu_online_mask);
	if (cpu >= nr_cpu_ids)
		cpu = cpumask_first(cpu_online_mask);
	next_cpu = cpu + 1;
	mutex_unlock(&doorbell_lock);
	return cpu;
}

static int alloc_locked(struct cok_enclave *e)
{
	struct cok_doorbell *bell = &e->bell;
	u32 cpu = choose_cpu();
	int virq, err;

	virq = cok_fault("doorbell irq") ? -ENOSPC : alloc_irq_on(cpu);
	if (virq < 0)
		return virq;
	snprintf(bell->name, sizeof(bell->name), "cok-%s", e->name);
	err = cok_fault("request_irq")
		      ? -ENOMEM
		      : request_irq(virq, rung,
				    IRQF_NOBALANCING | IRQF_NO_THREAD,
				    bell->name, bell);
	if (err) {
		irq_dispose_mapping(virq);
		return err;
	}
	mutex_lock(&doorbell_lock);
	bell->virq = virq;
	bell->e = e;
	list_add(&bell->node, &doorbells);
	publish(bell);
	/* The host's default affinity may have moved it already. */
	if (bell->cpu != cpu)
		settle(bell);
	mutex_unlock(&doorbell_lock);
	return 0;
}

int cok_doorbell_alloc(struct cok_enclave *e)
{
	int err;

	/* The handler may run from the moment it is requested. */
	e->bell.e = e;
	cpus_read_lock();
	err = alloc_locked(e);
	cpus_read_unlock();
	return err;
}

void cok_doorbell_free(struct cok_enclave *e)
{
	struct cok_doorbell *bell = &e->bell;
	int virq;

	if (!bell->virq)
		return;
	mutex_lock(&doorbell_lock);
	list_del(&bell->node);
	virq = bell->virq;
	bell->virq = 0;
	mutex_unlock(&doorbell_lock);
	free_irq(virq, bell);
	irq_dispose_mapping(virq);
}

void cok_doorbell_ring(struct cok_enclave *e)
{
	u32 i;

	trace_cok_bell_out(e->id);
	/* Under the lock that a core leaves by: Linux's must not get this. */
	spin_lock(&e->lock);
	for (i = 0; i < COK_MAX_CORES; i++)
		if (e->slot[i].used && e->slot[i].started)
			cok_icr_send(e->slot[i].apic_id,
				     APIC_INT_ASSERT | APIC_DM_FIXED |
					     COK_DOORBELL_VECTOR);
	spin_unlock(&e->lock);
	atomic64_inc(&e->bells_out);
}

void cok_doorbell_ring_core(struct cok_enclave *e, u32 slot)
{
	spin_lock(&e->lock);
	if (e->slot[slot].used && e->slot[slot].started)
		cok_icr_send(e->slot[slot].apic_id,
			     APIC_INT_ASSERT | APIC_DM_FIXED |
				     COK_DOORBELL_VECTOR);
	spin_unlock(&e->lock);
	atomic64_inc(&e->bells_out);
}
