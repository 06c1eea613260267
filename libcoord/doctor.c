// SPDX-License-Identifier: GPL-2.0
/* Is this host fit for enclaves? A table of checks, each a few lines. */
#include <dirent.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "internal.h"

struct host {
	const char *root;
	const struct coord_info *info; /* NULL: not asked */
};

static void say(struct coord_check *k, enum coord_level level, const char *fmt,
		...) __attribute__((format(printf, 3, 4)));

static void say(struct coord_check *k, enum coord_level level, const char *fmt,
		...)
{
	va_list ap;

	k->level = level;
	va_start(ap, fmt);
	vsnprintf(k->text, sizeof(k->text), fmt, ap);
	va_end(ap);
}

/* A line of a large file that begins with `key`; false if there is none. */
static bool find_line(const char *root, const char *file, const char *key,
		      char *line, size_t size)
{
	char path[512];
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", root, file);
	f = fopen(path, "re");
	if (!f)
		return false;
	while (!found && fgets(line, (int)size, f))
		found = !strncmp(line, key, strlen(key));
	fclose(f);
	return found;
}

static bool has_word(const char *text, const char *word)
{
	size_t n = strlen(word);
	const char *p;

	for (p = text; (p = strstr(p, word)); p += n)
		if ((p == text || p[-1] == ' ') && strchr(" \n", p[n]))
			return true;
	return false;
}

static void check_kernel(const struct host *h, struct coord_check *k)
{
	static const char *const options[] = {
		"CONFIG_HOTPLUG_CPU=y",
		"CONFIG_MEMORY_HOTREMOVE=y",
		"CONFIG_CONTIG_ALLOC=y",
		"CONFIG_X86_LOCAL_APIC=y",
	};
	char file[160], line[256];
	struct utsname u;
	size_t i;

	uname(&u);
	snprintf(file, sizeof(file), "boot/config-%s", u.release);
	if (!find_line(h->root, file, "CONFIG_", line, sizeof(line))) {
		say(k, COORD_GOOD, "Linux %s; /%s is not there to read",
		    u.release, file);
		return;
	}
	for (i = 0; i < sizeof(options) / sizeof(*options); i++)
		if (!find_line(h->root, file, options[i], line, sizeof(line))) {
			say(k, COORD_BAD, "Linux %s lacks %s", u.release,
			    options[i]);
			return;
		}
	say(k, COORD_GOOD, "Linux %s has the options that are needed",
	    u.release);
}

static void check_module(const struct host *h, struct coord_check *k)
{
	char text[64];

	if (h->info)
		say(k, COORD_GOOD, "cok %s is loaded, ABI %u.%u%s",
		    h->info->version, h->info->abi_major, h->info->abi_minor,
		    h->info->test ? ", a build for tests" : "");
	else if (!lc_read(h->root, text, sizeof(text), "sys/module/cok/refcnt"))
		say(k, COORD_GOOD, "cok is loaded; ask as root for more");
	else
		say(k, COORD_WARN,
		    "cok is not loaded; cokctl does that as root, if it is installed (modprobe cok)");
}

static void check_privilege(const struct host *h, struct coord_check *k)
{
	(void)h;
	if (geteuid())
		say(k, COORD_WARN, "not root: changes need CAP_SYS_ADMIN");
	else
		say(k, COORD_GOOD, "root");
}

/* 1 x2APIC, 0 xAPIC, -1 unknown. */
static int x2apic(const struct host *h)
{
	char path[512];
	uint64_t base;
	ssize_t n;
	int fd;

	if (h->info)
		return h->info->apic_mode == COK_APIC_X2APIC;
	snprintf(path, sizeof(path), "%s/dev/cpu/0/msr", h->root);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = pread(fd, &base, sizeof(base), 0x1b); /* IA32_APIC_BASE */
	close(fd);
	return n == sizeof(base) ? (int)(base >> 10 & 1) : -1;
}

static void check_apic(const struct host *h, struct coord_check *k)
{
	switch (x2apic(h)) {
	case 0:
		say(k, COORD_GOOD, "the local APICs are in xAPIC mode");
		break;
	case 1:
		say(k, COORD_GOOD,
		    "the local APICs are in x2APIC mode; images need ABI 1.1");
		break;
	default:
		say(k, COORD_GOOD,
		    "the local APICs' mode can't be seen from here; xAPIC and x2APIC both do (images need ABI 1.1 for x2APIC)");
	}
}

