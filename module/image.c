// SPDX-License-Identifier: GPL-2.0
/*
 * Loading: the image is read and checked, the first leases are granted, the
 * segments copied, page tables and boot parameters written.
 */
#include <linux/fs.h>
#include <linux/kernel_read_file.h>
#include <linux/mm.h>
#include <linux/sort.h>
#include <linux/vmalloc.h>
#include <asm/apicdef.h>
#include <asm/msr.h>
#include <asm/tsc.h>

#include "cok.h"
#include "compat.h"

#define IMAGE_MAX (64UL << 20)

/* What LOAD works on until all of it is known to be good. */
struct load {
	void *file;
	struct cok_elf elf;
	struct cok_lease cpu;
	u32 nr_mem;
	struct cok_lease mem[COK_BOOT_MAX_MEM]; /* by address */
};

/* rep movs: memory Linux does not use is not to be seen by sanitizers. */
static void copy_uninstrumented(void *to, const void *from, size_t bytes)
{
	asm volatile("rep movsb"
		     : "+D"(to), "+S"(from), "+c"(bytes)
		     :
		     : "memory");
}

static int read_image(struct cok_job *job, struct load *l)
{
	size_t len = 0;
	const char *why;
	ssize_t got;

	if (i_size_read(file_inode(job->file)) > IMAGE_MAX)
		return cok_job_fail(job, -EFBIG,
				    "the image is larger than 64 MiB");
	if (!i_size_read(file_inode(job->file)))
		return cok_job_fail(job, -ENOEXEC, "the image is empty");
	/* Security modules know what a kernel's image is: this is one, too. */
	got = cok_fault("read image")
		      ? -ENOMEM
		      : kernel_read_file(job->file, 0, &l->file, IMAGE_MAX,
					 &len, READING_KEXEC_IMAGE);
	if (got < 0)
		return cok_job_fail(job, got, "the image can't be read");
	if (cok_elf_check(l->file, got, &l->elf, &why))
		return cok_job_fail(job, -ENOEXEC, "%s", why);
	return 0;
}

