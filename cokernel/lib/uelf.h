/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A program's file: the ELF64 header and program headers (System V ABI, AMD64
 * supplement; what Linux's fs/binfmt_elf.c accepts). Any bytes may come; what
 * is returned as good has been checked against all of the rules below.
 */
#ifndef CK_UELF_H
#define CK_UELF_H

#include "areas.h"
#include "types.h"

#define UELF_HEAD     4096 /* bytes from the file's start that are looked at */
#define UELF_SEGS     16
#define UELF_PATH_MAX 256 /* of an interpreter, with the NUL */

struct uelf_seg {
	u64 vaddr, memsz; /* bytes; memsz is not 0 */
	u64 offset, filesz;
	u32 prot; /* AREA_R, AREA_W, AREA_X */
};

struct uelf {
	bool relative; /* ET_DYN: may be loaded anywhere */
	u64 low, high; /* page bounds of all segments */
	u64 entry;     /* in an executable segment */
	u64 phdr;      /* where the program headers are in memory, or 0 */
	u32 phnum;
	bool exec_stack;
	bool has_interp;
	u64 interp_offset; /* of the interpreter's path, in the file */
	u32 interp_size;   /* with its NUL: 2..UELF_PATH_MAX */
	u32 nr_segs;
	struct uelf_seg seg[UELF_SEGS]; /* by address, on pages of their own */
};

/*
 * Checks the first `len` bytes (up to UELF_HEAD) of a file. NULL, or what is
 * wrong with it. Addresses are as in the file: a relative program's start at
 * any low value; its span is at most USER_END / 2.
 */
const char *uelf_parse(const void *head, size_t len, struct uelf *out);

#endif /* CK_UELF_H */