static void check_cpus(const struct host *h, struct coord_check *k)
{
	struct lc_cpus online;
	char list[128];

	if (lc_cpus_read(h->root, &online, "sys/devices/system/cpu/online")) {
		say(k, COORD_BAD, "cannot read which CPUs are online");
		return;
	}
	lc_cpulist_format(&online, list, sizeof(list));
	if (lc_cpus_count(&online) < 2)
		say(k, COORD_BAD,
		    "only CPU %s is online, and one stays with Linux", list);
	else
		say(k, COORD_GOOD, "CPUs %s are online; CPU 0 stays with Linux",
		    list);
}

static void check_smt(const struct host *h, struct coord_check *k)
{
	char text[16];

	if (!lc_read(h->root, text, sizeof(text),
		     "sys/devices/system/cpu/smt/active") &&
	    !strcmp(text, "1"))
		say(k, COORD_WARN,
		    "SMT is on: take both threads of a core, or they share it with Linux");
	else
		say(k, COORD_GOOD, "each CPU is a core of its own");
}

static void check_memory(const struct host *h, struct coord_check *k)
{
	uint64_t size = lc_block_size(h->root);
	struct lc_ledger none = { 0 };
	struct lc_block *b;
	struct coord_err err;
	char text[24];
	size_t n;

	if (!size) {
		say(k, COORD_BAD,
		    "no memory hotplug (no /sys/devices/system/memory)");
		return;
	}
	coord_size_format(size, text, sizeof(text));
	if (lc_pick_blocks(h->root, &none, size, &b, &n, &err)) {
		say(k, COORD_BAD, "%.200s", err.text);
		return;
	}
	free(b);
	if (lc_check_amount(h->root, size, n * size, &err))
		say(k, COORD_WARN, "%.180s; less may go with --mem-from contig",
		    err.text);
	else
		say(k, COORD_GOOD, "memory blocks of %s; %zu could be tried",
		    text, n);
}

static void check_memmap(const struct host *h, struct coord_check *k)
{
	char text[16];

	if (!lc_read(h->root, text, sizeof(text),
		     "sys/module/memory_hotplug/parameters/memmap_on_memory") &&
	    strchr("Yy1f", text[0]) && text[0])
		say(k, COORD_BAD,
		    "memory_hotplug.memmap_on_memory is on; boot without it");
	else
		say(k, COORD_GOOD, "memmap_on_memory is off");
}

static void check_clock(const struct host *h, struct coord_check *k)
{
	char text[32];

	if (lc_read(h->root, text, sizeof(text),
		    "sys/devices/system/clocksource/clocksource0/current_clocksource"))
		say(k, COORD_WARN, "cannot read the clocksource");
	else if (strcmp(text, "tsc"))
		say(k, COORD_WARN,
		    "the clocksource is %s, not tsc: clocks of Linux and enclaves may drift apart",
		    text);
	else
		say(k, COORD_GOOD, "the clocksource is tsc");
}

static void check_encryption(const struct host *h, struct coord_check *k)
{
	char flags[8192], cmdline[4096] = "";
	const char *found = NULL;

	lc_read(h->root, cmdline, sizeof(cmdline), "proc/cmdline");
	if (find_line(h->root, "proc/cpuinfo", "flags", flags, sizeof(flags)) &&
	    has_word(flags, "tdx_guest"))
		found = "this is a TDX guest";
	else if (has_word(cmdline, "mem_encrypt=on"))
		found = "memory is encrypted (mem_encrypt=on)";
	if (found)
		say(k, COORD_BAD, "%s: enclaves do not support that", found);
	else
		say(k, COORD_GOOD, "no sign of encrypted memory");
}

static void check_lockdown(const struct host *h, struct coord_check *k)
{
	char text[128];

	if (lc_read(h->root, text, sizeof(text),
		    "sys/kernel/security/lockdown") ||
	    strstr(text, "[none]"))
		say(k, COORD_GOOD, "the kernel is not locked down");
	else
		say(k, COORD_WARN,
		    "the kernel is locked down (%s): an unsigned module will not load",
		    text);
}

