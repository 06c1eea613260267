// SPDX-License-Identifier: GPL-2.0
/* Is this host fit for enclaves? A table of checks, each a few lines. */
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
	struct lc_ledger ledger;       /* empty if not asked */
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

/* Calls fn with each path that the pattern fits. */
static void for_each(const char *pattern, void (*fn)(const char *, void *),
		     void *arg)
{
	size_t i;
	glob_t g;

	if (glob(pattern, 0, NULL, &g))
		return;
	for (i = 0; i < g.gl_pathc; i++)
		fn(g.gl_pathv[i], arg);
	globfree(&g);
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

/* The file, or its like that gzip made: open for reading, or NULL. */
static FILE *open_config(const char *root, const char *release, char *name,
			 size_t size)
{
	static const char *const places[] = { "boot/config-%s",
					      "lib/modules/%s/config",
					      "lib/modules/%s/build/.config" };
	char path[512];
	FILE *f = NULL;
	size_t i;

	for (i = 0; !f && i < sizeof(places) / sizeof(*places); i++) {
		snprintf(name, size, "/");
		snprintf(name + 1, size - 1, places[i], release);
		snprintf(path, sizeof(path), "%s%s", root, name);
		f = fopen(path, "re");
	}
	if (f)
		return f;
	snprintf(name, size, "/proc/config.gz");
	snprintf(path, sizeof(path), "%s%s", root, name);
	return lc_gunzip(path);
}

/* Without one of them the module would not load, or could take nothing. */
static const struct option {
	const char *line, *for_what;
} options[] = {
	{ "CONFIG_MODULES=y", "loading the module" },
	{ "CONFIG_HOTPLUG_CPU=y", "taking CPUs" },
	{ "CONFIG_MEMORY_HOTREMOVE=y", "taking memory blocks" },
	{ "CONFIG_X86_LOCAL_APIC=y", "starting cores" },
	{ "CONFIG_CONTIG_ALLOC=y", "contiguous memory" },
};

#define NR_OPTIONS (sizeof(options) / sizeof(*options))

static void check_kernel(const struct host *h, struct coord_check *k)
{
	char name[160], line[256];
	bool seen[NR_OPTIONS] = { false }, any = false;
	struct utsname u;
	size_t i;
	FILE *f;

	uname(&u);
	f = open_config(h->root, u.release, name, sizeof(name));
	while (f && fgets(line, sizeof(line), f)) {
		any = any || !strncmp(line, "CONFIG_", 7);
		line[strcspn(line, "\n")] = '\0';
		for (i = 0; i < NR_OPTIONS; i++)
			seen[i] |= !strcmp(line, options[i].line);
	}
	if (f)
		fclose(f);
	if (!any) {
		say(k, COORD_WARN,
		    "Linux %s: its configuration is not to be found (/boot/config-%s, /proc/config.gz); try cokctl selftest",
		    u.release, u.release);
		return;
	}
	say(k, COORD_GOOD, "Linux %s has the options that are needed (%s)",
	    u.release, name);
	for (i = NR_OPTIONS; i-- > 0;)
		if (!seen[i])
			say(k, COORD_BAD,
			    "Linux %s lacks %s, for %s: use a kernel that has it",
			    u.release, options[i].line, options[i].for_what);
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
		say(k, COORD_GOOD, "the local APICs are in x2APIC mode");
		break;
	default:
		say(k, COORD_GOOD,
		    "the local APICs' mode can't be seen from here; xAPIC and x2APIC both do");
	}
}

static void check_cpus(const struct host *h, struct coord_check *k)
{
	struct lc_cpus online, present;
	char list[80], offline[80];
	uint32_t i, leased = 0;

	if (lc_cpus_read(h->root, &online, "sys/devices/system/cpu/online")) {
		say(k, COORD_BAD, "cannot read which CPUs are online");
		return;
	}
	lc_cpus_read(h->root, &present, "sys/devices/system/cpu/present");
	for (i = 0; i < LC_MAX_CPUS; i++) {
		leased += lc_cpu_leased(&h->ledger, i);
		if (lc_cpus_has(&online, i) || lc_cpu_leased(&h->ledger, i))
			lc_cpus_del(&present, i);
	}
	lc_cpulist_format(&online, list, sizeof(list));
	lc_cpulist_format(&present, offline, sizeof(offline));
	if (lc_cpus_count(&online) > 1)
		say(k, COORD_GOOD,
		    "CPUs %s are online, %u are leased; CPU 0 stays with Linux",
		    list, leased);
	else if (leased)
		say(k, COORD_WARN,
		    "all CPUs but %s are leased (%u): see cokctl ledger", list,
		    leased);
	else if (lc_cpus_count(&present))
		say(k, COORD_WARN,
		    "only CPU %s is online, and it stays with Linux; CPUs %s are offline: if they are not leased, bring them online",
		    list, offline);
	else
		say(k, COORD_BAD, "the only CPU is %s, and it stays with Linux",
		    list);
}

