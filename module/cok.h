/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of cok.ko know of each other, file by file.
 *
 * LOCKS, outermost first. None is held across remove_cpu()/add_cpu().
 *   enclave.job_lock   serializes load, boot, offer, recall, stop, destroy
 *   enclave.halt_lock  held from the first INIT of a halt to its last ack, and
 *                      around every change of the slots
 *   start_lock         one core start at a time; spans "may it start?" to ack
 *   enclave.chan_lock  the rings' private positions and the host's end of the
 *                      protocol (core/txn_host.h); nothing blocks under it
 *   enclave.run_lock   the programs and their channels
 *   doorbell_lock      the list of doorbells (taken inside hotplug callbacks)
 *   log.lock           an enclave's kept log
 *   registry_lock      the list of enclaves
 *   ledger_lock, then op_lock; enclave.lock; jobs_lock   leaf spinlocks
 */
#ifndef COK_COK_H
#define COK_COK_H

#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/netlink.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <cok/boot.h>
#include <cok/comm.h>
#include <cok/genl.h>
#include <cok/run.h>

#include "core/elf.h"
#include "core/freq.h"
#include "core/ledger.h"
#include "core/state.h"
#include "core/txn_host.h"

#ifndef COK_VERSION
#define COK_VERSION "0.1.0"
#endif

#define COK_TEXT_MAX	    192 /* a sentence, with its NUL */
#define COK_MAX_ENCLAVES    64
#define COK_DOORBELL_VECTOR 0xe0 /* host -> core; only enclaves' cores see it */

#undef pr_fmt
#define pr_fmt(fmt) "cok: " fmt

struct cok_enclave;
struct cok_job;
struct genl_info;

/* ---- fault.c: the n-th acquisition fails, in test builds ---------------- */
#ifdef COK_TEST
/* True if the acquisition called `name` is to fail now. */
bool cok_fault(const char *name);
void cok_fault_set(u32 at);
void cok_fault_get(u32 *at, u32 *count, char name[COK_TEXT_MAX]);
#else
static inline bool cok_fault(const char *name)
{
	return false;
}
#endif

/* ---- bench.c: what bench/ measures, in test builds ---------------------- */
#ifdef COK_TEST
int cok_bench_setup(void);
void cok_bench_cleanup(void);
/* A core answered the attempt `step` (0: the first), ns after it was begun. */
void cok_bench_start(int step, u64 ns);
#else
static inline void cok_bench_start(int step, u64 ns)
{
}
#endif

/* ---- op.c: operations, see genl.h --------------------------------------- */

struct cok_op_info {
	u32 id; /* 0: none */
	u32 kind;
	u32 pid;
	bool alive;
};

struct cok_opener { /* a netlink socket, and the process behind it */
	u32 portid;
	u32 pid;
};

int cok_op_setup(void);
void cok_op_cleanup(void);
/*
 * Begin an operation for a socket. e is NULL for a kind without an enclave. Takes
 * over an abandoned one. -EBUSY if somebody else is at it.
 */
int cok_op_begin(const struct cok_opener *by, u32 kind, struct cok_enclave *e,
		 bool home, u32 *id);
int cok_op_end(u32 portid);
/* The socket's operation, 0 if it has none; its enclave's id in *enclave. */
u32 cok_op_of(u32 portid, u32 *enclave);
/* The pid that began it; 0: it is over. */
u32 cok_op_pid(u32 id);
bool cok_op_alive(u32 id);
/* Is what it takes from the pool, or back from an enclave, to go home? */
bool cok_op_home(u32 id);
/* How many there are. */
u32 cok_op_count(void);
void cok_op_info(struct cok_enclave *e, struct cok_op_info *info);

/* ---- job.c --------------------------------------------------------------- */

/* What became of one lease of a transaction: COK_A_RESULT. */
struct cok_result {
	u32 lease, kind, cpu, why;
	u64 start, given, asked;
};

