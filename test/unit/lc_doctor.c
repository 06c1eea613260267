// sources: libcoord/doctor.c libcoord/pages.c libcoord/pick.c libcoord/topo.c libcoord/blocks.c libcoord/size.c libcoord/cpulist.c libcoord/err.c libcoord/sysfs.c libcoord/step.c
// SPDX-License-Identifier: GPL-2.0
/* What doctor says of hosts that do not exist, over a fake tree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cmocka.h>

#include "internal.h"

#define BLOCK  (2ULL << 20) /* small, so that kpageflags is */
#define CPU    "sys/devices/system/cpu/"
#define MEMORY "sys/devices/system/memory/"

static char root[64];
static struct utsname host;
static const struct lc_ledger empty;

/* launch.c's. */
int lc_image_path(const char *asked, char *buf, size_t size,
		  struct coord_err *err)
{
	(void)asked;
	(void)err;
	snprintf(buf, size, "/image");
	return 0;
}

static void put(const char *text, const char *fmt, ...)
{
	char path[512], *p;
	va_list ap;
	FILE *f;
	int n = snprintf(path, sizeof(path), "%s/", root);

	va_start(ap, fmt);
	vsnprintf(path + n, sizeof(path) - (size_t)n, fmt, ap);
	va_end(ap);
	for (p = path + strlen(root) + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		mkdir(path, 0755);
		*p = '/';
	}
	f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f, "%s\n", text);
	fclose(f);
}

static void run(const char *fmt, const char *word)
{
	char command[256];

	snprintf(command, sizeof(command), fmt, root, word);
	assert_int_equal(system(command), 0);
}

/* Pages of four blocks: all free, but in block `stuck` one of slab. */
static void put_pages(int stuck)
{
	const uint64_t slab = 1 << 7, buddy = 1 << 10;
	char path[128];
	FILE *f;
	int i;

	snprintf(path, sizeof(path), "%s/proc/kpageflags", root);
	f = fopen(path, "w");
	assert_non_null(f);
	for (i = 0; i < 4 * 512; i++)
		fwrite(i == stuck * 512 + 300 ? &slab : &buddy, 8, 1, f);
	fclose(f);
}

static int make_tree(void **state)
{
	int i;

	(void)state;
	uname(&host);
	snprintf(root, sizeof(root), "/tmp/lc_doctor.XXXXXX");
	assert_non_null(mkdtemp(root));
	put("0-3", CPU "online");
	put("0-3", CPU "present");
	for (i = 0; i < 4; i++) {
		put("online", MEMORY "memory%d/state", i);
		put("Normal", MEMORY "memory%d/valid_zones", i);
	}
	put("200000", MEMORY "block_size_bytes");
	put("tsc",
	    "sys/devices/system/clocksource/clocksource0/current_clocksource");
	put("flags\t\t: fpu sme", "proc/cpuinfo");
	put("quiet", "proc/cmdline");
	put("00000000-00000000 : nothing", "proc/iomem");
	return 0;
}

static int drop_tree(void **state)
{
	(void)state;
	run("rm -rf %s%s", "");
	return 0;
}

/* The check of that name, at that level, with those words. */
static void says(const struct coord_info *info, struct lc_ledger ledger,
		 const char *id, enum coord_level level, const char *words)
{
	struct coord_check *k;
	struct coord_err err;
	ssize_t i, n = lc_doctor(root, info, &ledger, &k, &err);
	bool found = false;

	assert_true(n > 0);
	for (i = 0; i < n; i++) {
		if (strcmp(k[i].id, id))
			continue;
		found = true;
		if (k[i].level != level || !strstr(k[i].text, words))
			fail_msg("%s: level %d, \"%s\"; not %d, \"%s\"", id,
				 k[i].level, k[i].text, level, words);
		/* A sentence that was cut helps nobody. */
		assert_true(strlen(k[i].text) < sizeof(k[i].text) - 1);
	}
	assert_true(found);
	free(k);
}

#define CONFIG \
	"CONFIG_MODULES=y\nCONFIG_HOTPLUG_CPU=y\nCONFIG_MEMORY_HOTREMOVE=y\n" \
	"CONFIG_X86_LOCAL_APIC=y\n"

static void kernel_options(void **state)
{
	(void)state;
	says(NULL, empty, "kernel", COORD_WARN, "not to be found");
	put(CONFIG "CONFIG_CONTIG_ALLOC=y", "proc/config");
	run("gzip %s/proc/config%s", "");
	says(NULL, empty, "kernel", COORD_GOOD, "/proc/config.gz");
	put(CONFIG, "boot/config-%s", host.release);
	says(NULL, empty, "kernel", COORD_BAD, "lacks CONFIG_CONTIG_ALLOC=y");
	put("CONFIG_MODULES=y\nCONFIG_HOTPLUG_CPU=y", "boot/config-%s",
	    host.release);
	says(NULL, empty, "kernel", COORD_BAD,
	     "lacks CONFIG_MEMORY_HOTREMOVE=y, for taking memory blocks");
}