static void check_smt(const struct host *h, struct coord_check *k)
{
	char text[16];

	if (!lc_read(h->root, text, sizeof(text),
		     "sys/devices/system/cpu/smt/active") &&
	    !strcmp(text, "1"))
		say(k, COORD_WARN,
		    "SMT is on: take both threads of a core, or they share it with Linux; or turn it off: echo off >/sys/devices/system/cpu/smt/control");
	else
		say(k, COORD_GOOD, "each CPU is a core of its own");
}

/* Blocks that could be tried, and those that surely would refuse. */
static void count_blocks(const struct host *h, const struct lc_block *b,
			 size_t n, size_t *usable, size_t *stuck, bool *known)
{
	char path[512];
	size_t i;
	int fd, ret;

	snprintf(path, sizeof(path), "%s/proc/kpageflags", h->root);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	*known = fd >= 0;
	*usable = *stuck = 0;
	for (i = 0; i < n; i++) {
		if (!lc_block_usable(&h->ledger, &b[i]))
			continue;
		++*usable;
		ret = fd < 0 ? -1 : lc_block_stuck(fd, b[i].start, b[i].size);
		*stuck += ret > 0;
		*known = *known && ret >= 0;
	}
	if (fd >= 0)
		close(fd);
}

/* Of n blocks; `text` is the size of one. */
static void say_blocks(struct coord_check *k, const char *text, size_t n,
		       size_t usable, size_t stuck, bool known)
{
	if (!known)
		say(k, COORD_GOOD,
		    "memory blocks of %s; %zu of %zu could be tried (as root, I tell how many hold memory that can't move)",
		    text, usable, n);
	else if (usable > stuck)
		say(k, COORD_GOOD,
		    "memory blocks of %s; of %zu, %zu could go offline now, %zu hold memory of the kernel",
		    text, n, usable - stuck, stuck);
	else
		say(k, COORD_WARN,
		    "memory blocks of %s; all %zu that could be tried hold memory of the kernel: use --mem-from contig, or boot with movablecore=SIZE",
		    text, usable);
}

static void check_memory(const struct host *h, struct coord_check *k)
{
	uint64_t size = lc_block_size(h->root);
	size_t n, usable, stuck;
	struct lc_block *b;
	struct coord_err err;
	char text[24];
	bool known;

	if (!size || lc_blocks(h->root, size, &b, &n)) {
		say(k, COORD_BAD,
		    "no memory hotplug (no /sys/devices/system/memory)");
		return;
	}
	coord_size_format(size, text, sizeof(text));
	count_blocks(h, b, n, &usable, &stuck, &known);
	free(b);
	if (!usable)
		say(k, COORD_WARN,
		    "memory blocks of %s; none can be tried%s; less may go with --mem-from contig",
		    text,
		    h->ledger.n ? ", some are leased"
				: ": all hold the kernel, or span zones");
	else if (lc_check_amount(h->root, size, usable * size, &err))
		say(k, COORD_WARN, "%.180s; less may go with --mem-from contig",
		    err.text);
	else
		say_blocks(k, text, n, usable, stuck, known);
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
		    "the clocksource is %s, not tsc: clocks of Linux and enclaves may drift apart. See dmesg for why; firmware settings, or tsc=reliable if you know that it is",
		    text);
	else
		say(k, COORD_GOOD, "the clocksource is tsc");
}

/*
 * SME may be on by the kernel's configuration alone. Once the module is loaded
 * it has looked.
 */
static void check_encryption(const struct host *h, struct coord_check *k)
{
	char flags[8192] = "", cmdline[4096] = "";

	lc_read(h->root, cmdline, sizeof(cmdline), "proc/cmdline");
	find_line(h->root, "proc/cpuinfo", "flags", flags, sizeof(flags));
	if (h->info)
		say(k, COORD_GOOD, "memory is not encrypted, says the module");
	else if (has_word(flags, "tdx_guest"))
		say(k, COORD_BAD,
		    "this is a TDX guest: enclaves do not support that");
	else if (has_word(cmdline, "mem_encrypt=on"))
		say(k, COORD_BAD,
		    "memory is encrypted: boot with mem_encrypt=off");
	else if (has_word(flags, "sme") &&
		 !has_word(cmdline, "mem_encrypt=off"))
		say(k, COORD_WARN,
		    "the firmware allows memory encryption; if the module finds it in use and refuses, boot with mem_encrypt=off");
	else
		say(k, COORD_GOOD, "no sign of encrypted memory");
}

