/* SPDX-License-Identifier: GPL-2.0 */
#ifndef COK_CORE_ELF_H
#define COK_CORE_ELF_H

#include <cok/boot.h>

#include "pure.h"

struct cok_elf_seg {
	__u64 vaddr;  /* page aligned, >= COK_IMAGE_VBASE */
	__u64 offset; /* in the file */
	__u64 filesz;
	__u64 memsz; /* > 0 */
	bool write;
	bool exec;
};

struct cok_elf {
	__u64 entry;
	__u64 vbase;	 /* lowest vaddr */
	__u64 span;	 /* bytes from vbase to the end, rounded up to a page */
	__u16 abi_minor; /* what the image needs; the major one is ours */
	__u32 nr_segs;
	struct cok_elf_seg seg[COK_IMAGE_MAX_SEGS];
};

/*
 * Check a co-kernel image against boot.h. `img` is a private copy of `len`
 * bytes. 0, or -ENOEXEC and *why says in a sentence what is wrong.
 */
int cok_elf_check(const void *img, size_t len, struct cok_elf *out,
		  const char **why);

#endif /* COK_CORE_ELF_H */