struct cok_job {
	struct work_struct work;
	struct list_head node;
	u64 txid;
	int (*run)(struct cok_job *job);
	struct cok_enclave *e; /* referenced, or NULL */
	struct file *file;     /* referenced, or NULL */
	u32 op;
	u32 lease;
	u32 cpu;
	u64 start, size; /* memory */
	u32 timeout_ms;
	u32 nr_leases;
	u32 leases[COK_TXN_MAX_RES];
	u32 want_cpus; /* of a recall: how much of what is listed; 0: all */
	u64 want_mem;
	u64 request;	  /* of an offer: made for this one, or 0 */
	bool best_effort; /* what is agreed to, or all */
	char cmdline[COK_CMDLINE_MAX];
	/* the result */
	int err; /* 0 or -errno */
	u32 why;
	bool done;
	char text[COK_TEXT_MAX];
	struct cok_result *results; /* of its last transaction; may be NULL */
	u32 nr_results;
};

int cok_jobs_setup(void);
void cok_jobs_cleanup(void);
/* Drains and watches: apart from the jobs, which may wait for each other. */
extern struct workqueue_struct *cok_wq;
struct cok_job *cok_job_new(int (*run)(struct cok_job *job));
/* For a job that was not started. */
void cok_job_free(struct cok_job *job);
/* Start it and return its txid; the job belongs to job.c from here on. */
u64 cok_job_start(struct cok_job *job);
/*
 * Call fn on a job, under a spinlock, and return what it does; -ENOENT: unknown
 * or long gone. What is said of its end counts only if it is done.
 */
int cok_job_look(u64 txid, int (*fn)(const struct cok_job *job, void *arg),
		 void *arg);
/* Run that beside the jobs: it may wait for one. */
bool cok_job_queue(struct work_struct *work);
u64 cok_next_txid(void);
/* Set the result's sentence and return err. */
__printf(3, 4) int cok_job_fail(struct cok_job *job, int err, const char *fmt,
				...);

/* ---- lease.c: the ledger under its lock ---------------------------------- */

int cok_ledger_setup(void);
void cok_ledger_cleanup(void);
bool cok_ledger_empty(void);
/*
 * A copy of the next lease after `id`, for dumps and walks; -ENOENT at the end.
 * It may be stale at once.
 */
int cok_lease_next(u32 id, struct cok_lease *copy);
/* Intent: enter a resource in TAKING. Errors of cok_ledger_add. */
int cok_lease_add(const struct cok_lease *want, u32 op, u32 *id);
/* Change state, with an event. A wrong transition is our bug: WARN, -EINVAL. */
int cok_lease_move(u32 id, u32 to, u32 enclave, u64 txid);
/*
 * Reserve a lease for a job or a command of operation op: not busy, and
 * op's own, or of an operation that is gone. It becomes op's. -ENOENT, -EBUSY,
 * and -EACCES if its state is not in the mask (bits 1 << state) or its holder
 * is not the given enclave (0: none).
 */
int cok_lease_claim(u32 id, u32 op, u32 states, u32 enclave,
		    struct cok_lease *copy);
void cok_lease_release(u32 id);
/*
 * Into a transaction: OFFERED or RECALLED, with ledger entries set aside for the
 * parts of a contiguous range. -ENOSPC: no room for those, nothing changed.
 */
int cok_lease_stage(u32 id, u32 to, u32 enclave, u64 txid);
/*
 * cok_ledger_part() of a staged lease, by numbers; 0: there is no such part. All
 * of it is no part of it, and may be asked for of a block as well.
 */
void cok_lease_part(u32 id, u64 start, u64 size, u32 part[3]);
/* The enclave's lease of a core (by APIC id), or that overlaps a range. -ENOENT */
int cok_lease_find(u32 enclave, u32 kind, u64 start, u64 size,
		   struct cok_lease *copy);
/* Tag POOLED leases of a dead enclave for the operation that returns them. */
void cok_lease_set_op(u32 id, u32 op);
void cok_lease_set_boot(u32 id);
void cok_lease_set_apic_id(u32 id, u32 apic_id);
/* Ids of leases in one state held by an enclave (op 0) or by an operation. */
u32 cok_lease_list(u32 state, u32 enclave, u32 op, u32 *ids, u32 max);
bool cok_lease_quarantined(u32 enclave);
/*
 * The ledger is everybody's: an enclave with so many contiguous ranges gives and
 * gets whole ones only, until it has fewer.
 */