static void check_lockdown(const struct host *h, struct coord_check *k)
{
	char locked[128] = "", enforce[16] = "";
	bool signed_only;

	lc_read(h->root, locked, sizeof(locked),
		"sys/kernel/security/lockdown");
	lc_read(h->root, enforce, sizeof(enforce),
		"sys/module/module/parameters/sig_enforce");
	signed_only = enforce[0] == 'Y' || enforce[0] == '1';
	if (locked[0] && !strstr(locked, "[none]"))
		signed_only = true;
	if (signed_only && !h->info)
		say(k, COORD_WARN,
		    "only signed modules load here (%s): sign cok.ko with a key of this machine (mokutil --import), or turn Secure Boot off",
		    locked[0] && !strstr(locked, "[none]") ? "lockdown"
							   : "sig_enforce");
	else
		say(k, COORD_GOOD, "%s",
		    signed_only ? "only signed modules load, and cok did"
				: "unsigned modules may load");
}

static void count_huge(const char *path, void *arg)
{
	unsigned long *n = arg;
	char text[32];

	if (!lc_read("", text, sizeof(text), "%s", path))
		*n += strtoul(text, NULL, 10);
}

static void check_hugepages(const struct host *h, struct coord_check *k)
{
	unsigned long n = 0;
	char pattern[512];

	snprintf(pattern, sizeof(pattern),
		 "%s/sys/kernel/mm/hugepages/*/nr_hugepages", h->root);
	for_each(pattern, count_huge, &n);
	if (n)
		say(k, COORD_WARN,
		    "%lu huge pages are reserved: a block that holds some may refuse, or lose them. Reserve them after the launch, or write nr_hugepages again after destroy",
		    n);
	else
		say(k, COORD_GOOD, "no huge pages are reserved");
}

struct bound {
	const struct host *h;
	unsigned int n;
	char first[80]; /* some of them, by name */
};

/* Bound to CPUs that can all be taken: if they go, Linux moves it for good. */
static void count_irq(const char *path, void *arg)
{
	struct bound *b = arg;
	struct lc_cpus set;
	const char *irq = path + strlen(b->h->root) + strlen("/proc/irq/");
	char list[32];

	if (lc_cpus_read("", &set, path) || lc_cpus_has(&set, 0))
		return;
	lc_cpulist_format(&set, list, sizeof(list));
	if (b->n++ < 3)
		lc_append(b->first, sizeof(b->first), "%s%.*s to CPU %s",
			  b->n > 1 ? ", " : "", (int)strcspn(irq, "/"), irq,
			  list);
}

static void check_irqs(const struct host *h, struct coord_check *k)
{
	struct bound b = { .h = h };
	char pattern[512];

	snprintf(pattern, sizeof(pattern), "%s/proc/irq/*/smp_affinity_list",
		 h->root);
	for_each(pattern, count_irq, &b);
	if (b.n)
		say(k, COORD_WARN,
		    "%u interrupts are bound to CPUs without CPU 0 (%s): if those are taken, Linux moves them and does not move them back. Choose other CPUs, or write smp_affinity_list again",
		    b.n, b.first);
	else
		say(k, COORD_GOOD, "no interrupt depends on CPUs that can go");
}

static void count_cpuset(const char *path, void *arg)
{
	struct bound *b = arg;
	const char *name =
		path + strlen(b->h->root) + strlen("/sys/fs/cgroup/");
	struct lc_cpus set;

	/* The root of the first version names all CPUs there are. */
	if (lc_cpus_read("", &set, path) || lc_cpus_has(&set, 0))
		return;
	if (b->n++ < 2)
		lc_append(b->first, sizeof(b->first), "%s%.36s",
			  b->n > 1 ? ", " : "", name);
}

/* As deep as services of users and containers are. */
static void check_cpusets(const struct host *h, struct coord_check *k)
{
	struct bound b = { .h = h };
	char pattern[512], stars[32] = "";
	int depth;

	for (depth = 0; depth < 6; depth++) {
		snprintf(pattern, sizeof(pattern),
			 "%s/sys/fs/cgroup/%scpuset.cpus", h->root, stars);
		for_each(pattern, count_cpuset, &b);
		strcat(stars, "*/");
	}
	if (b.n)
		say(k, COORD_WARN,
		    "%u cpusets name CPUs without CPU 0 (%s): if all of theirs are taken, their tasks run elsewhere, and cgroup v1 forgets the CPUs. Choose other CPUs, or write cpuset.cpus again",
		    b.n, b.first);
	else
		say(k, COORD_GOOD, "no cpuset depends on CPUs that can go");
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

ssize_t lc_doctor(const char *root, const struct coord_info *info,
		  const struct lc_ledger *ledger, struct coord_check **out,
		  struct coord_err *err)
{
	const size_t n = sizeof(checks) / sizeof(*checks);
	struct host h = { root, info, *ledger };
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
