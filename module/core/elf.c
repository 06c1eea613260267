// SPDX-License-Identifier: GPL-2.0
/* Co-kernel images: ELF64 as in the System V ABI, AMD64 supplement. */
#include <linux/elf.h>

#include "elf.h"

#ifndef EM_X86_64
#define EM_X86_64 62
#endif

#define PAGE_UP(x) (((x) + COK_PAGE_SIZE - 1) & ~(COK_PAGE_SIZE - 1))

static int bad(const char **why, const char *sentence)
{
	*why = sentence;
	return -ENOEXEC;
}

static bool in_file(__u64 off, __u64 size, size_t len)
{
	return off <= len && size <= len - off;
}

static int check_header(const Elf64_Ehdr *eh, size_t len, const char **why)
{
	if (len < sizeof(*eh))
		return bad(
			why,
			"the image is truncated: shorter than an ELF header");
	if (memcmp(eh->e_ident, ELFMAG, SELFMAG))
		return bad(why, "the image is not an ELF file");
	if (eh->e_ident[EI_CLASS] != ELFCLASS64 ||
	    eh->e_ident[EI_DATA] != ELFDATA2LSB || eh->e_machine != EM_X86_64)
		return bad(why, "the image is not ELF64 for x86-64");
	if (eh->e_type != ET_EXEC)
		return bad(why,
			   "the image is not a static executable (ET_EXEC)");
	if (eh->e_phentsize != sizeof(Elf64_Phdr))
		return bad(why,
			   "the image's program headers have an unknown size");
	if (!in_file(eh->e_phoff, (__u64)eh->e_phnum * sizeof(Elf64_Phdr), len))
		return bad(
			why,
			"the image is truncated: program headers lie outside the file");
	return 0;
}

static int check_segment(const Elf64_Phdr *ph, size_t len,
			 const struct cok_elf *elf, const char **why)
{
	const struct cok_elf_seg *prev;

	if (!in_file(ph->p_offset, ph->p_filesz, len))
		return bad(
			why,
			"the image is truncated: a segment lies outside the file");
	if (ph->p_filesz > ph->p_memsz || !ph->p_memsz)
		return bad(
			why,
			"a segment is larger in the file than in memory, or empty");
	if (ph->p_vaddr & (COK_PAGE_SIZE - 1))
		return bad(why, "a segment does not start on a 4 KiB boundary");
	if (ph->p_vaddr < COK_IMAGE_VBASE ||
	    ph->p_memsz > -COK_PAGE_SIZE - ph->p_vaddr)
		return bad(
			why,
			"a segment lies outside the image's addresses (0xffffffff80000000 and up)");
	if ((ph->p_flags & PF_W) && (ph->p_flags & PF_X))
		return bad(why, "a segment is both writable and executable");
	if (elf->nr_segs == COK_IMAGE_MAX_SEGS)
		return bad(why, "the image has more than 16 segments");
	if (!elf->nr_segs)
		return 0;
	prev = &elf->seg[elf->nr_segs - 1];
	if (ph->p_vaddr < PAGE_UP(prev->vaddr + prev->memsz))
		return bad(
			why,
			"segments overlap, share a page or are not ascending");
	return 0;
}

static int add_segment(const Elf64_Phdr *ph, size_t len, struct cok_elf *elf,
		       const char **why)
{
	int err = check_segment(ph, len, elf, why);

	if (err)
		return err;
	elf->seg[elf->nr_segs++] = (struct cok_elf_seg){
		.vaddr = ph->p_vaddr,
		.offset = ph->p_offset,
		.filesz = ph->p_filesz,
		.memsz = ph->p_memsz,
		.write = ph->p_flags & PF_W,
		.exec = ph->p_flags & PF_X,
	};
	return 0;
}