#define COK_MAX_RANGES 256
u32 cok_lease_ranges(u32 enclave);
bool cok_lease_op_pending(u32 op);
u32 cok_lease_in_hands(void);
/* Join a contiguous range in the pool with its neighbours (core/ledger.h). */
void cok_lease_join(u32 id);
/* The pool: as cok_ledger_keep and cok_ledger_draw, with events. */
int cok_pool_put(u32 op);
int cok_pool_take(const u32 *ids, u32 n, u32 op); /* n 0: all of it */
/* A claimed, reserved, POOLED lease goes back, unused. */
void cok_pool_put_back(u32 id);
/*
 * As cok_ledger_split, for an image of that many bytes. -ENOENT: neither of the
 * enclave nor in the pool.
 */
int cok_lease_split(u32 id, u32 enclave, u64 size, u64 image, u32 *tail);
/* For the vetoes: may Linux bring this up? Leaf lock only. */
bool cok_cpu_vetoed(u32 cpu);
bool cok_mem_vetoed(u64 start, u64 size);
/* Call fn on each CPU lease under the ledger's lock (reboot, crash). */
void cok_for_each_cpu_lease(void (*fn)(u32 apic_id));

/* ---- veto.c --------------------------------------------------------------- */

int cok_veto_setup(void);
void cok_veto_cleanup(void);
/* Is Linux in the middle of onlining or offlining part of the range? */
bool cok_mem_in_transition(u64 start, u64 size);

/* ---- cpu.c, mem.c, contig.c: take and return ---------------------------------------- */

int cok_cpu_take_job(struct cok_job *job);
/* For a claimed POOLED or RETURNING lease; ends it. */
int cok_cpu_return(struct cok_job *job, const struct cok_lease *lease);
int cok_mem_take(u64 start, u64 size, const char *zone, u32 op, u32 *id,
		 struct netlink_ext_ack *extack);
int cok_mem_taken_job(struct cok_job *job);
int cok_lease_return_job(struct cok_job *job);
int cok_lease_home(u32 id, u32 op, struct netlink_ext_ack *extack);
int cok_contig_take_job(struct cok_job *job);
/* For a claimed POOLED lease; ends it. */
int cok_contig_return(const struct cok_lease *lease);
/* Zero memory that Linux does not use; not instrumented, yields. */
void cok_scrub(u64 start, u64 size);

/* ---- start.c: cores from INIT to ack --------------------------------------- */

/* Orders for a core. */
struct cok_start {
	bool run; /* false: park */
	u64 cr3, entry, rdi, rsi;
};

int cok_start_setup(void);
void cok_start_cleanup(void);
/*
 * The core page of an APIC id: made when its CPU is taken, freed when home.
 * apic_base is the core's IA32_APIC_BASE, that each start begins with.
 */
int cok_core_prepare(u32 cpu, u32 apic_id, u64 apic_base);
void cok_core_forget(u32 apic_id);
/* The page's physical address, to be mapped at it in an enclave's tables; 0:
 * there is none.
 */
u64 cok_core_page(u32 apic_id);
u64 cok_park_page(void);
/*
 * INIT, STARTUP, and wait for the ack; a ladder of growing delays. Caller
 * holds start_lock. -EREMOTEIO: no ack; the core then was sent INIT once more.
 */
int cok_core_start(u32 apic_id, const struct cok_start *orders);
void cok_core_init(u32 apic_id);
/* An exception caught by park.S: false if none. */
struct cok_core_fault {
	u64 vector, error, rip, cr2;
};
bool cok_core_fault(u32 apic_id, struct cok_core_fault *f);
/* The frequency request that the core is started with each time, if any. */
void cok_core_freq(u32 apic_id, struct cok_freq *out);
extern struct mutex cok_start_lock;
/* The host goes down: INIT to every leased core, and no start from now on. */
void cok_start_end(void);

/* ---- pagetable.c ----------------------------------------------------------- */

struct cok_pt {
	u64 *root; /* below 4 GiB */
	struct list_head pages;
};

#define COK_PT_WRITE	BIT_ULL(1)
#define COK_PT_UNCACHED (BIT_ULL(3) | BIT_ULL(4))
#define COK_PT_NX	BIT_ULL(63)

