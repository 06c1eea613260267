// SPDX-License-Identifier: GPL-2.0
/*
 * Jobs: work that must not run inside a netlink handler, because handlers
 * hold netlink's locks. A job runs to its end whatever becomes of the process
 * that asked, and its outcome is kept for a while.
 */
#include <linux/file.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "cok.h"
#include "trace.h"

#define JOBS_KEPT 256

struct workqueue_struct *cok_wq;
static struct workqueue_struct *job_wq;
static DEFINE_SPINLOCK(jobs_lock);
static LIST_HEAD(jobs); /* jobs_lock: oldest first */
static u32 nr_done;	/* jobs_lock */
static atomic64_t last_txid;

int cok_jobs_setup(void)
{
	job_wq = alloc_workqueue("cok-jobs", WQ_UNBOUND, 0);
	cok_wq = alloc_workqueue("cok", WQ_UNBOUND, 0);
	if (job_wq && cok_wq)
		return 0;
	if (job_wq)
		destroy_workqueue(job_wq);
	if (cok_wq)
		destroy_workqueue(cok_wq);
	return -ENOMEM;
}

void cok_jobs_cleanup(void)
{
	struct cok_job *job, *tmp;

	destroy_workqueue(job_wq);
	destroy_workqueue(cok_wq);
	list_for_each_entry_safe (job, tmp, &jobs, node)
		cok_job_free(job);
}

u64 cok_next_txid(void)
{
	return atomic64_inc_return(&last_txid);
}

struct cok_job *cok_job_new(int (*run)(struct cok_job *job))
{
	struct cok_job *job =
		cok_fault("job") ? NULL : kzalloc(sizeof(*job), GFP_KERNEL);

	if (job) {
		job->txid = cok_next_txid();
		job->run = run;
	}
	return job;
}

void cok_job_free(struct cok_job *job)
{
	if (job->file)
		fput(job->file);
	if (job->e)
		cok_enclave_put(job->e);
	kfree(job->results);
	kfree(job);
}

/* The oldest finished job, if more than enough are kept. */
static struct cok_job *expired(void)
{
	struct cok_job *job;

	if (nr_done <= JOBS_KEPT)
		return NULL;
	list_for_each_entry (job, &jobs, node) {
		if (!job->done)
			continue;
		list_del(&job->node);
		nr_done--;
		return job;
	}
	return NULL;
}

static void job_work(struct work_struct *work)
{
	struct cok_job *job = container_of(work, struct cok_job, work);
	struct cok_enclave *e = job->e;
	struct file *file = job->file;
	struct cok_job *old;
	int err;

	trace_cok_job_begin(job->txid, job->run, e ? e->id : 0);
	err = job->run(job);
	/* A kept result must not keep an enclave or a file. */
	job->e = NULL;
	job->file = NULL;
	if (file)
		fput(file);
	if (e)
		cok_enclave_put(e);

	spin_lock(&jobs_lock);
	job->err = err;
	job->done = true;
	nr_done++;
	cok_event_job(job);
	old = expired();
	spin_unlock(&jobs_lock);
	if (old)
		cok_job_free(old);
	/* The flush in cok_jobs_cleanup() waits for the rest of this function. */
	module_put(THIS_MODULE);
}

u64 cok_job_start(struct cok_job *job)
{
	u64 txid = job->txid;

	INIT_WORK(&job->work, job_work);
	__module_get(THIS_MODULE);
	spin_lock(&jobs_lock);
	list_add_tail(&job->node, &jobs);
	spin_unlock(&jobs_lock);
	queue_work(job_wq, &job->work);
	return txid;
}

int cok_job_look(u64 txid, int (*fn)(const struct cok_job *job, void *arg),
		 void *arg)
{
	struct cok_job *job;
	int ret = -ENOENT;

	spin_lock(&jobs_lock);
	list_for_each_entry (job, &jobs, node) {
		if (job->txid != txid)
			continue;
		ret = fn(job, arg);
		break;
	}
	spin_unlock(&jobs_lock);
	return ret;
}

bool cok_job_queue(struct work_struct *work)
{
	return queue_work(job_wq, work);
}

int cok_job_fail(struct cok_job *job, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(job->text, sizeof(job->text), fmt, ap);
	va_end(ap);
	return err;
}
