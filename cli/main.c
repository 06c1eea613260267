// SPDX-License-Identifier: GPL-2.0
/* cokctl: the verbs. Each has a file of its own; this is the contents page. */
#include <string.h>

#include "verbs.h"

const struct verb verbs[] = {
	{ "launch", "[CONFIG.json]", "start an enclave", verb_launch },
	{ "list", "", "all enclaves", verb_list },
	{ "status", "[NAME]", "one enclave in detail, or all", verb_status },
	{ "top", "[NAME]", "what the cores do, again and again", verb_top },
	{ "wait", "NAME STATE", "until an enclave is in a state", verb_wait },
	{ "log", "NAME", "what an enclave printed", verb_log },
	{ "console", "NAME", "talk to an enclave", verb_console },
	{ "ping", "NAME", "measure round trips", verb_ping },
	{ "run", "-- PROGRAM [ARG]...", "run a program in an enclave",
	  verb_run },
	{ "grow", "NAME", "give a running enclave more", verb_grow },
	{ "shrink", "NAME", "take some of it back", verb_shrink },
	{ "requests", "[NAME]", "what enclaves ask for", verb_requests },
	{ "grant", "REQUEST", "give an enclave what it asks for", verb_grant },
	{ "deny", "REQUEST", "tell it that it won't get that", verb_deny },
	{ "stop", "NAME", "ask an enclave to shut down", verb_stop },
	{ "kill", "NAME", "stop an enclave whatever it does", verb_kill },
	{ "destroy", "NAME|--all", "end it and take everything home",
	  verb_destroy },
	{ "crash", "NAME", "why and where an enclave ended", verb_crash },
	{ "dump", "NAME FILE", "its memory as a core file, for gdb",
	  verb_dump },
	{ "reserve", "", "put CPUs and memory into the pool", verb_reserve },
	{ "release", "", "take them out of the pool and home", verb_release },
	{ "pool", "", "what is in the pool", verb_pool },
	{ "ledger", "", "everything that is out of Linux's hands",
	  verb_ledger },
	{ "reclaim", "", "finish or undo what others left behind",
	  verb_reclaim },
	{ "events", "", "what happens, as it happens", verb_events },
	{ "doctor", "", "is this host fit for enclaves?", verb_doctor },
	{ "selftest", "", "try everything once on this host", verb_selftest },
	{ "version", "", "of cokctl and of the module", verb_version },
	{ "help", "[VERB]", "this, or a verb's options", verb_help },
	{ NULL, NULL, NULL, NULL },
};

static void print_contents(FILE *f)
{
	const struct verb *v;

	fputs("usage: cokctl VERB [OPTION]... [ARGUMENT]...\n\n", f);
	for (v = verbs; v->name; v++)
		fprintf(f, "  %-9s %-14s %s\n", v->name, v->args, v->summary);
	fputs("\n'cokctl help VERB' tells a verb's options; cokctl(1) tells all.\n",
	      f);
}

static const struct verb *find(const char *name)
{
	const struct verb *v;

	for (v = verbs; v->name; v++)
		if (!strcmp(v->name, name))
			return v;
	fprintf(stderr,
		"cokctl: there is no verb '%s'; 'cokctl help' lists them\n",
		name);
	return NULL;
}

int verb_help(const struct verb *v, int argc, char **argv)
{
	char *ask[] = { NULL, "--help", NULL };
	const struct opt none[] = { OPT_END };
	int first, ret = options(v, none, argc, argv, 0, 1, &first);

	if (ret >= 0)
		return ret;
	if (first == argc) {
		print_contents(stdout);
		return EX_DONE;
	}
	v = find(argv[first]);
	if (!v)
		return EX_USE;
	ask[0] = argv[first];
	return v->run(v, 2, ask);
}

int main(int argc, char **argv)
{
	const struct verb *v;
	int ret;

	if (argc < 2) {
		print_contents(stderr);
		return EX_USE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		v = find("help");
	else if (!strcmp(argv[1], "--version"))
		v = find("version");
	else
		v = find(argv[1]);
	if (!v)
		return EX_USE;
	ret = v->run(v, argc - 1, argv + 1);
	/* A full disk must not look like success. */
	if ((fflush(stdout) || ferror(stdout)) && ret == EX_DONE) {
		perror("cokctl: writing the output");
		return EX_FAIL;
	}
	return ret;
}