int cok_pt_init(struct cok_pt *pt);
void cok_pt_free(struct cok_pt *pt);
u64 cok_pt_cr3(const struct cok_pt *pt);
/* Map [va, va + size) to pa, all 4 KiB aligned; 2 MiB pages where they fit. */
int cok_pt_map(struct cok_pt *pt, u64 va, u64 pa, u64 size, u64 flags);

/* ---- log.c ------------------------------------------------------------------ */

struct cok_log {
	struct mutex lock; /* all of it */
	wait_queue_head_t wait;
	char *buf;     /* COK_LOG_KEEP bytes, indexed modulo that */
	u64 head;      /* bytes ever written */
	u64 tail;      /* the oldest byte kept, at a line's start */
	u64 head_line; /* lines ever finished */
	u64 tail_line; /* lines dropped */
	u64 last_ns;   /* stamps never go back */
	u32 mid_line;  /* bytes of the line that is not finished */
};

int cok_log_init(struct cok_log *log);
void cok_log_free(struct cok_log *log);
/* Append a record's text with its stamp. */
void cok_log_put(struct cok_log *log, u64 ns, u32 core, const char *text,
		 size_t len);
/*
 * Copy from *pos to a user buffer: bytes copied, 0 at the end, -EFAULT.
 * *line counts the lines this reader has passed.
 */
ssize_t cok_log_read(struct cok_log *log, u64 *pos, u64 *line,
		     char __user *ubuf, size_t len);

/* ---- comm.c: the comm area, allocated and laid out ---------------------------- */

int cok_comm_alloc(struct cok_enclave *e);
void cok_comm_free(struct cok_enclave *e);
/* Physical address of the boot parameters' page; struct cok_comm follows. */
u64 cok_comm_phys(const struct cok_enclave *e);
/* Host-private addresses of the rings' headers and data. */
struct cok_comm_rings {
	struct cok_ring *h2c, *c2h, *conin, *log;
};
void cok_comm_rings(struct cok_enclave *e, struct cok_comm_rings *r);
struct cok_stats *cok_comm_stats(struct cok_enclave *e, u32 slot);
struct cok_run_dir *cok_comm_run(struct cok_enclave *e);

/* ---- chan.c: rings ------------------------------------------------------------ */

void cok_chan_init(struct cok_enclave *e);

struct cok_chan {
	struct cok_comm_rings rings; /* fixed at creation */
	u32 h2c_prod, c2h_cons, conin_prod, log_cons;
	u64 h2c_seq, c2h_seq;
	bool broken;	      /* an impossible ring position was seen */
	struct cok_link link; /* how the host's end sends */
	struct cok_host host; /* transactions and requests; ktime_get_ns() */
	bool ring_due;	      /* something was sent: ring after chan_lock */
	u32 asks;	      /* REQUESTs and the like since the last tick */
	u64 ping;	      /* cookie waited for, 0 none */
	bool pong, ready, stopped;
};

/* chan_lock; unlocking rings the co-kernel if there is reason to. */
void cok_chan_lock(struct cok_enclave *e);
void cok_chan_unlock(struct cok_enclave *e);
/* Caller holds chan_lock. -ENOSPC: full; -EPIPE: the ring is broken. */
int cok_chan_send(struct cok_enclave *e, struct cok_msg *m);
/*
 * Take everything the co-kernel has written, and do what is due. Takes chan_lock.
 */
void cok_chan_drain(struct cok_enclave *e);
/*
 * Sleeps (mode: TASK_INTERRUPTIBLE or not) until done() is true of its argument,
 * the enclave does not run any more, or `left` jiffies have passed. What is left
 * of them, at least 0, or -ERESTARTSYS. Takes chan_lock; done() is called without.
 */
long cok_chan_await(struct cok_enclave *e, bool (*done)(const void *arg),
		    const void *arg, unsigned int mode, long left);
/* The watch's tick: it may ask again. Takes chan_lock. */
void cok_chan_tick(struct cok_enclave *e);
/* It has ended: what is open is aborted, what it asks for denied. Takes chan_lock. */
void cok_chan_end(struct cok_enclave *e);
/* Bytes taken (may be 0), -EPIPE. Takes chan_lock. */
ssize_t cok_chan_input(struct cok_enclave *e, const char *buf, size_t len);
u32 cok_chan_input_room(struct cok_enclave *e);
int cok_chan_ping(struct cok_enclave *e, u32 timeout_ms, u64 *rtt_ns,
		  u64 *cookie);

