// SPDX-License-Identifier: GPL-2.0
/* cokctl run: a program in an enclave, as if it ran here. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "verbs.h"

/* As env(1) and timeout(1): what is not the program's own status. */
enum { EX_NOT_RUN = 125, EX_NOT_EXECUTABLE = 126, EX_NOT_FOUND = 127 };

extern char **environ;

static struct {
	const char *name, *cpus, *cpu_list, *mem, *from, *image, *env,
		*populate;
	bool stats;
} asked;

static const struct opt opts[] = {
	{ "name", 0, "NAME", "in this enclave, which is running", &asked.name,
	  NULL },
	{ "cpus", 0, "N", "or in one of so many CPUs, made for it", &asked.cpus,
	  NULL },
	{ "cpu-list", 0, "LIST", "of these CPUs", &asked.cpu_list, NULL },
	{ "mem", 0, "SIZE", "of so much memory (128M)", &asked.mem, NULL },
	{ "from", 0, "WHOM", "auto (pool, then Linux), pool or linux",
	  &asked.from, NULL },
	{ "image", 0, "FILE", "that boots this kernel", &asked.image, NULL },
	{ "env", 'e', "VAR", "set a variable, as in K=V; repeated", &asked.env,
	  NULL },
	{ "populate", 0, "WHEN", "memory comes lazy (default) or eager",
	  &asked.populate, NULL },
	{ "stats", 0, NULL, "tell of its system calls afterwards", NULL,
	  &asked.stats },
	OPT_END
};

/* ---- signals ---------------------------------------------------------------- */

static volatile uint64_t came; /* bit n-1: signal n */

static void on_signal(int sig)
{
	__atomic_fetch_or(&came, 1ULL << (sig - 1), __ATOMIC_SEQ_CST);
}

static uint64_t take_signals(void *arg)
{
	(void)arg;
	return __atomic_exchange_n(&came, 0, __ATOMIC_SEQ_CST);
}

/* Not those that stop this process, or are its own faults, or do nothing. */
static bool is_passed_on(int sig)
{
	static const int others[] = { SIGKILL, SIGSTOP, SIGTSTP, SIGTTIN,
				      SIGTTOU, SIGCONT, SIGCHLD, SIGWINCH,
				      SIGURG,  SIGSEGV, SIGBUS,	 SIGFPE,
				      SIGILL,  SIGTRAP, SIGSYS,	 SIGABRT,
				      SIGPIPE };
	size_t i;

	for (i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (sig == others[i])
			return false;
	return true;
}

/* Returns those that were ignored, and stay so. */
static uint64_t catch_signals(void)
{
	struct sigaction sa = { .sa_handler = on_signal }, old;
	uint64_t ignored = 0;
	int sig;

	for (sig = 1; sig <= 64; sig++) {
		if (sigaction(sig, NULL, &old))
			continue;
		if (old.sa_handler == SIG_IGN)
			ignored |= 1ULL << (sig - 1);
		else if (is_passed_on(sig))
			sigaction(sig, &sa, NULL);
	}
	return ignored;
}

/* So that whoever started us sees what the program died of. */
static int die_of(int sig)
{
	const struct rlimit none = { 0, 0 };
	sigset_t set;

	fflush(NULL);
	setrlimit(RLIMIT_CORE, &none);
	signal(sig, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, sig);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(sig);
	return 128 + sig;
}

/* ---- the program ---------------------------------------------------------------- */

static bool is_program(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode) && !access(path, X_OK);
}

/* As execvp(3). What isn't found there is told of by who opens it. */
static const char *find_program(const char *name, char *buf, size_t size)
{
	const char *path = getenv("PATH"), *end;

	if (strchr(name, '/') || !path)
		return name;
	for (;; path = end + 1) {
		end = strchrnul(path, ':');
		if (snprintf(buf, size, "%.*s/%s", (int)(end - path),
			     end == path ? "." : path, name) < (int)size &&
		    is_program(buf))
			return buf;
		if (!*end)
			return name;
	}
}

/* -e comes more than once, which the table of options does not know. */
static int set_variables(const struct verb *v, int argc, char **argv)
{
	int i;

	for (i = 1; i < argc && strcmp(argv[i], "--"); i++) {
		char *word = NULL;

		if (!strcmp(argv[i], "-e") || !strcmp(argv[i], "--env"))
			word = argv[++i];
		else if (!strncmp(argv[i], "--env=", 6))
			word = argv[i] + 6;
		else if (!strncmp(argv[i], "-e", 2))
			word = argv[i] + 2;
		if (!word)
			continue;
		if (!strchr(word, '=') || word[0] == '=')
			return usage_error(v, "-e: '%s' is not K=V", word);
		putenv(word);
	}
	return -1;
}

/* ---- telling ---------------------------------------------------------------------- */