static void check_hugepages(const struct host *h, struct coord_check *k)
{
	char text[32];

	if (!lc_read(h->root, text, sizeof(text), "proc/sys/vm/nr_hugepages") &&
	    strtoul(text, NULL, 10))
		say(k, COORD_WARN,
		    "%s huge pages are reserved: offlining memory may move or free some; restore by hand",
		    text);
	else
		say(k, COORD_GOOD, "no huge pages are reserved");
}

/* Is the interrupt kept from some of the CPUs that are online? */
static bool is_bound(const struct host *h, const char *irq,
		     const struct lc_cpus *online)
{
	struct lc_cpus set;
	char path[64];
	size_t i;

	snprintf(path, sizeof(path), "proc/irq/%.20s/smp_affinity_list", irq);
	if (lc_cpus_read(h->root, &set, path))
		return false;
	for (i = 0; i < LC_MAX_CPUS / 64; i++)
		if (online->bits[i] & ~set.bits[i])
			return true;
	return false;
}

static void check_irqs(const struct host *h, struct coord_check *k)
{
	struct lc_cpus online;
	char path[512];
	unsigned int n = 0;
	struct dirent *d;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/proc/irq", h->root);
	dir = opendir(path);
	if (!dir) {
		say(k, COORD_GOOD, "no interrupt affinities to see");
		return;
	}
	lc_cpus_read(h->root, &online, "sys/devices/system/cpu/online");
	while ((d = readdir(dir)))
		n += d->d_name[0] >= '0' && d->d_name[0] <= '9' &&
		     is_bound(h, d->d_name, &online);
	closedir(dir);
	if (n)
		say(k, COORD_WARN,
		    "%u interrupts are bound to some CPUs: CPU hotplug moves them; restore by hand",
		    n);
	else
		say(k, COORD_GOOD, "no interrupt is bound to some CPUs only");
}

static void check_cpusets(const struct host *h, struct coord_check *k)
{
	char pattern[512], text[512];
	size_t i, skip = strlen(h->root) + 1, n = 0;
	glob_t g;

	snprintf(pattern, sizeof(pattern), "%s/sys/fs/cgroup/*/cpuset.cpus",
		 h->root);
	if (!glob(pattern, 0, NULL, &g)) {
		for (i = 0; i < g.gl_pathc; i++)
			if (!lc_read(h->root, text, sizeof(text), "%s",
				     g.gl_pathv[i] + skip) &&
			    text[0])
				n++;
		globfree(&g);
	}
	if (n)
		say(k, COORD_WARN,
		    "%zu cpusets name CPUs: CPU hotplug shrinks them; restore by hand",
		    n);
	else
		say(k, COORD_GOOD, "no cpuset names CPUs");
}

static void check_image(const struct host *h, struct coord_check *k)
{
	struct coord_err err;
	char path[4096];

	(void)h;
	if (lc_image_path("", path, sizeof(path), &err))
		say(k, COORD_WARN, "%.200s", err.text);
	else
		say(k, COORD_GOOD, "the default image is %.200s", path);
}

static const struct {
	const char *id;
	void (*check)(const struct host *h, struct coord_check *k);
} checks[] = {
	{ "kernel", check_kernel },	  { "module", check_module },
	{ "image", check_image },	  { "privilege", check_privilege },
	{ "cpus", check_cpus },		  { "smt", check_smt },
	{ "apic", check_apic },		  { "memory", check_memory },
	{ "memmap", check_memmap },	  { "encryption", check_encryption },
	{ "lockdown", check_lockdown },	  { "clock", check_clock },
	{ "hugepages", check_hugepages }, { "interrupts", check_irqs },
	{ "cpusets", check_cpusets },
};

ssize_t coord_doctor(const char *root, const struct coord_info *info,
		     struct coord_check **out, struct coord_err *err)
{
	const size_t n = sizeof(checks) / sizeof(*checks);
	struct host h = { root ? root : "", info };
	size_t i;

	*out = calloc(n, sizeof(**out));
	if (!*out)
		return lc_err(err, COORD_E_FAILED, ENOMEM, "out of memory");
	for (i = 0; i < n; i++) {
		(*out)[i].id = checks[i].id;
		checks[i].check(&h, &(*out)[i]);
	}
	return (ssize_t)n;
}