/* ---- doorbell.c ------------------------------------------------------------------ */

struct cok_doorbell {
	struct list_head node;
	struct cok_enclave *e;
	int virq;
	u32 cpu; /* where it is now */
	atomic64_t count;
	bool quiet; /* doorbell_lock: none is wanted */
	char name[8 + COK_NAME_MAX];
};

int cok_doorbell_setup(void);
void cok_doorbell_cleanup(void);
int cok_doorbell_alloc(struct cok_enclave *e);
void cok_doorbell_free(struct cok_enclave *e);
/* Publish where the host's irq is now. */
void cok_doorbell_check(struct cok_enclave *e);
/* Test builds: who watches the rings needs no doorbell; drain once it does again. */
void cok_doorbell_quiet(struct cok_enclave *e, bool quiet);
/* Ring every running core of an enclave. */
void cok_doorbell_ring(struct cok_enclave *e);
/* One of them, if it runs. */
void cok_doorbell_ring_core(struct cok_enclave *e, u32 slot);

/* ---- run.c: programs ---------------------------------------------------------------- */

struct cok_run;
struct vm_area_struct;

/* A channel, entered into *out, that is empty till then. Errors as in uapi.h. */
int cok_run_open(struct cok_enclave *e, struct cok_run **out, u32 *id);
int cok_run_start(struct cok_enclave *e, struct cok_run *r);
int cok_run_wait(struct cok_enclave *e, struct cok_run *r, u32 slot, u32 kick,
		 u32 timeout_ms);
int cok_run_mmap(struct cok_run *r, struct vm_area_struct *vma);
/* Its file is gone: the program ends, then its channel is free. */
void cok_run_close(struct cok_enclave *e, struct cok_run *r);
/* Free the channels that nobody uses any more. */
void cok_run_reap(struct cok_enclave *e);
/* All of them; every core is parked, every file closed. */
void cok_run_free_all(struct cok_enclave *e);

/* ---- deal.c: what a transaction does to leases and cores ---------------------------- */

struct cok_deal {
	struct cok_txn t;
	struct cok_enclave *e;
	struct cok_job *job; /* told what fails; NULL: a RELEASE */
	u32 op;		     /* whose hands the leases are in, or 0 */
	u64 txid;	     /* in the ledger */
	u32 failed_cpu;	     /* did not start, or not park */
	struct cok_result result[COK_TXN_MAX_RES];
};

/* All of it with struct cok_deal as its context, under job_lock. */
extern const struct cok_txn_ops cok_deal_ops;
/* Carries out what was decided, whatever that is. */
void cok_deal_settle(struct cok_deal *d);

/* ---- enclave.c -------------------------------------------------------------------- */

/* A core of an enclave. */
struct cok_slot {
	bool used;
	u32 lease;
	u32 cpu;
	u32 apic_id;
	bool started;  /* enclave.lock: it takes doorbells */
	u64 heartbeat; /* as last seen, and when */
	u64 heartbeat_ns;
};

struct cok_enclave {
	struct list_head node; /* registry_lock */
	u32 id;
	u32 uid;
	char name[COK_NAME_MAX];

	spinlock_t lock;	   /* a leaf; guards what follows */
	u32 state;		   /* lock; cok_enclave_set_state only */
	u64 state_ns;		   /* lock */
	char reason[COK_TEXT_MAX]; /* lock */
	struct cok_op_info op;	   /* op_lock in op.c */

	struct mutex job_lock;	/* one big change at a time */
	struct mutex halt_lock; /* one halt at a time */
	bool halting;		/* start_lock: nothing starts any more */
	bool quarantined;	/* halt_lock: a core did not park */
	u64 halt_ns;		/* halt_lock: how long the last halt took */

	struct cok_slot slot[COK_MAX_CORES]; /* changed under halt_lock + lock */
	struct cok_pt pt;
	u64 entry;	/* of the image; job_lock */
	u64 image_span; /* bytes; set before a lease is GRANTED */

