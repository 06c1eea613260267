/* SPDX-License-Identifier: GPL-2.0 */
/* What cokctl's files share: the verbs, their options, how results are told. */
#ifndef VERBS_H
#define VERBS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <cjson/cJSON.h>

#include <coord.h>

/* Exit statuses; cli.c has the table of which error gives which. */
enum {
	EX_DONE = 0,
	EX_FAIL = 1,
	EX_USE = 2,
	EX_DECLINED = 3,
	EX_TIMEOUT = 4,
	EX_PERM = 5,
	EX_NOENCLAVE = 6,
	EX_BUSY = 7,
	EX_PARTIAL = 8,
	EX_INTERRUPTED = 130,
};

struct verb {
	const char *name;
	const char *args; /* after the options, for the usage line */
	const char *summary;
	int (*run)(const struct verb *v, int argc, char **argv);
};

extern const struct verb verbs[]; /* ends with a NULL name */

int verb_launch(const struct verb *v, int argc, char **argv);
int verb_list(const struct verb *v, int argc, char **argv);
int verb_status(const struct verb *v, int argc, char **argv);
int verb_wait(const struct verb *v, int argc, char **argv);
int verb_log(const struct verb *v, int argc, char **argv);
int verb_console(const struct verb *v, int argc, char **argv);
int verb_ping(const struct verb *v, int argc, char **argv);
int verb_run(const struct verb *v, int argc, char **argv);
int verb_grow(const struct verb *v, int argc, char **argv);
int verb_shrink(const struct verb *v, int argc, char **argv);
int verb_requests(const struct verb *v, int argc, char **argv);
int verb_grant(const struct verb *v, int argc, char **argv);
int verb_deny(const struct verb *v, int argc, char **argv);
int verb_stop(const struct verb *v, int argc, char **argv);
int verb_kill(const struct verb *v, int argc, char **argv);
int verb_destroy(const struct verb *v, int argc, char **argv);
int verb_crash(const struct verb *v, int argc, char **argv);
int verb_dump(const struct verb *v, int argc, char **argv);
int verb_reserve(const struct verb *v, int argc, char **argv);
int verb_release(const struct verb *v, int argc, char **argv);
int verb_pool(const struct verb *v, int argc, char **argv);
int verb_ledger(const struct verb *v, int argc, char **argv);
int verb_reclaim(const struct verb *v, int argc, char **argv);
int verb_top(const struct verb *v, int argc, char **argv);
int verb_events(const struct verb *v, int argc, char **argv);
int verb_doctor(const struct verb *v, int argc, char **argv);
int verb_selftest(const struct verb *v, int argc, char **argv);
int verb_version(const struct verb *v, int argc, char **argv);
int verb_help(const struct verb *v, int argc, char **argv);

/* ---- options.c: one table per verb gives the parser and the help --------- */

struct opt {
	const char *name; /* long, without dashes */
	char letter;	  /* or 0 */
	const char *arg;  /* its value's word in the help; NULL: a flag */
	const char *help;
	const char **value; /* where the value goes; NULL stays */
	bool *flag;
};

#define OPT_END \
	{ \
		NULL, 0, NULL, NULL, NULL, NULL \
	}
#define OPT_JSON(var) \
	{ \
		"json", 0, NULL, "print JSON", NULL, &(var) \
	}

/*
 * Parses options and leaves `min` to `max` arguments, argv[*first] on.
 * -1: go on; else what to exit with (--help, or a complaint was printed).
 */
int options(const struct verb *v, const struct opt *opts, int argc, char **argv,
	    int min, int max, int *first);
/* A complaint about how the verb was called. Always EX_USE. */
int usage_error(const struct verb *v, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Whole seconds, 1..600, to ms; 0 or EX_USE. Leaves *ms if text is NULL. */
int parse_seconds(const struct verb *v, const char *what, const char *text,
		  unsigned int *ms);
int parse_number(const struct verb *v, const char *what, const char *text,
		 unsigned long max, unsigned long *out);
/* Said with -v: every step. */
extern bool verbose;

/* ---- cli.c: the handle, errors ------------------------------------------ */

/* Opens (loads the module if it can) and recovers; -1 or an exit status. */
int cli_open(struct coord **c);
/* The same without recovery, which may have to wait for a job. */
int cli_open_at_once(struct coord **c);
/* As root and with the module there: recovers, without a word if it fails. */
void cli_recover(void);
/* Prints the error; returns the exit status. */
int cli_fail(const struct coord_err *err);
void cli_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
bool cli_interrupted(void);
/* SIGINT and such set a flag; a second one ends the process. */
void cli_catch_signals(void);

/* ---- deal.c: how a negotiation went ---------------------------------------- */

struct deal_told {
	const char *name; /* of the enclave */
	const struct coord_deal *deal;
	const struct coord_err *err; /* NULL: done */
	bool grown;		     /* or shrunk */
	bool killed;		     /* for it */
	bool json;
};
/* A line about what has moved; with -v tables; or JSON. Not the error. */
void tell_deal(const struct deal_told *t);

/* ---- out.c: tables and JSON ----------------------------------------------- */

/*
 * Text from arguments and files, with what could steer a terminal as \xNN:
 * control characters but tab and newline, and what is not UTF-8. What an
 * enclave prints is cleaned by the module.
 */
void put_text(FILE *f, const char *text);

struct table;
struct table *table_new(int columns, ...);
void table_row(struct table *t, ...); /* as many strings as columns */
void table_print(struct table *t);    /* and frees */

void json_u64(cJSON *o, const char *key, uint64_t v);
/* null if there is none. */
void json_node(cJSON *o, const char *key, int node);
int json_print(cJSON *o); /* and frees; EX_DONE */
int json_line(cJSON *o);  /* on one line, flushed, and frees */
cJSON *json_lease(const struct coord_lease *l);
/* "cpu 3 (apic 3)", "memory 0x100000000 128M"; returns buf. */
char *lease_text(const struct coord_lease *l, char *buf, size_t size);
/* Since a time on the boottime clock: "12 s", "3 h 5 min". */
char *since_text(uint64_t time_ns, char *buf, size_t size);
uint64_t boottime_ns(void);

#endif /* VERBS_H */
