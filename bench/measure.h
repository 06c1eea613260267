/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of `measure` share. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coord.h"

#define NAME   "bench"
#define TRIPS  50 /* round trips of which one value is the median */
#define ECHOER 1  /* the CPU that answers; we are on CPU 0 */

/* ---- host.c: clocks, Linux's own hotplug, the test module's file --------- */

uint64_t now_ns(void);
void die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
/* One line of the CSV. */
void row(const char *measure, unsigned int pair, const char *part, double value,
	 const char *unit);
void pin_to(unsigned int cpu);
/* Machine, kernel and CPUs, as comments of the CSV. */
void print_machine(void);

/* Time that writing it to sysfs took, ns. Failure ends the program. */
uint64_t cpu_write(unsigned int cpu, const char *word);
/* The block's number; "online" puts it where `zone` says. */
uint64_t block_write(uint64_t nr, const char *word);
/* The same; adds the time, and false if it is refused. */
bool block_try(uint64_t nr, const char *word, uint64_t *ns);
const char *online_word(uint64_t nr);

/* KiB that are neither free nor cache. */
int64_t used_kib(void);

/* The test build's debugfs file (module/bench.c). */
bool bench_file_there(void);
/* Runs a command; its lines' last numbers, and, if wanted, their first ones. */
size_t bench_file(const char *command, double *value, double *first,
		  size_t room);
/* Median of TRIPS round trips of one cache line to a thread on ECHOER, ns. */
double cache_line_ns(void);

#endif /* BENCH_MEASURE_H */
