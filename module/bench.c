// SPDX-License-Identifier: GPL-2.0
/*
 * Test builds only: what bench/ can't measure from user space. One debugfs
 * file, cok-bench: a command is written to it, then its numbers are read, one
 * a line.
 *
 *	ipi CPU N	N round trips of a bare interrupt to a CPU of Linux, ns
 *	ping NAME N	N polled PINGs: no doorbell either way, this side watches
 *			the ring; ns. The co-kernel must poll, too.
 *	memory NAME	bytes of the host's memory that this enclave costs
 *	starts		the core starts since the last time: "STEP NS", STEP
 *			being the attempt that was answered
 */
#include <linux/cpu.h>
#include <linux/debugfs.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/smp.h>
#include <linux/uaccess.h>

#include <cok/ring.h>
#include <cok/uapi.h>

#include "cok.h"

#define MAX_SAMPLES 1000
#define MAX_STARTS  256
#define WAIT_NS	    (1000 * NSEC_PER_MSEC)

static struct dentry *file;
static DEFINE_MUTEX(bench_lock); /* one command at a time */
static u64 samples[MAX_SAMPLES]; /* bench_lock, like all results */
static int steps[MAX_SAMPLES];	 /* -1: a number alone */
static u32 nr_samples;

static DEFINE_SPINLOCK(starts_lock);
static struct {
	int step;
	u64 ns;
} starts[MAX_STARTS];
static u32 nr_starts; /* starts_lock */

void cok_bench_start(int step, u64 ns)
{
	spin_lock(&starts_lock);
	if (nr_starts < MAX_STARTS) {
		starts[nr_starts].step = step;
		starts[nr_starts++].ns = ns;
	}
	spin_unlock(&starts_lock);
}

static void add_sample(int step, u64 value)
{
	steps[nr_samples] = step;
	samples[nr_samples++] = value;
}

static int do_starts(void)
{
	u32 i;

	spin_lock(&starts_lock);
	for (i = 0; i < nr_starts; i++)
		add_sample(starts[i].step, starts[i].ns);
	nr_starts = 0;
	spin_unlock(&starts_lock);
	return 0;
}

/* ---- a bare interrupt, there and back ------------------------------------------ */

struct trip {
	call_single_data_t there, back;
	int from;
	bool done;
};

static void came_back(void *arg)
{
	struct trip *t = arg;

	smp_store_release(&t->done, true); /* the last touch of *t */
}

static void came_there(void *arg)
{
	struct trip *t = arg;

	smp_call_function_single_async(t->from, &t->back);
}

/* Its callbacks may come late: it outlives a trip that was given up. */
static struct trip trip;

static int one_trip(u32 cpu, u64 *ns)
{
	u64 began, now;
	int err;

	preempt_disable();
	trip.from = smp_processor_id();
	trip.done = false;
	INIT_CSD(&trip.there, came_there, &trip);
	INIT_CSD(&trip.back, came_back, &trip);
	began = ktime_get_ns();
	err = smp_call_function_single_async(cpu, &trip.there);
	do {
		now = ktime_get_ns();
		if (smp_load_acquire(&trip.done)) /* pairs with came_back */
			break;
		cpu_relax();
	} while (!err && now - began < WAIT_NS);
	preempt_enable();
	*ns = now - began;
	if (err)
		return err;
	return READ_ONCE(trip.done) ? 0 : -ETIMEDOUT;
}

static int do_ipi(u32 cpu, u32 n)
{
	static bool lost; /* a callback may still come: never again */
	u64 ns;
	int err = 0;

	cpus_read_lock();
	if (cpu >= nr_cpu_ids || !cpu_online(cpu) ||
	    cpu == raw_smp_processor_id())
		err = -EINVAL;
	if (lost)
		err = -EIO;
	while (!err && n--) {
		err = one_trip(cpu, &ns);
		if (!err)
			add_sample(-1, ns);
		lost = err == -ETIMEDOUT;
		cond_resched();
	}
	cpus_read_unlock();
	return err;
}

/* ---- a PING without interrupts --------------------------------------------------- */

static bool pong_there(struct cok_chan *ch, u64 cookie)
{
	struct cok_ring *r = ch->rings.c2h;
	const struct cok_msg *slots = (const void *)(r + 1);
	struct cok_msg m;

	if (cok_ring_used(cok_ring_load(&r->prod), ch->c2h_cons,
			  COK_CTRL_SLOTS) <= 0)
		return false;
	m = *(const volatile struct cok_msg *)&slots[ch->c2h_cons &
						     (COK_CTRL_SLOTS - 1)];
	return m.type == COK_MSG_PONG && m.txid == cookie;
}