static void cpus(void **state)
{
	struct coord_lease l[3] = { { .kind = COK_RES_CPU, .cpu = 1 },
				    { .kind = COK_RES_CPU, .cpu = 2 },
				    { .kind = COK_RES_CPU, .cpu = 3 } };
	struct lc_ledger all = { l, 3 };

	(void)state;
	says(NULL, empty, "cpus", COORD_GOOD, "CPUs 0-3 are online");
	put("0", CPU "online");
	/* Leased is no defect. */
	says(NULL, all, "cpus", COORD_WARN, "all CPUs but 0 are leased (3)");
	says(NULL, empty, "cpus", COORD_WARN, "CPUs 1-3 are offline");
	put("0", CPU "present");
	says(NULL, empty, "cpus", COORD_BAD, "the only CPU");
	put("0-3", CPU "present");
	put("0-3", CPU "online");
}

static void smt(void **state)
{
	(void)state;
	says(NULL, empty, "smt", COORD_GOOD, "a core of its own");
	put("1", CPU "smt/active");
	says(NULL, empty, "smt", COORD_WARN, "both threads of a core");
	put("0", CPU "smt/active");
	says(NULL, empty, "smt", COORD_GOOD, "a core of its own");
}

static void memory(void **state)
{
	struct coord_lease l = { .kind = COK_RES_MEM, .size = 4 * BLOCK };
	struct lc_ledger all = { &l, 1 };

	(void)state;
	says(NULL, empty, "memory", COORD_GOOD, "4 of 4 could be tried");
	put_pages(3);
	says(NULL, empty, "memory", COORD_GOOD,
	     "of 4, 3 could go offline now, 1 hold");
	says(NULL, all, "memory", COORD_WARN, "some are leased");
	put("none", MEMORY "memory0/valid_zones");
	put("none", MEMORY "memory1/valid_zones");
	put("offline", MEMORY "memory2/state");
	says(NULL, empty, "memory", COORD_WARN, "movablecore");
	put("MemAvailable: 10 kB", "proc/meminfo");
	says(NULL, empty, "memory", COORD_WARN, "less may go with");
	run("rm %s/proc/meminfo%s", "");
	put("none", MEMORY "memory3/valid_zones");
	says(NULL, empty, "memory", COORD_WARN, "none can be tried");
}

static void security(void **state)
{
	const struct coord_info info = { .version = "x" };

	(void)state;
	says(NULL, empty, "encryption", COORD_WARN, "mem_encrypt=off");
	says(&info, empty, "encryption", COORD_GOOD, "says the module");
	put("mem_encrypt=on quiet", "proc/cmdline");
	says(NULL, empty, "encryption", COORD_BAD, "mem_encrypt=off");
	put("quiet mem_encrypt=off", "proc/cmdline");
	says(NULL, empty, "encryption", COORD_GOOD, "no sign");
	says(NULL, empty, "lockdown", COORD_GOOD, "unsigned modules may load");
	put("Y", "sys/module/module/parameters/sig_enforce");
	says(NULL, empty, "lockdown", COORD_WARN, "sig_enforce");
	put("none [integrity] confidentiality", "sys/kernel/security/lockdown");
	says(NULL, empty, "lockdown", COORD_WARN, "mokutil");
	says(&info, empty, "lockdown", COORD_GOOD, "cok did");
	put("hpet",
	    "sys/devices/system/clocksource/clocksource0/current_clocksource");
	says(NULL, empty, "clock", COORD_WARN, "hpet");
}

static void what_hotplug_moves(void **state)
{
	(void)state;
	says(NULL, empty, "interrupts", COORD_GOOD, "no interrupt");
	put("0-3", "proc/irq/4/smp_affinity_list");
	put("0,3", "proc/irq/5/smp_affinity_list");
	says(NULL, empty, "interrupts", COORD_GOOD, "no interrupt");
	put("2-3", "proc/irq/24/smp_affinity_list");
	says(NULL, empty, "interrupts", COORD_WARN, "1 interrupts");
	says(NULL, empty, "interrupts", COORD_WARN, "(24 to CPU 2-3)");
	put("", "sys/fs/cgroup/a.slice/cpuset.cpus");
	put("0-3", "sys/fs/cgroup/cpuset/cpuset.cpus");
	says(NULL, empty, "cpusets", COORD_GOOD, "no cpuset");
	put("3", "sys/fs/cgroup/a.slice/b/c/cpuset.cpus");
	says(NULL, empty, "cpusets", COORD_WARN, "(a.slice/b/c/cpuset.cpus)");
	says(NULL, empty, "hugepages", COORD_GOOD, "no huge pages");
	put("0", "sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages");
	put("3", "sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages");
	says(NULL, empty, "hugepages", COORD_WARN, "3 huge pages");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kernel_options),
		cmocka_unit_test(cpus),
		cmocka_unit_test(smt),
		cmocka_unit_test(memory),
		cmocka_unit_test(security),
		cmocka_unit_test(what_hotplug_moves),
	};

	return cmocka_run_group_tests_name("lc_doctor", tests, make_tree,
					   drop_tree);
}