	struct page *comm_pages;
	unsigned int comm_order;
	struct cok_boot *boot;
	struct cok_comm *comm;
	u32 epoch; /* this comm area's life, as comm->epoch; ours to trust */

	struct mutex chan_lock;	 /* the rings, our side */
	struct cok_chan chan;	 /* chan_lock */
	wait_queue_head_t wait;	 /* answers and state changes */
	atomic_t askers;	 /* in cok_chan_await() */
	struct cok_deal release; /* job_lock: the RELEASE that is being taken */
	struct cok_log log;
	struct cok_doorbell bell;

	struct mutex run_lock;		  /* programs */
	struct cok_run *run[COK_RUN_MAX]; /* run_lock */
	u32 last_run;			  /* run_lock */

	struct work_struct drain_work;
	struct work_struct release_work;
	struct delayed_work watch_work;
	struct work_struct fail_work;
	u32 fail_state;		      /* lock: what fail_work ends in */
	char fail_text[COK_TEXT_MAX]; /* lock */
	u64 storm_count, storm_ns;    /* watch_work's */

	atomic64_t msgs_in, msgs_out, msgs_bad, ring_errors;
	atomic64_t log_records, log_dropped, bells_out;

	struct device dev;
	struct cdev cdev;
	bool dev_added;
	bool gone; /* destroyed: files read EOF */
};

/* Made and entered, with its opener's operation of that kind on it. */
int cok_enclave_new(const char *name, u32 uid, const struct cok_opener *by,
		    u32 kind, u32 *id, u32 *op, struct netlink_ext_ack *extack);
/* References; NULL if there is none. */
struct cok_enclave *cok_enclave_by_id(u32 id);
struct cok_enclave *cok_enclave_by_name(const char *name);
/* The first with an id above `id`. */
struct cok_enclave *cok_enclave_next(u32 id);
/* How many have an operation that was abandoned. */
u32 cok_enclave_abandoned(void);
struct cok_enclave *cok_enclave_get(struct cok_enclave *e);
void cok_enclave_put(struct cok_enclave *e);
/*
 * Out of the registry; its device node goes. Legal from a dead state, by the
 * holder of job_lock.
 */
void cok_enclave_remove(struct cok_enclave *e);
/*
 * The one function that changes the state: legal transitions only (-EINVAL),
 * wakes waiters, sends the event. reason may be NULL to keep the old one.
 */
int cok_enclave_set_state(struct cok_enclave *e, u32 to, const char *reason);
u32 cok_enclave_state(struct cok_enclave *e);
static inline bool cok_enclave_live(struct cok_enclave *e)
{
	u32 s = cok_enclave_state(e);

	return s == COK_ST_BOOTING || s == COK_ST_RUNNING ||
	       s == COK_ST_STOPPING;
}

/* ---- watch.c: heartbeats, claims, storms ------------------------------------------- */

void cok_watch_init(struct cok_enclave *e);
void cok_watch_start(struct cok_enclave *e);
void cok_watch_stop(struct cok_enclave *e);
/* Halt it from a workqueue, ending in STOPPED or FAILED for this reason. */
void cok_enclave_fail(struct cok_enclave *e, u32 end, const char *reason);

/* ---- asked.c: what co-kernels ask for by themselves --------------------------------- */

extern const struct cok_host_notes cok_asked_notes;
void cok_asked_init(struct cok_enclave *e);
/* A RELEASE is complete: see to it. Caller holds chan_lock. */
void cok_asked_release(struct cok_enclave *e);
/* A copy of the REQUESTs that wait; how many. Takes chan_lock. */
u32 cok_asked_list(struct cok_enclave *e,
		   struct cok_request list[COK_MAX_REQUESTS]);
/* -ENOENT no such request waits; -EBUSY an offer for it is under way. */
int cok_asked_deny(struct cok_enclave *e, u64 number);

/* ---- image.c, boot.c, transfer.c, halt.c: the jobs ----------------------------------- */

