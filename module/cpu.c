// SPDX-License-Identifier: GPL-2.0
/* CPUs: out of Linux's hands, parked, and home again. */
#include <linux/cpu.h>
#include <linux/smp.h>
#include <asm/apic.h>

#include "cok.h"
#include "compat.h"

struct own_apic {
	u32 id; /* need not equal Linux's number */
	u64 base;
};

/* Runs on the core itself. */
static void read_own_apic(void *data)
{
	struct own_apic *own = data;

	own->id = apic->get_apic_id(apic->read(APIC_ID));
	rdmsrq(MSR_IA32_APICBASE, own->base);
}

static int ask_core(struct cok_job *job, struct own_apic *own)
{
	if (smp_call_function_single(job->cpu, read_own_apic, own, 1))
		return cok_job_fail(
			job, -EALREADY,
			"CPU %u is offline already, by somebody else: online it first or choose another",
			job->cpu);
	/* INIT sends it into the firmware. A kdump kernel may run elsewhere. */
	if (own->base & MSR_IA32_APICBASE_BSP)
		return cok_job_fail(
			job, -EINVAL,
			"CPU %u is the machine's boot processor: choose another",
			job->cpu);
	return 0;
}

static int refuse(struct cok_job *job, u32 cpu)
{
	if (cpu == 0)
		return cok_job_fail(job, -EINVAL,
				    "CPU 0 belongs to Linux: choose another");
	if (cpu >= nr_cpu_ids || !cpu_present(cpu))
		return cok_job_fail(job, -ENODEV,
				    "there is no CPU %u on this machine", cpu);
	if (num_online_cpus() == 1)
		return cok_job_fail(job, -EBUSY,
				    "CPU %u is the last one Linux has", cpu);
	return 0;
}

static int add_lease(struct cok_job *job)
{
	struct cok_lease want = {
		.kind = COK_RES_CPU,
		.cpu = job->cpu,
		.busy = true,
	};
	int err = cok_lease_add(&want, job->op, &job->lease);

	if (err == -EEXIST)
		return cok_job_fail(job, err, "CPU %u is leased already",
				    job->cpu);
	if (err)
		return cok_job_fail(job, err,
				    "the ledger has no room for CPU %u",
				    job->cpu);
	return 0;
}

static int go_offline(struct cok_job *job)
{
	int err = cok_fault("remove_cpu") ? -EIO : remove_cpu(job->cpu);

	if (err > 0)
		return cok_job_fail(
			job, -EALREADY,
			"CPU %u is offline already, by somebody else: online it first or choose another",
			job->cpu);
	if (err)
		return cok_job_fail(
			job, err,
			"Linux would not offline CPU %u; a driver or cpuset may hold it",
			job->cpu);
	return 0;
}

static int park(u32 apic_id)
{
	const struct cok_start orders = { .run = false };
	int err;

	mutex_lock(&cok_start_lock);
	err = cok_core_start(apic_id, &orders);
	mutex_unlock(&cok_start_lock);
	return err;
}

/* RETURNING is what lifts our own veto. 1 means somebody was faster. */
static int come_home(u32 lease, u32 cpu)
{
	int err;

	cok_lease_move(lease, COK_LS_RETURNING, 0, 0);
	err = add_cpu(cpu);
	return err < 0 ? err : 0;
}

static int take(struct cok_job *job)
{
	struct own_apic own;
	int err;

	err = ask_core(job, &own);
	if (err)
		goto err_lease;
	cok_lease_set_apic_id(job->lease, own.id);
	err = cok_core_prepare(job->cpu, own.id, own.base);
	if (err) {
		cok_job_fail(job, err, "no memory to park CPU %u in", job->cpu);
		goto err_lease;
	}
	err = go_offline(job);
	if (err)
		goto err_page;
	err = park(own.id);
	if (err) {
		cok_job_fail(
			job, err,
			"CPU %u went offline but did not answer INIT and STARTUP",
			job->cpu);
		goto err_offline;
	}
	return cok_lease_move(job->lease, COK_LS_POOLED, 0, 0);

err_offline:
	/* Linux starts its cores its own way; ours not working proves little. */
	if (come_home(job->lease, job->cpu)) {
		cok_job_fail(
			job, err,
			"CPU %u neither answered us nor came back: it stays leased",
			job->cpu);
		return err;
	}
err_page:
	cok_core_forget(own.id);
err_lease:
	cok_lease_move(job->lease, COK_LS_HOST, 0, 0);
	return err;
}

int cok_cpu_take_job(struct cok_job *job)
{
	int err = refuse(job, job->cpu);

	if (!err)
		err = add_lease(job);
	if (err)
		return err;
	err = take(job);
	cok_lease_release(job->lease);
	return err;
}

/* A pooled (or half-returned) CPU goes back to Linux; the lease ends. */
int cok_cpu_return(struct cok_job *job, const struct cok_lease *lease)
{
	int err;

	/* Out of our pages before they can be freed. */
	if (lease->state == COK_LS_POOLED)
		cok_core_init(lease->apic_id);
	if (lease->state == COK_LS_RETURNING) {
		err = add_cpu(lease->cpu);
		err = err < 0 ? err : 0;
	} else {
		err = come_home(lease->id, lease->cpu);
	}
	if (err)
		return cok_job_fail(
			job, err,
			"Linux could not bring CPU %u online: it stays leased, run 'cokctl reclaim' again",
			lease->cpu);
	cok_core_forget(lease->apic_id);
	return cok_lease_move(lease->id, COK_LS_HOST, 0, 0);
}
