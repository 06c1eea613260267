// SPDX-License-Identifier: GPL-2.0
/* The handle, progress and errors, as a person sees them. */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "verbs.h"

/* Which exit status tells which error; cokctl(1) repeats it. */
static const struct {
	enum coord_code code;
	int status;
} statuses[] = {
	{ COORD_E_FAILED, EX_FAIL },
	{ COORD_E_NOMODULE, EX_FAIL },
	{ COORD_E_INVALID, EX_USE },
	{ COORD_E_DECLINED, EX_DECLINED },
	{ COORD_E_TIMEOUT, EX_TIMEOUT },
	{ COORD_E_PERM, EX_PERM },
	{ COORD_E_NOENCLAVE, EX_NOENCLAVE },
	{ COORD_E_BUSY, EX_BUSY },
	{ COORD_E_CANCELLED, EX_INTERRUPTED },
	{ COORD_E_PARTIAL, EX_PARTIAL },
};

static volatile sig_atomic_t interrupted;
static volatile sig_atomic_t changing; /* a step of a change has begun */

int cli_fail(const struct coord_err *err)
{
	size_t i;

	fflush(stdout);
	fputs("cokctl: ", stderr);
	put_text(stderr, err->text);
	/* The errno's meaning, unless the sentence says it. */
	if (err->err && err->code != COORD_E_INVALID &&
	    err->code != COORD_E_CANCELLED && err->code != COORD_E_NOENCLAVE &&
	    err->code != COORD_E_NOMODULE &&
	    !strstr(err->text, strerror(err->err)))
		fprintf(stderr, " (%s)", strerror(err->err));
	fputc('\n', stderr);
	for (i = 0; i < sizeof(statuses) / sizeof(*statuses); i++)
		if (statuses[i].code == err->code)
			return statuses[i].status;
	return EX_FAIL;
}

void cli_warn(const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fputs("cokctl: ", stderr);
	put_text(stderr, text);
	fputc('\n', stderr);
}

/* ---- signals --------------------------------------------------------------- */

static void on_signal(int sig)
{
	static const char text[] =
		"\ncokctl: ending in good order; again to leave that to 'cokctl reclaim'\n";

	(void)sig;
	if (interrupted)
		_exit(EX_INTERRUPTED);
	interrupted = 1;
	if (changing && write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		return;
}

void cli_catch_signals(void)
{
	struct sigaction sa = { .sa_handler = on_signal }, old;

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	/* For nohup(1). */
	if (!sigaction(SIGHUP, NULL, &old) && old.sa_handler != SIG_IGN)
		sigaction(SIGHUP, &sa, NULL);
	/* A reader that goes away must not stop a change half-way. */
	signal(SIGPIPE, SIG_IGN);
}

bool cli_interrupted(void)
{
	return interrupted;
}

/* ---- hooks ------------------------------------------------------------------- */

static void on_step(void *arg, const char *text, unsigned int ms)
{
	static bool said;

	(void)arg;
	changing = 1;
	if (!ms)
		said = false;
	if (said || (!verbose && (ms < 1000 || !isatty(STDERR_FILENO))))
		return;
	said = true;
	fprintf(stderr, "cokctl: %s ...\n", text);
}

static void on_warn(void *arg, const char *text)
{
	(void)arg;
	cli_warn("note: %s", text);
}

static bool on_cancelled(void *arg)
{
	(void)arg;
	return interrupted;
}

static const struct coord_hooks hooks = {
	.step = on_step,
	.warn = on_warn,
	.cancelled = on_cancelled,
};

/* ---- opening ------------------------------------------------------------------ */

/* Not by PATH: this runs as root. */
static const char *const modprobes[] = {
	"/sbin/modprobe",
	"/usr/sbin/modprobe",
	"/bin/modprobe",
	"/usr/bin/modprobe",
};

static int load_module(void)
{
	int status;
	size_t i;
	pid_t got, pid = fork();

	if (!pid) {
		for (i = 0; i < sizeof(modprobes) / sizeof(*modprobes); i++)
			execl(modprobes[i], "modprobe", "cok", NULL);
		_exit(127);
	}
	if (pid < 0)
		return -1;
	do
		got = waitpid(pid, &status, 0);
	while (got < 0 && errno == EINTR);
	if (got != pid)
		return -1;
	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -1;
}

static void recover(struct coord *c)
{
	struct coord_err err;
	char report[512];
	int n = coord_reclaim(c, report, sizeof(report), &err);

	if (n > 0 || (n < 0 && report[0]))
		cli_warn("recovered: %s", report);
	if (n < 0)
		cli_warn(
			"recovery is not complete: %s; 'cokctl reclaim' tries again",
			err.text);
	changing = 0;
}

int cli_open_at_once(struct coord **c)
{
	struct coord_err err;
	int ret;

	cli_catch_signals();
	ret = coord_open(c, NULL, &err);
	if (ret && err.code == COORD_E_NOMODULE && !geteuid() && !load_module())
		ret = coord_open(c, NULL, &err);
	if (ret)
		return cli_fail(&err);
	coord_set_hooks(*c, &hooks);
	return -1;
}

int cli_open(struct coord **c)
{
	int ret = cli_open_at_once(c);

	if (ret < 0)
		recover(*c);
	return ret;
}

void cli_recover(void)
{
	struct coord_err err;
	struct coord *c;

	if (geteuid() || coord_open(&c, NULL, &err))
		return;
	cli_catch_signals();
	coord_set_hooks(c, &hooks);
	recover(c);
	coord_close(c);
}
