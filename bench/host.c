// SPDX-License-Identifier: GPL-2.0
/* Clocks, Linux's own hotplug, and the test module's file. */
#include "measure.h"

#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "stats.h"

#define BENCH_FILE "/sys/kernel/debug/cok-bench"

uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

void die(const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	va_start(ap, fmt);
	fprintf(stderr, "%s: ", program_invocation_short_name);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(1);
}

void row(const char *measure, unsigned int pair, const char *part, double value,
	 const char *unit)
{
	printf("%s,%u,%s,%.3f,%s\n", measure, pair, part, value, unit);
	fflush(stdout);
}

void print_machine(void)
{
	unsigned int leaf[12] = { 0 }, sig[4] = { 0 }, i;
	char model[49] = "";
	struct utsname u;

	for (i = 0; i < 3; i++)
		__get_cpuid(0x80000002 + i, &leaf[4 * i], &leaf[4 * i + 1],
			    &leaf[4 * i + 2], &leaf[4 * i + 3]);
	memcpy(model, leaf, 48);
	__cpuid(1, leaf[0], leaf[1], leaf[2], leaf[3]);
	/* Bit 31 says that somebody pretends to be this machine. */
	if (leaf[2] >> 31)
		__cpuid(0x40000000, sig[3], sig[0], sig[1], sig[2]);
	printf("# machine: %s\n# cpu: %s\n",
	       !memcmp(sig, "TCGTCGTCGTCG", 12) ? "QEMU TCG, an emulator"
	       : leaf[2] >> 31			? "a virtual machine"
						: "no hypervisor seen",
	       model);
	uname(&u);
	printf("# kernel: %s\n# CPUs online: %ld\n", u.release,
	       sysconf(_SC_NPROCESSORS_ONLN));
}

void pin_to(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("cannot run on CPU %u: %s", cpu, strerror(errno));
}

/* ---- sysfs ---------------------------------------------------------------- */

/* Adds the time it took; false if the write was refused. */
static bool try_word(const char *path, const char *word, uint64_t *ns)
{
	uint64_t began = now_ns();
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool done;

	if (fd < 0)
		die("cannot open %s: %s", path, strerror(errno));
	done = write(fd, word, strlen(word)) > 0;
	close(fd);
	*ns += now_ns() - began;
	return done;
}

static uint64_t write_word(const char *path, const char *word)
{
	uint64_t ns = 0;

	if (!try_word(path, word, &ns))
		die("cannot write %s to %s: %s", word, path, strerror(errno));
	return ns;
}

uint64_t cpu_write(unsigned int cpu, const char *word)
{
	char path[80];

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/online",
		 cpu);
	return write_word(path, word);
}

static void block_path(uint64_t nr, const char *leaf, char *path, size_t size)
{
	snprintf(path, size, "/sys/devices/system/memory/memory%" PRIu64 "/%s",
		 nr, leaf);
}

uint64_t block_write(uint64_t nr, const char *word)
{
	char path[80];

	block_path(nr, "state", path, sizeof(path));
	return write_word(path, word);
}

bool block_try(uint64_t nr, const char *word, uint64_t *ns)
{
	char path[80];

	block_path(nr, "state", path, sizeof(path));
	return try_word(path, word, ns);
}

const char *online_word(uint64_t nr)
{
	char path[80], zone[32] = "";
	FILE *f;

	block_path(nr, "valid_zones", path, sizeof(path));
	f = fopen(path, "re");
	if (!f || !fgets(zone, sizeof(zone), f))
		die("cannot read %s: %s", path, strerror(errno));
	fclose(f);
	return strncmp(zone, "Movable", 7) ? "online_kernel" : "online_movable";
}

int64_t used_kib(void)
{
	static const char *const free_ones[] = { "MemFree:", "Buffers:",
						 "Cached:", "SReclaimable:" };
	int64_t used = 0, value;
	char key[32], line[128];
	FILE *f = fopen("/proc/meminfo", "re");
	size_t i;

	if (!f)
		die("cannot read /proc/meminfo: %s", strerror(errno));
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%31s %" SCNd64, key, &value) != 2)
			continue;
		if (!strcmp(key, "MemTotal:"))
			used += value;
		for (i = 0; i < sizeof(free_ones) / sizeof(*free_ones); i++)
			if (!strcmp(key, free_ones[i]))
				used -= value;
	}
	fclose(f);
	return used;
}

/* ---- the test module's file -------------------------------------------------- */

bool bench_file_there(void)
{
	return !access(BENCH_FILE, R_OK | W_OK);
}

size_t bench_file(const char *command, double *value, double *first,
		  size_t room)
{
	char line[64];
	size_t n = 0;
	double a, b;
	FILE *f;

	write_word(BENCH_FILE, command);
	f = fopen(BENCH_FILE, "re");
	if (!f)
		die("cannot read %s: %s", BENCH_FILE, strerror(errno));
	while (n < room && fgets(line, sizeof(line), f)) {
		int words = sscanf(line, "%lf %lf", &a, &b);

		if (words < 1)
			break;
		value[n] = words == 2 ? b : a;
		if (first)
			first[n] = a;
		n++;
	}
	fclose(f);
	return n;
}

/* ---- one cache line, there and back --------------------------------------------- */

static _Alignas(64) atomic_uint line;
static _Alignas(64) atomic_bool echo_on;

static void *echo(void *unused)
{
	pin_to(ECHOER);
	while (atomic_load(&echo_on)) {
		unsigned int v =
			atomic_load_explicit(&line, memory_order_acquire);

		if (v & 1)
			atomic_store_explicit(&line, v + 1,
					      memory_order_release);
	}
	return unused;
}

double cache_line_ns(void)
{
	double ns[2 * TRIPS];
	pthread_t thread;
	unsigned int i;

	atomic_store(&line, 0);
	atomic_store(&echo_on, true);
	if (pthread_create(&thread, NULL, echo, NULL))
		die("cannot make a thread");
	for (i = 0; i < 2 * TRIPS; i++) {
		uint64_t began = now_ns();

		atomic_store_explicit(&line, 2 * i + 1, memory_order_release);
		while (atomic_load_explicit(&line, memory_order_acquire) !=
		       2 * i + 2)
			;
		ns[i] = (double)(now_ns() - began);
	}
	atomic_store(&echo_on, false);
	pthread_join(thread, NULL);
	/* The first half had to wait for the thread to begin. */
	return median_of(ns + TRIPS, TRIPS).mid;
}
