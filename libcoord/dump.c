// SPDX-License-Identifier: GPL-2.0
/*
 * A dead enclave's memory as an ELF core file (System V ABI; the notes as Linux
 * writes them): a thread for each core that left its registers, and a segment
 * for all that is mapped side by side. The memory itself is in the file once,
 * by physical address, with holes where it is zero.
 */
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/procfs.h>
#include <unistd.h>

#include "internal.h"

#define RUNS_MAX 60000 /* program headers: their number has 16 bits */
#define CHUNK	 65536

struct dump {
	struct lc_dead d;
	int out;
	struct lc_run *run; /* what of it lies in its memory */
	size_t nr_runs;
	const struct coord_core *core[COK_MAX_CORES];
	size_t nr_cores;
	uint64_t data; /* where the memory begins in the file */
};

static int failed(struct coord_err *err, const char *what)
{
	return lc_err(err, COORD_E_FAILED, errno, "cannot %s", what);
}

/* ---- what is mapped --------------------------------------------------------- */

/* The part of a run that lies in its memory: the rest is the host's. */
static void clip(struct dump *u, const struct lc_run *r, struct lc_run *out,
		 size_t *n)
{
	const struct coord_range *m;
	uint64_t from, to;

	for (m = u->d.range; m < u->d.range + u->d.nr_ranges; m++) {
		from = r->phys > m->start ? r->phys : m->start;
		to = r->phys + r->size < m->start + m->size
			     ? r->phys + r->size
			     : m->start + m->size;
		if (from < to && *n < RUNS_MAX)
			out[(*n)++] =
				(struct lc_run){ r->virt + (from - r->phys),
						 from, to - from };
	}
}

/* Without page tables to go by, by physical address. */
static void map_flat(struct dump *u)
{
	size_t i;

	for (i = 0; i < u->d.nr_ranges; i++)
		u->run[u->nr_runs++] = (struct lc_run){ u->d.range[i].start,
							u->d.range[i].start,
							u->d.range[i].size };
}

static int find_runs(struct dump *u, struct coord_err *err)
{
	struct lc_run *all = calloc(RUNS_MAX, sizeof(*all));
	ssize_t i, n = -1;

	u->run = calloc(RUNS_MAX, sizeof(*u->run));
	if (!all || !u->run) {
		free(all);
		return lc_err(err, COORD_E_FAILED, ENOMEM, "out of memory");
	}
	if (u->nr_cores)
		n = lc_vmap_runs(&u->d.phys, u->core[0]->regs.cr3, all,
				 RUNS_MAX);
	for (i = 0; i < n; i++)
		clip(u, &all[i], u->run, &u->nr_runs);
	free(all);
	if (!u->nr_runs)
		map_flat(u);
	return 0;
}

static void find_cores(struct dump *u)
{
	const struct coord_enclave *e = u->d.e;
	uint32_t i;

	for (i = 0; i < e->nr_cores && u->nr_cores < COK_MAX_CORES; i++)
		if (e->cores[i].has_regs && e->cores[i].regs.seq)
			u->core[u->nr_cores++] = &e->cores[i];
}

/* ---- headers ----------------------------------------------------------------- */

static void fill_regs(elf_gregset_t out, const struct cok_regs *r)
{
	/* In the order of struct user_regs_struct, as unsigned long. */
	const uint64_t in[] = {
		r->r15, r->r14, r->r13, r->r12, r->rbp,	   r->rbx, r->r11,
		r->r10, r->r9,	r->r8,	r->rax, r->rcx,	   r->rdx, r->rsi,
		r->rdi, ~0ULL,	r->rip, r->cs,	r->rflags, r->rsp, r->ss,
	};
	size_t i;

	for (i = 0; i < sizeof(in) / sizeof(in[0]); i++)
		out[i] = in[i];
}

struct note {
	Elf64_Nhdr h;
	char name[8];				  /* "CORE" and its padding */
	char status[sizeof(struct elf_prstatus)]; /* not aligned there */
};

static void fill_note(struct note *n, const struct coord_core *k)
{
	struct elf_prstatus status = { .pr_pid = (int)k->slot + 1 }; /* not 0 */

	memset(n, 0, sizeof(*n));
	n->h.n_namesz = sizeof("CORE");
	n->h.n_descsz = sizeof(n->status);
	n->h.n_type = NT_PRSTATUS;
	memcpy(n->name, "CORE", sizeof("CORE"));
	fill_regs(status.pr_reg, &k->regs);
	memcpy(n->status, &status, sizeof(status));
}