static void print_stats(const struct coord_run_end *end)
{
	int i;

	fprintf(stderr,
		"cokctl: %" PRIu64 " system calls in the enclave, %" PRIu64
		" by the proxy, %" PRIu64 " unknown; %" PRIu64 " page faults\n",
		end->local, end->offloaded, end->unknown, end->faults);
	for (i = 0; i < COORD_UNKNOWN_MAX && end->calls[i].count; i++) {
		const char *name = coord_syscall_name(end->calls[i].nr);

		fprintf(stderr, "cokctl: unknown: %s (%u), %u times\n",
			name ? name : "?", end->calls[i].nr,
			end->calls[i].count);
	}
}

static int status_of(const struct coord_err *err)
{
	switch (err->err) {
	case ENOENT:
		return err->code == COORD_E_FAILED ? EX_NOT_FOUND : EX_NOT_RUN;
	case EACCES:
	case ENOEXEC:
		return err->code == COORD_E_FAILED ? EX_NOT_EXECUTABLE
						   : EX_NOT_RUN;
	default:
		return EX_NOT_RUN;
	}
}

/* ---- in an enclave ------------------------------------------------------------------ */

/* The exit status, or minus the signal. `hold` keeps the enclave, or is 0. */
static int run_in(const char *enclave, int hold, char **argv)
{
	char buf[4096];
	struct coord_run run = {
		.name = enclave,
		.path = find_program(argv[0], buf, sizeof(buf)),
		.argv = argv,
		.envp = environ,
		.eager = asked.populate && !strcmp(asked.populate, "eager"),
		.hidden = hold,
		.signals = take_signals,
	};
	struct coord_run_end end;
	struct coord_err err;

	run.ignored = catch_signals();
	if (cli_interrupted()) /* before there was a program to tell */
		return -SIGINT;
	if (coord_run(&run, &end, &err)) {
		cli_fail(&err);
		return status_of(&err);
	}
	if (asked.stats)
		print_stats(&end);
	return end.signal ? -end.signal : end.status;
}

static int configure(struct coord_config *cfg)
{
	const struct {
		const char *key, *option, *word;
	} words[] = {
		{ "cpus", "--cpus", asked.cpus },
		{ "cpu_list", "--cpu-list", asked.cpu_list },
		{ "memory", "--mem", asked.mem ? asked.mem : "128M" },
		{ "from", "--from", asked.from },
		{ "image", "--image", asked.image },
	};
	struct coord_err err;
	size_t i;

	coord_config_init(cfg);
	snprintf(cfg->name, sizeof(cfg->name), "run-%d", getpid());
	cfg->uid = getuid();
	for (i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (words[i].word &&
		    coord_config_set(cfg, words[i].key, words[i].word,
				     words[i].option, &err))
			return cli_fail(&err);
	return -1;
}

/*
 * The handle is not kept open, its descriptors are none of the program's; but
 * what ends with us whatever ends us.
 */
static int make_enclave(const struct coord_config *cfg, int *hold)
{
	struct coord_err err;
	struct coord *c;
	int ret = cli_open(&c);

	if (ret >= 0)
		return ret;
	ret = coord_launch_held(c, cfg, hold, NULL, &err) ? cli_fail(&err) : -1;
	coord_close(c);
	return ret;
}

/* Somebody who looks for what was left may have been faster. */
static void end_enclave(const char *name, int hold)
{
	struct coord_err err;
	struct coord *c;

	if (cli_open(&c) >= 0)
		return;
	close(hold);
	if (coord_destroy(c, name, &err) && err.code != COORD_E_NOENCLAVE)
		cli_fail(&err);
	coord_close(c);
}

static int run_in_own(char **argv)
{
	struct coord_config cfg;
	int hold, ret = configure(&cfg);

	if (ret < 0)
		ret = make_enclave(&cfg, &hold);
	if (ret >= 0)
		return EX_NOT_RUN;
	ret = run_in(cfg.name, hold, argv);
	end_enclave(cfg.name, hold);
	return ret;
}

static int check_options(const struct verb *v)
{
	if (asked.name && (asked.cpus || asked.cpu_list || asked.mem ||
			   asked.from || asked.image))
		return usage_error(v, "--name says which enclave: the others "
				      "describe one to be made");
	if (!asked.name && !asked.cpus && !asked.cpu_list)
		return usage_error(v, "--name, --cpus or --cpu-list missing");
	if (asked.populate && strcmp(asked.populate, "eager") &&
	    strcmp(asked.populate, "lazy"))
		return usage_error(v, "--populate: '%s' is not eager or lazy",
				   asked.populate);
	return -1;
}

int verb_run(const struct verb *v, int argc, char **argv)
{
	int first, ret = options(v, opts, argc, argv, 1, argc, &first);

	if (ret < 0)
		ret = check_options(v);
	if (ret < 0)
		ret = set_variables(v, argc, argv);
	if (ret >= 0)
		return ret ? EX_NOT_RUN : EX_DONE;
	ret = asked.name ? run_in(asked.name, 0, argv + first)
			 : run_in_own(argv + first);
	return ret < 0 ? die_of(-ret) : ret;
}