static int by_address(const void *a, const void *b)
{
	const struct cok_lease *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

static bool wanted(const struct cok_job *job, const struct load *l,
		   const struct cok_lease *lease)
{
	if (lease->kind == COK_RES_CPU)
		return !l->cpu.id && (!job->cpu || job->cpu == lease->cpu);
	return l->nr_mem < COK_BOOT_MAX_MEM;
}

/* The lowest ranges, if the image does not fit there, are offered later. */
static void leave_small(struct load *l)
{
	u32 n = 0;

	while (n < l->nr_mem && l->mem[n].size < l->elf.span)
		cok_lease_release(l->mem[n++].id);
	l->nr_mem -= n;
	memmove(l->mem, l->mem + n, l->nr_mem * sizeof(l->mem[0]));
}

/*
 * Claimed, so that nobody returns them meanwhile: the operation's first CPU (or
 * the one that was named)
 * and up to COK_BOOT_MAX_MEM memory ranges; what is
 * left is offered once the co-kernel runs (boot.c).
 */
static int gather(struct cok_job *job, struct load *l)
{
	struct cok_lease lease;
	u32 id = 0;

	while (!cok_lease_next(id, &lease)) {
		id = lease.id;
		if (lease.op != job->op || !wanted(job, l, &lease) ||
		    cok_lease_claim(id, job->op, BIT(COK_LS_POOLED), 0, &lease))
			continue;
		if (lease.kind == COK_RES_CPU)
			l->cpu = lease;
		else
			l->mem[l->nr_mem++] = lease;
	}
	if (!l->cpu.id || !l->nr_mem)
		return cok_job_fail(
			job, -EINVAL,
			"an enclave needs at least one CPU and one memory range");
	sort(l->mem, l->nr_mem, sizeof(l->mem[0]), by_address, NULL);
	leave_small(l);
	if (!l->nr_mem)
		return cok_job_fail(
			job, -ENOMEM,
			"the image needs %llu bytes, more than any memory range has",
			l->elf.span);
	return 0;
}

static void copy_segments(const struct load *l)
{
	u32 i;

	for (i = 0; i < l->elf.nr_segs; i++) {
		const struct cok_elf_seg *s = &l->elf.seg[i];
		u64 to = l->mem[0].start + (s->vaddr - l->elf.vbase);

		/* The rest of memsz is zero: the pool is scrubbed. */
		copy_uninstrumented(phys_to_virt(to), l->file + s->offset,
				    s->filesz);
	}
}

static int map_image(struct cok_enclave *e, const struct load *l)
{
	u32 i;

	for (i = 0; i < l->elf.nr_segs; i++) {
		const struct cok_elf_seg *s = &l->elf.seg[i];
		int err =
			cok_pt_map(&e->pt, s->vaddr,
				   l->mem[0].start + (s->vaddr - l->elf.vbase),
				   PAGE_ALIGN(s->memsz),
				   (s->write ? COK_PT_WRITE : 0) |
					   (s->exec ? 0 : COK_PT_NX));

		if (err)
			return err;
	}
	return 0;
}

static int map_identity(struct cok_enclave *e, const struct load *l)
{
	u64 phys = cok_comm_phys(e);
	u32 i;
	int err;

	for (i = 0; i < l->nr_mem; i++) {
		err = cok_pt_map(&e->pt, l->mem[i].start, l->mem[i].start,
				 l->mem[i].size, COK_PT_WRITE | COK_PT_NX);
		if (err)
			return err;
	}
	err = cok_pt_map(&e->pt, phys, phys, PAGE_SIZE << e->comm_order,
			 COK_PT_WRITE | COK_PT_NX);
	if (err)
		return err;
	err = cok_pt_map(&e->pt, cok_park_page(), cok_park_page(), PAGE_SIZE,
			 0);
	if (err || cok_apic_mode() == COK_APIC_X2APIC)
		return err;
	return cok_pt_map(&e->pt, APIC_DEFAULT_PHYS_BASE,
			  APIC_DEFAULT_PHYS_BASE, PAGE_SIZE,
			  COK_PT_WRITE | COK_PT_NX | COK_PT_UNCACHED);
}

static void write_boot(struct cok_enclave *e, const struct cok_job *job,
		       const struct load *l)
{
	struct cok_boot *b = e->boot;
	u32 i;

	memset(b, 0, sizeof(*b));
	b->magic = COK_BOOT_MAGIC;
	b->abi_major = COK_ABI_MAJOR;
	b->abi_minor = COK_ABI_MINOR;
	b->size = sizeof(*b);
	b->enclave_id = e->id;
	b->apic_id = l->cpu.apic_id;
	b->apic_mode = cok_apic_mode();
	b->tsc_khz = tsc_khz;
	if (b->apic_mode == COK_APIC_XAPIC)
		b->apic_base = APIC_DEFAULT_PHYS_BASE;
	b->tsc_ref = rdtsc_ordered();
	b->wall_ref_ns = ktime_get_real_ns();
	b->comm_phys = cok_comm_phys(e) + PAGE_SIZE;
	b->comm_size = e->comm->size;
	b->image_phys = l->mem[0].start;
	b->image_virt = l->elf.vbase;
	b->image_size = l->elf.span;
	b->doorbell_vector = COK_DOORBELL_VECTOR;
	b->nr_mem = l->nr_mem;
	strscpy(b->name, e->name, sizeof(b->name));
	strscpy(b->cmdline, job->cmdline, sizeof(b->cmdline));
	for (i = 0; i < l->nr_mem; i++) {
		b->mem[i].start = l->mem[i].start;
		b->mem[i].size = l->mem[i].size;
	}
}

/* Everything checked and mapped: the leases change hands. */
static void grant(struct cok_enclave *e, const struct load *l)
{
	u32 i;

	cok_lease_set_boot(l->cpu.id);
	cok_lease_set_boot(l->mem[0].id);
	cok_lease_move(l->cpu.id, COK_LS_GRANTED, e->id, 0);
	for (i = 0; i < l->nr_mem; i++)
		cok_lease_move(l->mem[i].id, COK_LS_GRANTED, e->id, 0);
}

static int build(struct cok_job *job, struct load *l)
{
	struct cok_enclave *e = job->e;
	int err;

	/* Nothing of an attempt that failed may stay mapped. */
	cok_pt_free(&e->pt);
	err = cok_pt_init(&e->pt);
	if (!err)
		err = map_identity(e, l);
	if (!err)
		err = map_image(e, l);
	if (!err) {
		mutex_lock(&e->halt_lock);
		err = cok_slot_add(e, l->cpu.id, l->cpu.cpu, l->cpu.apic_id);
		mutex_unlock(&e->halt_lock);
	}
	if (err < 0)
		return cok_job_fail(job, err,
				    "no memory for the page tables of %s",
				    e->name);
	copy_segments(l);
	write_boot(e, job, l);
	e->entry = l->elf.entry;
	e->image_span = l->elf.span;
	return 0;
}

static void release_claims(const struct load *l)
{
	u32 i;

	if (l->cpu.id)
		cok_lease_release(l->cpu.id);
	for (i = 0; i < l->nr_mem; i++)
		cok_lease_release(l->mem[i].id);
}

static int load(struct cok_job *job, struct load *l)
{
	int err;

	if (cok_enclave_state(job->e) != COK_ST_CREATED)
		return cok_job_fail(job, -EBUSY, "enclave %s is loaded already",
				    job->e->name);
	err = read_image(job, l);
	if (!err)
		err = gather(job, l);
	if (!err)
		err = build(job, l);
	if (err)
		return err;
	grant(job->e, l);
	return cok_enclave_set_state(job->e, COK_ST_LOADED, NULL);
}

int cok_load_job(struct cok_job *job)
{
	struct load *l = cok_fault("load") ? NULL
					   : kvzalloc(sizeof(*l), GFP_KERNEL);
	int err;

	if (!l)
		return cok_job_fail(job, -ENOMEM,
				    "no memory to load the image");
	mutex_lock(&job->e->job_lock);
	err = load(job, l);
	release_claims(l);
	mutex_unlock(&job->e->job_lock);
	vfree(l->file);
	kvfree(l);
	return err;
}