/* Where in the file a physical address is; it lies in one of the ranges. */
static uint64_t file_offset(const struct dump *u, uint64_t phys)
{
	uint64_t off = u->data;
	size_t i;

	for (i = 0; i < u->d.nr_ranges; i++) {
		const struct coord_range *m = &u->d.range[i];

		if (phys >= m->start && phys - m->start < m->size)
			return off + (phys - m->start);
		off += m->size;
	}
	return off;
}

static int put(struct dump *u, const void *p, size_t len, uint64_t at,
	       struct coord_err *err)
{
	size_t done = 0;
	ssize_t n;

	while (done < len) {
		n = pwrite(u->out, (const char *)p + done, len - done,
			   (off_t)(at + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return failed(err, "write the core file");
		done += (size_t)n;
	}
	return 0;
}

static int put_headers(struct dump *u, struct coord_err *err)
{
	size_t n = u->nr_runs + 1, i, heads = sizeof(Elf64_Ehdr);
	uint64_t notes = heads + n * sizeof(Elf64_Phdr);
	Elf64_Ehdr eh = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
			     ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_CORE,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_phoff = heads,
		.e_ehsize = sizeof(eh),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = (Elf64_Half)n,
	};
	Elf64_Phdr ph = {
		.p_type = PT_NOTE,
		.p_offset = notes,
		.p_filesz = u->nr_cores * sizeof(struct note),
		.p_align = 4,
	};
	struct note note;

	u->data = (notes + ph.p_filesz + 4095) & ~4095ULL;
	if (put(u, &eh, sizeof(eh), 0, err) ||
	    put(u, &ph, sizeof(ph), heads, err))
		return -1;
	for (i = 0; i < u->nr_runs; i++) {
		ph = (Elf64_Phdr){
			.p_type = PT_LOAD,
			.p_flags = PF_R | PF_W | PF_X,
			.p_offset = file_offset(u, u->run[i].phys),
			.p_vaddr = u->run[i].virt,
			.p_paddr = u->run[i].phys,
			.p_filesz = u->run[i].size,
			.p_memsz = u->run[i].size,
			.p_align = 4096,
		};
		if (put(u, &ph, sizeof(ph), heads + (i + 1) * sizeof(ph), err))
			return -1;
	}
	for (i = 0; i < u->nr_cores; i++) {
		fill_note(&note, u->core[i]);
		if (put(u, &note, sizeof(note), notes + i * sizeof(note), err))
			return -1;
	}
	return 0;
}

/* ---- memory ------------------------------------------------------------------ */

static bool is_zero(const char *p, size_t len)
{
	return !p[0] && !memcmp(p, p + 1, len - 1);
}

static int put_range(struct coord *c, struct dump *u,
		     const struct coord_range *m, struct coord_err *err)
{
	uint64_t at = file_offset(u, m->start), done;
	char buf[CHUNK];

	for (done = 0; done < m->size; done += sizeof(buf)) {
		if (lc_is_cancelled(c))
			return lc_err(err, COORD_E_CANCELLED, EINTR,
				      "interrupted");
		if (lc_dead_read(&u->d, m->start + done, buf, sizeof(buf)))
			return failed(err, "read the enclave's memory");
		if (!is_zero(buf, sizeof(buf)) &&
		    put(u, buf, sizeof(buf), at + done, err))
			return -1;
	}
	return 0;
}

static int put_memory(struct coord *c, struct dump *u, struct coord_err *err)
{
	uint64_t end = u->data;
	size_t i;

	for (i = 0; i < u->d.nr_ranges; i++) {
		if (put_range(c, u, &u->d.range[i], err))
			return -1;
		end += u->d.range[i].size;
	}
	return ftruncate(u->out, (off_t)end)
		       ? failed(err, "write the core file")
		       : 0;
}

int coord_dump(struct coord *c, const char *name, const char *path,
	       struct coord_err *err)
{
	struct dump u = { .out = -1 };
	int ret = -1;

	if (lc_dead_open(c, name, &u.d, err))
		return -1;
	/* A new file: what is there is not ours to overwrite. */
	u.out = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (u.out < 0) {
		lc_err(err, lc_code_of(errno, false), errno,
		       "cannot make the file %.300s", path);
		goto out;
	}
	find_cores(&u);
	ret = find_runs(&u, err) || put_headers(&u, err) ||
			      put_memory(c, &u, err)
		      ? -1
		      : 0;
	if (close(u.out) && !ret)
		ret = failed(err, "write the core file");
	/* Half a dump is none. */
	if (ret)
		unlink(path);
out:
	free(u.run);
	lc_dead_close(&u.d);
	return ret;
}