/* Only looks at the answer; it is taken the usual way, by cok_chan_drain(). */
static int watch_ring(struct cok_enclave *e, u64 *ns)
{
	u64 cookie = cok_next_txid();
	struct cok_msg m = { .type = COK_MSG_PING, .txid = cookie };
	u64 began = ktime_get_ns(), now;
	bool there = false;
	int err = -EBUSY;
	u32 looks = 0;

	mutex_lock(&e->chan_lock);
	if (!e->chan.ping) {
		e->chan.ping = cookie;
		e->chan.pong = false;
		began = ktime_get_ns();
		now = began;
		err = cok_chan_send(e, &m);
		/* The clock would cost as much as what is measured. */
		while (!err && !there && now - began < WAIT_NS) {
			there = pong_there(&e->chan, cookie);
			if (there || !(++looks % 1024))
				now = ktime_get_ns();
		}
		*ns = now - began;
	}
	mutex_unlock(&e->chan_lock);
	return err ? err : there ? 0 : -ETIMEDOUT;
}

static int one_ping(struct cok_enclave *e, u64 *ns)
{
	int err = watch_ring(e, ns);

	if (err == -EBUSY)
		return err;
	cok_chan_drain(e);
	mutex_lock(&e->chan_lock);
	if (!err && !e->chan.pong)
		err = -EPROTO;
	e->chan.ping = 0;
	e->chan.pong = false;
	mutex_unlock(&e->chan_lock);
	return err;
}

static int do_ping(const char *name, u32 n)
{
	struct cok_enclave *e = cok_enclave_by_name(name);
	u64 ns;
	int err = e ? 0 : -ENOENT;

	if (e)
		cok_doorbell_quiet(e, true);
	while (!err && n--) {
		err = cok_enclave_state(e) == COK_ST_RUNNING ? one_ping(e, &ns)
							     : -ENOTCONN;
		if (!err)
			add_sample(-1, ns);
		cond_resched();
		if (signal_pending(current))
			err = -EINTR;
	}
	if (e) {
		cok_doorbell_quiet(e, false);
		cok_chan_drain(e);
		cok_enclave_put(e);
	}
	return err;
}

/* ---- what an enclave costs ---------------------------------------------------------- */

static u64 bytes_of(struct cok_enclave *e)
{
	u64 pages = 1UL << e->comm_order;
	struct page *page;
	u32 i;

	/* Its tables change under job_lock only. */
	mutex_lock(&e->job_lock);
	list_for_each_entry (page, &e->pt.pages, lru)
		pages++;
	mutex_unlock(&e->job_lock);
	spin_lock(&e->lock);
	for (i = 0; i < COK_MAX_CORES; i++)
		pages += e->slot[i].used; /* its core page */
	spin_unlock(&e->lock);
	return pages * PAGE_SIZE + COK_LOG_KEEP + sizeof(*e);
}

static int do_memory(const char *name)
{
	struct cok_enclave *e = cok_enclave_by_name(name);

	if (!e)
		return -ENOENT;
	add_sample(-1, bytes_of(e));
	cok_enclave_put(e);
	return 0;
}

/* ---- the file -------------------------------------------------------------------------- */

static int run(const char *line)
{
	char name[COK_NAME_MAX];
	u32 cpu, n;

	BUILD_BUG_ON(COK_NAME_MAX != 32); /* 31 below */
	nr_samples = 0;
	if (sscanf(line, "ipi %u %u", &cpu, &n) == 2 && n <= MAX_SAMPLES)
		return do_ipi(cpu, n);
	if (sscanf(line, "ping %31s %u", name, &n) == 2 && n <= MAX_SAMPLES)
		return do_ping(name, n);
	if (sscanf(line, "memory %31s", name) == 1)
		return do_memory(name);
	if (sysfs_streq(line, "starts"))
		return do_starts();
	return -EINVAL;
}

static ssize_t bench_write(struct file *f, const char __user *buf, size_t len,
			   loff_t *pos)
{
	char line[64] = "";
	int err;

	if (len >= sizeof(line))
		return -EINVAL;
	if (copy_from_user(line, buf, len))
		return -EFAULT;
	err = mutex_lock_interruptible(&bench_lock);
	if (err)
		return err;
	err = run(line);
	if (err)
		nr_samples = 0;
	mutex_unlock(&bench_lock);
	return err ? err : len;
}

static int bench_show(struct seq_file *s, void *unused)
{
	u32 i;

	mutex_lock(&bench_lock);
	for (i = 0; i < nr_samples; i++)
		if (steps[i] < 0)
			seq_printf(s, "%llu\n", samples[i]);
		else
			seq_printf(s, "%d %llu\n", steps[i], samples[i]);
	mutex_unlock(&bench_lock);
	return 0;
}

static int bench_open(struct inode *inode, struct file *f)
{
	return single_open(f, bench_show, NULL);
}

static const struct file_operations bench_fops = {
	.owner = THIS_MODULE,
	.open = bench_open,
	.read = seq_read,
	.write = bench_write,
	.llseek = seq_lseek,
	.release = single_release,
};

/* Without debugfs there are no such measurements, and all else works. */
int cok_bench_setup(void)
{
	file = debugfs_create_file("cok-bench", 0600, NULL, NULL, &bench_fops);
	return 0;
}

void cok_bench_cleanup(void)
{
	debugfs_remove(file);
}
