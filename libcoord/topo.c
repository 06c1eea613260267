// SPDX-License-Identifier: GPL-2.0
/*
 * Which CPUs are threads of one core, and which node CPUs and memory are on.
 *
 * sysfs tells siblings only of CPUs that are online. A leased one is found by
 * its APIC id, which is in the ledger: those of one core differ only in their
 * low bits.
 */
#include <cpuid.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "internal.h"

#define CPU_DIR "sys/devices/system/cpu"
#define NO_APIC UINT32_MAX

/* ---- nodes -------------------------------------------------------------------- */

/* The one node that a directory of sysfs links to; LC_NODE_ANY: none, several. */
int lc_node_link(const char *root, const char *dir)
{
	char path[512], junk;
	int found = LC_NODE_ANY, nodes = 0;
	struct dirent *d;
	DIR *list;
	int nr;

	snprintf(path, sizeof(path), "%s/%s", root, dir);
	list = opendir(path);
	if (!list)
		return LC_NODE_ANY;
	while ((d = readdir(list)))
		if (sscanf(d->d_name, "node%d%c", &nr, &junk) == 1 && nr >= 0) {
			found = nr;
			nodes++;
		}
	closedir(list);
	return nodes == 1 ? found : LC_NODE_ANY;
}

int lc_cpu_node(const char *root, uint32_t cpu)
{
	char dir[64];

	snprintf(dir, sizeof(dir), CPU_DIR "/cpu%u", cpu);
	return lc_node_link(root, dir);
}

int lc_nodes(const char *root, struct lc_cpus *nodes)
{
	/* The same way of writing sets as for CPUs. */
	return lc_cpus_read(root, nodes, "sys/devices/system/node/online");
}

/* ---- cores -------------------------------------------------------------------- */

static void sysfs_siblings(const char *root, uint32_t cpu, struct lc_cpus *out)
{
	char path[96];

	snprintf(path, sizeof(path),
		 CPU_DIR "/cpu%u/topology/thread_siblings_list", cpu);
	if (lc_cpus_read(root, out, path))
		memset(out, 0, sizeof(*out));
	lc_cpus_add(out, cpu);
}

/* Linux's APIC ids of the CPUs that are online. */
static void read_apic_ids(const char *root, uint32_t *apic)
{
	uint32_t cpu = LC_MAX_CPUS, v;
	char path[512], line[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/proc/cpuinfo", root);
	f = fopen(path, "re");
	if (!f)
		return;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "processor : %u", &v) == 1)
			cpu = v;
		else if (sscanf(line, "apicid : %u", &v) == 1 &&
			 cpu < LC_MAX_CPUS)
			apic[cpu] = v;
	}
	fclose(f);
}

uint32_t lc_thread_bits(void)
{
	unsigned int a, b, c, d, threads, bits = 0;

	if (__get_cpuid_count(0xb, 0, &a, &b, &c, &d) && b)
		return a & 0x1f;
	/* AMD's before it. */
	if (!__get_cpuid(0x80000000, &a, &b, &c, &d) || a < 0x8000001e)
		return 0;
	__get_cpuid(0x8000001e, &a, &b, &c, &d);
	for (threads = (b >> 8 & 0xff) + 1; 1U << bits < threads; bits++)
		;
	return bits;
}

/* The thread bits (lc_thread_bits), by what siblings that are online have in
 * common. */
static uint32_t seen_thread_bits(const uint32_t *core, const uint32_t *apic)
{
	uint32_t i, differ = 0;

	for (i = 0; i < LC_MAX_CPUS; i++)
		if (apic[i] != NO_APIC && apic[core[i]] != NO_APIC)
			differ |= apic[i] ^ apic[core[i]];
	return differ ? 32 - (uint32_t)__builtin_clz(differ) : 0;
}

/*
 * A CPU of the core that this APIC id belongs to: one that is online, whose
 * core is known, or the lowest of those that are leased.
 */
static uint32_t core_of(const struct lc_topo *t, const uint32_t *apic,
			uint32_t key, uint32_t bits)
{
	uint32_t i, lowest = LC_MAX_CPUS;

	for (i = LC_MAX_CPUS; i-- > 0;) {
		if (apic[i] == NO_APIC || apic[i] >> bits != key)
			continue;
		if (lc_cpus_has(&t->online, i))
			return t->core[i];
		lowest = i;
	}
	return lowest;
}

static void place_leased(const char *root, const struct lc_ledger *l,
			 struct lc_topo *t, uint32_t *apic)
{
	const struct coord_lease *lease;
	uint32_t bits;

	read_apic_ids(root, apic);
	bits = seen_thread_bits(t->core, apic);
	if (!root[0] && lc_thread_bits() > bits)
		bits = lc_thread_bits();
	for (lease = l->lease; lease < l->lease + l->n; lease++)
		if (lease->kind == COK_RES_CPU && lease->cpu < LC_MAX_CPUS)
			apic[lease->cpu] = lease->apic_id;
	for (lease = l->lease; lease < l->lease + l->n; lease++)
		if (lease->kind == COK_RES_CPU && lease->cpu < LC_MAX_CPUS &&
		    !lc_cpus_has(&t->online, lease->cpu))
			t->core[lease->cpu] =
				core_of(t, apic, lease->apic_id >> bits, bits);
}

static bool any_cpu(const struct lc_ledger *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (l->lease[i].kind == COK_RES_CPU)
			return true;
	return false;
}

int lc_topo_read(const char *root, const struct lc_ledger *l,
		 struct lc_topo **out, struct coord_err *err)
{
	struct lc_topo *t = malloc(sizeof(*t));
	uint32_t *apic = malloc(LC_MAX_CPUS * sizeof(*apic));
	struct lc_cpus core;
	uint32_t i, k;

	*out = t;
	if (!t || !apic) {
		free(t);
		free(apic);
		return lc_err(err, COORD_E_FAILED, ENOMEM, "out of memory");
	}
	for (i = 0; i < LC_MAX_CPUS; i++) {
		t->core[i] = i;
		apic[i] = NO_APIC;
	}
	lc_cpus_read(root, &t->online, CPU_DIR "/online");
	for (i = 0; i < LC_MAX_CPUS; i++) {
		if (!lc_cpus_has(&t->online, i) || t->core[i] != i)
			continue;
		sysfs_siblings(root, i, &core);
		for (k = i; k < LC_MAX_CPUS; k++)
			if (lc_cpus_has(&core, k))
				t->core[k] = i;
	}
	if (any_cpu(l))
		place_leased(root, l, t, apic);
	free(apic);
	return 0;
}

void lc_topo_siblings(const struct lc_topo *t, uint32_t cpu,
		      struct lc_cpus *out)
{
	uint32_t i;

	memset(out, 0, sizeof(*out));
	for (i = 0; cpu < LC_MAX_CPUS && i < LC_MAX_CPUS; i++)
		if (t->core[i] == t->core[cpu])
			lc_cpus_add(out, i);
}
