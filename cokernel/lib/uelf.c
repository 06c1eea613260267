// SPDX-License-Identifier: GPL-2.0
#include "uelf.h"
#include "string.h"

/* System V ABI, and its AMD64 supplement. */
struct ehdr {
	u8 ident[16];
	u16 type, machine;
	u32 version;
	u64 entry, phoff, shoff;
	u32 flags;
	u16 ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct phdr {
	u32 type, flags;
	u64 offset, vaddr, paddr, filesz, memsz, align;
};

enum { ET_EXEC = 2, ET_DYN = 3, EM_X86_64 = 62 };
enum { PT_LOAD = 1, PT_INTERP = 3, PT_PHDR = 6, PT_GNU_STACK = 0x6474e551 };
enum { PF_X = 1, PF_W = 2, PF_R = 4 };

static const u8 ident[7] = { 0x7f,
			     'E',
			     'L',
			     'F',
			     2 /* 64 bit */,
			     1 /* little endian */,
			     1 /* version */ };

static u64 page_down(u64 v)
{
	return v & ~(AREA_PAGE - 1);
}

static u64 page_up(u64 v)
{
	return page_down(v + AREA_PAGE - 1);
}

static const char *check_header(const struct ehdr *h, size_t len)
{
	if (len < sizeof(*h) || memcmp(h->ident, ident, sizeof(ident)))
		return "not an ELF64 file";
	if (h->machine != EM_X86_64)
		return "not for x86-64";
	if (h->type != ET_EXEC && h->type != ET_DYN)
		return "not a program";
	if (h->phentsize != sizeof(struct phdr) || !h->phnum)
		return "its program headers are not ELF64's";
	if (h->phoff > len || h->phnum > (len - h->phoff) / sizeof(struct phdr))
		return "its program headers are not in its first page";
	return NULL;
}

static const char *add_segment(struct uelf *e, const struct phdr *p)
{
	struct uelf_seg *s = &e->seg[e->nr_segs];
	u64 floor = e->relative ? 0 : USER_START;

	if (!p->memsz)
		return NULL;
	if (e->nr_segs == UELF_SEGS)
		return "too many segments";
	if (p->filesz > p->memsz)
		return "a segment is larger in the file than in memory";
	if (p->offset > ~0ULL >> 1 || p->filesz > ~0ULL >> 1)
		return "a segment lies outside of any file";
	if (p->vaddr < floor || p->vaddr >= USER_END ||
	    p->memsz > USER_END - AREA_PAGE - p->vaddr)
		return "a segment lies outside of a program's memory";
	if (e->nr_segs && page_down(p->vaddr) < e->high)
		return "its segments overlap, or are not in order";
	if ((p->vaddr - p->offset) % AREA_PAGE)
		return "a segment's place in the file and in memory don't fit";
	*s = (struct uelf_seg){
		.vaddr = p->vaddr,
		.memsz = p->memsz,
		.offset = p->offset,
		.filesz = p->filesz,
		.prot = (p->flags & PF_R ? AREA_R : 0) |
			(p->flags & PF_W ? AREA_W : 0) |
			(p->flags & PF_X ? AREA_X : 0),
	};
	if (!e->nr_segs)
		e->low = page_down(p->vaddr);
	e->high = page_up(p->vaddr + p->memsz);
	e->nr_segs++;
	return NULL;
}

static const char *add_interp(struct uelf *e, const struct phdr *p)
{
	if (e->has_interp)
		return "it names two interpreters";
	if (p->filesz < 2 || p->filesz > UELF_PATH_MAX ||
	    p->offset > ~0ULL >> 1)
		return "its interpreter's name is too long, or empty";
	e->has_interp = true;
	e->interp_offset = p->offset;
	e->interp_size = (u32)p->filesz;
	return NULL;
}

static const char *take(struct uelf *e, const struct phdr *p)
{
	switch (p->type) {
	case PT_LOAD:
		return add_segment(e, p);
	case PT_INTERP:
		return add_interp(e, p);
	case PT_GNU_STACK:
		e->exec_stack = p->flags & PF_X;
		return NULL;
	default:
		return NULL;
	}
}

/* Where the segments put the byte of the file at `offset`; 0: nowhere. */
static u64 address_of(const struct uelf *e, u64 offset, u64 size)
{
	for (u32 i = 0; i < e->nr_segs; i++) {
		const struct uelf_seg *s = &e->seg[i];

		if (offset >= s->offset && offset - s->offset <= s->filesz &&
		    size <= s->filesz - (offset - s->offset))
			return s->vaddr + (offset - s->offset);
	}
	return 0;
}

static bool executable(const struct uelf *e, u64 addr)
{
	for (u32 i = 0; i < e->nr_segs; i++) {
		const struct uelf_seg *s = &e->seg[i];

		if (addr >= s->vaddr && addr - s->vaddr < s->memsz)
			return s->prot & AREA_X;
	}
	return false;
}

const char *uelf_parse(const void *head, size_t len, struct uelf *e)
{
	struct ehdr h = { 0 };
	const char *why;

	memset(e, 0, sizeof(*e));
	memcpy(&h, head, len < sizeof(h) ? len : sizeof(h));
	why = check_header(&h, len);
	if (why)
		return why;
	e->relative = h.type == ET_DYN;
	e->phnum = h.phnum;
	for (u32 i = 0; i < h.phnum; i++) {
		struct phdr p;

		memcpy(&p, (const u8 *)head + h.phoff + i * sizeof(p),
		       sizeof(p));
		why = take(e, &p);
		if (why)
			return why;
	}
	if (!e->nr_segs)
		return "nothing of it is to be loaded";
	if (e->high - e->low > USER_END / 2)
		return "it is larger than a program's memory";
	if (!executable(e, h.entry))
		return "its entry point is not in an executable segment";
	e->entry = h.entry;
	e->phdr = address_of(e, h.phoff, h.phnum * sizeof(struct phdr));
	return NULL;
}
