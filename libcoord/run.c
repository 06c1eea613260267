// SPDX-License-Identifier: GPL-2.0
/*
 * Running a program in an enclave (run.h): this process is its proxy. One thread
 * makes the program's system calls, and may be in one for ever; the caller's
 * waits for the end and passes signals on.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include <cok/uapi.h>

#include "internal.h"
#include "proxy.h"

#define SPINS	200 /* looks at the slot before the proxy sleeps */
#define LOOK_MS 1000

struct run {
	const struct coord_run *want;
	struct proxy proxy;
	void *channel;
	char exe[4096];
	pthread_t server;
};

/* ---- serving ---------------------------------------------------------------- */

static int wait_for(const struct proxy *p, uint32_t slot, uint32_t kick)
{
	struct cok_ioc_run_wait w = {
		.size = sizeof(w),
		.slot = slot,
		.kick = kick,
		.timeout_ms = LOOK_MS,
	};

	return ioctl(p->fd, COK_IOC_RUN_WAIT, &w) ? errno : 0;
}

static uint32_t load(const uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_SEQ_CST);
}

static bool over(const struct proxy *p)
{
	return load(&p->head->state) >= COK_RUN_ENDED;
}

static bool asked(const struct cok_run_slot *s)
{
	return load(&s->state) == COK_SLOT_REQUEST;
}

/* Until the slot asks for something; kicks the core first, if one sleeps. */
static int await_request(struct proxy *p, struct cok_run_slot *s, uint32_t kick)
{
	int i, err = 0;

	for (i = 0; i < SPINS && kick == COK_RUN_NOBODY && !asked(s); i++)
		_mm_pause();
	while (!asked(s) || kick != COK_RUN_NOBODY) {
		__atomic_store_n(&s->proxy_asleep, 1, __ATOMIC_SEQ_CST);
		err = wait_for(p, (uint32_t)(s - p->slot), kick);
		__atomic_store_n(&s->proxy_asleep, 0, __ATOMIC_SEQ_CST);
		kick = COK_RUN_NOBODY;
		if (over(p) || (err && err != EINTR && err != ETIMEDOUT))
			return -1;
	}
	return 0;
}

/* The caller's thread learns of the end by itself. */
static void *serve(void *arg)
{
	struct proxy *p = arg;
	struct cok_run_slot *s = &p->slot[0];
	uint32_t kick = COK_RUN_NOBODY;

	while (!await_request(p, s, kick)) {
		s->ret = proxy_call(p, 0);
		__atomic_store_n(&s->state, COK_SLOT_DONE, __ATOMIC_SEQ_CST);
		kick = load(&s->core_asleep) ? load(&s->core) : COK_RUN_NOBODY;
	}
	return NULL;
}

/* Signals are for the caller's thread. */
static int start_server(struct run *run, struct coord_err *err)
{
	sigset_t all, old;
	int e;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	e = pthread_create(&run->server, NULL, serve, &run->proxy);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (!e)
		return 0;
	return lc_err(err, COORD_E_FAILED, e, "cannot start a thread");
}

/* ---- what to run ---------------------------------------------------------------- */

/* Copies one string, with its NUL; false: no room. */
static bool put(struct run *run, uint32_t *at, const char *text)
{
	size_t n = strlen(text) + 1;

	if (n > COK_RUN_ARGS_MAX - *at)
		return false;
	memcpy(run->proxy.bounce + *at, text, n);
	*at += (uint32_t)n;
	return true;
}