static int check_note(const __u8 *p, struct cok_elf *elf, const char **why)
{
	struct cok_image_note note;

	memcpy(&note, p, sizeof(note));
	if (note.abi_major != COK_ABI_MAJOR)
		return bad(why,
			   "the image is for another major version of the ABI");
	if (note.abi_minor > COK_ABI_MINOR)
		return bad(why,
			   "the image needs a newer minor version of the ABI");
	if (note.flags)
		return bad(why,
			   "the image asks for features that do not exist");
	elf->abi_minor = note.abi_minor;
	return 0;
}

/* Look for the COK note in one PT_NOTE: 1 found and good, 0 not here. */
static int scan_notes(const __u8 *p, __u64 size, struct cok_elf *elf,
		      const char **why)
{
	while (size >= sizeof(Elf64_Nhdr)) {
		Elf64_Nhdr nh;
		__u64 name, desc;
		int err;

		memcpy(&nh, p, sizeof(nh));
		name = ((__u64)nh.n_namesz + 3) & ~3ULL;
		desc = ((__u64)nh.n_descsz + 3) & ~3ULL;
		if (name + desc > size - sizeof(nh))
			return bad(why, "the image has a malformed note");
		if (nh.n_type == COK_NOTE_ABI &&
		    nh.n_namesz == sizeof(COK_NOTE_NAME) &&
		    !memcmp(p + sizeof(nh), COK_NOTE_NAME, nh.n_namesz)) {
			if (nh.n_descsz != sizeof(struct cok_image_note))
				return bad(
					why,
					"the image has a malformed COK note");
			err = check_note(p + sizeof(nh) + name, elf, why);
			return err ? err : 1;
		}
		p += sizeof(nh) + name + desc;
		size -= sizeof(nh) + name + desc;
	}
	return 0;
}

static int check_entry(const struct cok_elf *elf, const char **why)
{
	for (__u32 i = 0; i < elf->nr_segs; i++) {
		const struct cok_elf_seg *s = &elf->seg[i];

		if (s->exec && elf->entry >= s->vaddr &&
		    elf->entry - s->vaddr < s->memsz)
			return 0;
	}
	return bad(why, "the entry point is not in an executable segment");
}

static int finish(struct cok_elf *elf, int noted, const char **why)
{
	const struct cok_elf_seg *last;

	if (!elf->nr_segs)
		return bad(why, "the image has nothing to load");
	if (!noted)
		return bad(why,
			   "the image has no COK note: it is not a co-kernel");
	last = &elf->seg[elf->nr_segs - 1];
	elf->vbase = elf->seg[0].vaddr;
	elf->span = PAGE_UP(last->vaddr + last->memsz - elf->vbase);
	return check_entry(elf, why);
}

int cok_elf_check(const void *img, size_t len, struct cok_elf *out,
		  const char **why)
{
	Elf64_Ehdr eh;
	int noted = 0;
	int err;

	memset(out, 0, sizeof(*out));
	if (len < sizeof(eh))
		return check_header(img, len, why);
	memcpy(&eh, img, sizeof(eh));
	err = check_header(&eh, len, why);
	if (err)
		return err;
	out->entry = eh.e_entry;

	for (__u32 i = 0; i < eh.e_phnum; i++) {
		const __u8 *base = img;
		Elf64_Phdr ph;

		memcpy(&ph, base + eh.e_phoff + i * sizeof(ph), sizeof(ph));
		err = 0;
		if (ph.p_type == PT_LOAD) {
			err = add_segment(&ph, len, out, why);
		} else if (ph.p_type == PT_NOTE && !noted) {
			if (!in_file(ph.p_offset, ph.p_filesz, len))
				return bad(
					why,
					"the image is truncated: a note lies outside the file");
			noted = scan_notes(base + ph.p_offset, ph.p_filesz, out,
					   why);
			err = noted < 0 ? noted : 0;
		} else if (ph.p_type == PT_INTERP || ph.p_type == PT_DYNAMIC) {
			err = bad(why, "the image is dynamically linked");
		}
		if (err)
			return err;
	}
	return finish(out, noted, why);
}