int cok_load_job(struct cok_job *job);
int cok_boot_job(struct cok_job *job);
int cok_offer_job(struct cok_job *job);
int cok_recall_job(struct cok_job *job);
int cok_stop_job(struct cok_job *job);
int cok_kill_job(struct cok_job *job);
int cok_destroy_job(struct cok_job *job);
/* The TSC at a deadline of ours; now, if that has passed. */
u64 cok_tsc_at(u64 deadline_ns);
/* Offer these POOLED leases; as the job, for boot.c. Caller holds job_lock. */
int cok_offer(struct cok_job *job, const u32 *leases, u32 nr, u64 deadline_ns);
/*
 * Stop all cores of a live enclave, prove it, and end in STOPPED or FAILED.
 * Takes halt_lock. -EREMOTEIO: a core did not park: all is quarantined.
 */
int cok_enclave_halt(struct cok_enclave *e, u32 end, const char *reason);
/* Start a core in an enclave unless it is halting (-EPIPE). */
int cok_slot_start(struct cok_enclave *e, u32 slot, u64 entry, u64 rsi);
int cok_slot_add(struct cok_enclave *e, u32 lease, u32 cpu, u32 apic_id);
void cok_slot_del(struct cok_enclave *e, u32 slot);
/* INIT and park one core of a slot, twice over. */
int cok_slot_park(struct cok_enclave *e, u32 slot);

/* ---- dump.c, dev.c, event.c, genl.c, notify.c --------------------------------------------------- */

/* COK_IOC_MEMORY. */
long cok_dump_ioctl(struct cok_enclave *e, void __user *arg);

int cok_dev_setup(void);
void cok_dev_cleanup(void);
int cok_dev_add(struct cok_enclave *e);
void cok_dev_del(struct cok_enclave *e);

int cok_genl_setup(void);
void cok_genl_cleanup(void);
extern struct genl_family cok_genl_family;
#define COK_DUMP_ALLOC 32768 /* bytes: the largest message we send */
int cok_genl_put_lease(struct sk_buff *skb, const struct cok_lease *lease);
int cok_genl_get_enclave(struct sk_buff *skb, struct genl_info *info);
int cok_genl_dump_enclaves(struct sk_buff *skb, struct netlink_callback *cb);
int cok_genl_dump_leases(struct sk_buff *skb, struct netlink_callback *cb);
int cok_genl_get_info(struct sk_buff *skb, struct genl_info *info);
int cok_genl_get_job(struct sk_buff *skb, struct genl_info *info);
int cok_genl_put_job(struct sk_buff *skb, const struct cok_job *job);
int cok_genl_put_request(struct sk_buff *skb, const struct cok_enclave *e,
			 const struct cok_request *r);
int cok_genl_start_requests(struct netlink_callback *cb);
int cok_genl_dump_requests(struct sk_buff *skb, struct netlink_callback *cb);
struct cok_enclave *cok_genl_enclave(struct genl_info *info);

/* Events; safe under spinlocks. */
u64 cok_generation(void);
/*
 * Of enclaves and leases only: what a dump of them is torn by. Messages of a
 * co-kernel, which may come without end, are not among it.
 */
u64 cok_changes(void);
void cok_event_state(struct cok_enclave *e, u32 state, u64 ns,
		     const char *reason);
void cok_event_lease(const struct cok_lease *lease);
void cok_event_job(const struct cok_job *job);
void cok_event_op(u32 id, u32 kind, u32 pid, bool alive, u32 enclave);
void cok_event_txn(struct cok_enclave *e, const struct cok_txn *t, u32 step,
		   u64 cpus, u64 mem);
/* answer 0: it has come; else how it ended, and what was given. */
void cok_event_request(struct cok_enclave *e, const struct cok_request *r,
		       u32 answer, u32 why, u64 given);

int cok_notify_setup(void);
void cok_notify_cleanup(void);

/* Deadlines in ns of ktime_get_ns(); 0 ms is "already passed". */
static inline u64 cok_deadline(u32 ms)
{
	return ktime_get_ns() + (u64)ms * NSEC_PER_MSEC;
}

/* Jiffies until a deadline, at least 0. */
static inline long cok_jiffies_left(u64 deadline_ns)
{
	u64 now = ktime_get_ns();

	return now >= deadline_ns ? 0 : nsecs_to_jiffies(deadline_ns - now) + 1;
}

#endif /* COK_COK_H */