static int put_strings(struct run *run, struct coord_err *err)
{
	const struct coord_run *want = run->want;
	struct cok_run_head *h = run->proxy.head;
	uint32_t at = 0;
	char *const *s;
	bool good = put(run, &at, want->path);

	for (s = want->argv; *s && good; s++, h->argc++)
		good = put(run, &at, *s);
	for (s = want->envp; *s && good; s++, h->envc++)
		good = put(run, &at, *s);
	h->args_size = at;
	if (good)
		return 0;
	return lc_err(err, COORD_E_INVALID, E2BIG,
		      "the arguments and the environment are more than %u KiB",
		      COK_RUN_ARGS_MAX / 1024);
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void put_identity(struct run *run)
{
	struct cok_run_head *h = run->proxy.head;
	struct rlimit stack;

	h->pid = getpid();
	h->ppid = getppid();
	h->uid = getuid();
	h->euid = geteuid();
	h->gid = getgid();
	h->egid = getegid();
	h->tsc = __rdtsc();
	h->real_ns = clock_ns(CLOCK_REALTIME);
	h->mono_ns = clock_ns(CLOCK_MONOTONIC);
	h->boot_ns = clock_ns(CLOCK_BOOTTIME);
	getrlimit(RLIMIT_STACK, &stack);
	h->stack_limit = stack.rlim_cur;
	if (getrandom(h->random, sizeof(h->random), 0) < 0)
		memset(h->random, 0x5a, sizeof(h->random));
}

static int open_program(struct run *run, struct coord_err *err)
{
	const char *path = run->want->path;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st)) {
		lc_err(err, COORD_E_FAILED, errno, "cannot open %s", path);
	} else if (!S_ISREG(st.st_mode) ||
		   faccessat(AT_FDCWD, path, X_OK, AT_EACCESS)) {
		lc_err(err, COORD_E_FAILED, EACCES, "cannot execute %s", path);
	} else if (!realpath(path, run->exe)) {
		lc_err(err, COORD_E_FAILED, errno, "cannot find %s", path);
	} else {
		return fd;
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

/* ---- the channel ------------------------------------------------------------------- */

/* Where the program's own descriptors will not be. */
static int move_up(int fd)
{
	int high = lc_dup_high(fd);

	if (high < 0)
		return fd;
	close(fd);
	return high;
}

static int channel_error(const char *name, struct coord_err *err)
{
	switch (errno) {
	case ENOTCONN:
		return lc_err(err, COORD_E_FAILED, errno,
			      "enclave '%s' is not running", name);
	case EBUSY:
		return lc_err(err, COORD_E_BUSY, errno,
			      "%u programs run in enclave '%s' already",
			      COK_RUN_MAX, name);
	case ENOTTY:
		return lc_err(err, COORD_E_FAILED, errno,
			      "this cok.ko can't run programs");
	default:
		return lc_err(err, COORD_E_FAILED, errno,
			      "no channel to enclave '%s'", name);
	}
}

static int open_channel(struct run *run, struct coord_err *err)
{
	struct cok_ioc_run_open o = { .size = sizeof(o) };
	struct proxy *p = &run->proxy;

	p->fd = coord_dev_open(run->want->name, O_RDWR, err);
	if (p->fd < 0)
		return -1;
	p->fd = move_up(p->fd);
	if (ioctl(p->fd, COK_IOC_RUN_OPEN, &o))
		return channel_error(run->want->name, err);
	run->channel = mmap(NULL, COK_RUN_SIZE, PROT_READ | PROT_WRITE,
			    MAP_SHARED, p->fd, 0);
	if (run->channel == MAP_FAILED)
		return channel_error(run->want->name, err);
	p->head = run->channel;
	p->slot = (void *)((uint8_t *)run->channel + COK_RUN_SLOTS_AT);
	p->bounce = (uint8_t *)run->channel + COK_RUN_BOUNCE_AT;
	p->exe = run->exe;
	p->hidden = run->want->hidden;
	return 0;
}

static void close_channel(struct run *run)
{
	if (run->channel != MAP_FAILED)
		munmap(run->channel, COK_RUN_SIZE);
	if (run->proxy.fd >= 0)
		close(run->proxy.fd);
}

/* ---- from the start to the end --------------------------------------------------------- */

static int fill_in(struct run *run, struct coord_err *err)
{
	struct cok_run_head *h = run->proxy.head;

	h->magic = COK_RUN_MAGIC;
	h->version = COK_RUN_VERSION;
	h->flags = run->want->eager ? COK_RUN_EAGER : 0;
	h->ignored = run->want->ignored;
	if (put_strings(run, err))
		return -1;
	h->exec_fd = open_program(run, err);
	if (h->exec_fd < 0)
		return -1;
	put_identity(run);
	return 0;
}

static int ended_early(const struct run *run, int e, struct coord_err *err)
{
	if (e == ENOMEM)
		return lc_err(
			err, COORD_E_FAILED, ENOMEM,
			"enclave '%s' has no memory to begin a program with",
			run->want->name);
	return lc_err(err, COORD_E_FAILED, 0,
		      "enclave '%s' ended under the program", run->want->name);
}

static int await_end(struct run *run, struct coord_err *err)
{
	struct proxy *p = &run->proxy;
	uint32_t kick = COK_RUN_NOBODY;
	uint64_t signals;
	int e;

	while (!over(p)) {
		e = wait_for(p, COK_RUN_SLOTS, kick);
		if (e && e != EINTR && e != ETIMEDOUT)
			return ended_early(run, e, err);
		kick = COK_RUN_NOBODY;
		signals = run->want->signals
				  ? run->want->signals(run->want->arg)
				  : 0;
		if (!signals)
			continue;
		proxy_post(p, signals);
		kick = load(&p->slot[0].core);
	}
	return 0;
}

/* What the co-kernel says of the end: copied once, and made sense of. */
static int take_end(const struct run *run, struct coord_run_end *end,
		    struct coord_err *err)
{
	const struct cok_run_head h = *run->proxy.head;
	uint32_t i;

	if (h.state == COK_RUN_FAILED) {
		char text[COK_RUN_TEXT_MAX];

		snprintf(text, sizeof(text), "%.*s", COK_RUN_TEXT_MAX - 1,
			 h.text);
		return lc_err(err, COORD_E_FAILED, h.error, "cannot run %s: %s",
			      run->want->path, text);
	}
	memset(end, 0, sizeof(*end));
	if (h.status > COK_RUN_SIGNALED)
		end->signal = (int)(h.status - COK_RUN_SIGNALED) & 127;
	else
		end->status = (int)h.status & 255;
	end->local = h.calls_local;
	end->offloaded = h.calls_offloaded;
	end->unknown = h.calls_unknown;
	end->faults = h.faults;
	for (i = 0; i < COK_RUN_UNKNOWN && h.unknown[i].count; i++) {
		end->calls[i].nr = h.unknown[i].nr;
		end->calls[i].count = h.unknown[i].count;
	}
	return 0;
}

static int start(struct run *run, struct coord_err *err)
{
	if (ioctl(run->proxy.fd, COK_IOC_RUN_START))
		return channel_error(run->want->name, err);
	return start_server(run, err);
}

int coord_run(const struct coord_run *want, struct coord_run_end *end,
	      struct coord_err *err)
{
	struct run *run = calloc(1, sizeof(*run));
	int ret;

	if (!run)
		return lc_err(err, COORD_E_FAILED, ENOMEM, "no memory");
	run->want = want;
	run->channel = MAP_FAILED;
	ret = open_channel(run, err);
	if (!ret)
		ret = fill_in(run, err);
	if (ret) {
		close_channel(run);
		free(run);
		return ret;
	}
	/* From here on the thread uses it: it goes with the process. */
	ret = start(run, err);
	if (!ret)
		ret = await_end(run, err);
	if (!ret)
		ret = take_end(run, end, err);
	return ret;
}
