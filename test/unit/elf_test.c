// sources: module/core/elf.c
// SPDX-License-Identifier: GPL-2.0
/* Image checks: a good image, and one defect at a time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <linux/elf.h>

#include "core/elf.h"

struct image {
	Elf64_Ehdr eh;
	Elf64_Phdr ph[4];
	struct {
		Elf64_Nhdr nh;
		char name[4];
		struct cok_image_note note;
	} n;
	char text[64];
};

#define VA COK_IMAGE_VBASE

static struct image good(void)
{
	struct image i = {
		.eh = {
			.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64,
				     ELFDATA2LSB, EV_CURRENT },
			.e_type = ET_EXEC,
			.e_machine = 62,
			.e_entry = VA + 16,
			.e_phoff = offsetof(struct image, ph),
			.e_phentsize = sizeof(Elf64_Phdr),
			.e_phnum = 4,
		},
		.ph = {
			{ .p_type = PT_LOAD, .p_flags = PF_R | PF_X,
			  .p_offset = offsetof(struct image, text),
			  .p_vaddr = VA, .p_filesz = 64, .p_memsz = 64 },
			{ .p_type = PT_LOAD, .p_flags = PF_R,
			  .p_vaddr = VA + 0x1000, .p_filesz = 16,
			  .p_memsz = 0x1001 },
			{ .p_type = PT_LOAD, .p_flags = PF_R | PF_W,
			  .p_vaddr = VA + 0x3000, .p_memsz = 0x2000 },
			{ .p_type = PT_NOTE,
			  .p_offset = offsetof(struct image, n),
			  .p_filesz = sizeof(((struct image *)0)->n) },
		},
		.n = { .nh = { .n_namesz = 4, .n_descsz = 8,
			       .n_type = COK_NOTE_ABI },
		       .name = "COK",
		       .note = { .abi_major = COK_ABI_MAJOR } },
	};
	return i;
}

/* In a buffer of exactly the right size, so that ASan sees a byte too many. */
static int check_len(const struct image *i, size_t len, struct cok_elf *elf,
		     const char **why)
{
	void *copy = malloc(len ? len : 1);
	int err;

	memcpy(copy, i, len);
	err = cok_elf_check(copy, len, elf, why);
	free(copy);
	return err;
}

static void takes_a_good_image(void **state)
{
	struct image i = good();
	struct cok_elf elf;
	const char *why = "";

	(void)state;
	i.n.note.abi_minor = COK_ABI_MINOR;
	assert_int_equal(check_len(&i, sizeof(i), &elf, &why), 0);
	assert_int_equal(elf.abi_minor, COK_ABI_MINOR);
	assert_int_equal(elf.nr_segs, 3);
	assert_int_equal(elf.vbase, VA);
	assert_int_equal(elf.span, 0x5000);
	assert_true(elf.seg[0].exec && !elf.seg[0].write);
	assert_true(elf.seg[2].write && !elf.seg[2].exec);
}

static void refuses_every_truncation(void **state)
{
	struct image i = good();
	struct cok_elf elf;
	const char *why;

	(void)state;
	for (size_t len = 0; len < sizeof(i); len++) {
		why = NULL;
		assert_int_equal(check_len(&i, len, &elf, &why), -ENOEXEC);
		assert_non_null(why);
	}
}

#define DEFECT(change, words) \
	do { \
		struct image i = good(); \
		struct cok_elf elf; \
		const char *why = ""; \
		change; \
		assert_int_equal(check_len(&i, sizeof(i), &elf, &why), \
				 -ENOEXEC); \
		if (!strstr(why, words)) \
			fail_msg("'%s' does not say '%s'", why, words); \
	} while (0)

static void refuses_wrong_files(void **state)
{
	(void)state;
	DEFECT(i.eh.e_ident[0] = 'X', "not an ELF");
	DEFECT(i.eh.e_ident[EI_CLASS] = ELFCLASS32, "ELF64 for x86-64");
	DEFECT(i.eh.e_ident[EI_DATA] = ELFDATA2MSB, "ELF64 for x86-64");
	DEFECT(i.eh.e_machine = 183, "ELF64 for x86-64");
	DEFECT(i.eh.e_type = ET_DYN, "ET_EXEC");
	DEFECT(i.eh.e_phentsize = 32, "unknown size");
	DEFECT(i.eh.e_phoff = -1ULL, "truncated");
	DEFECT(i.eh.e_phnum = 0xffff, "truncated");
	DEFECT(i.eh.e_phnum = 0, "nothing to load");
	DEFECT(i.ph[3].p_type = PT_INTERP, "dynamically");
}

static void refuses_wrong_segments(void **state)
{
	(void)state;
	DEFECT(i.ph[0].p_flags = PF_R | PF_W | PF_X, "writable and executable");
	DEFECT(i.ph[0].p_vaddr = 0x400000, "outside");
	DEFECT(i.ph[0].p_vaddr = VA - 0x1000, "outside");
	DEFECT(i.ph[2].p_memsz = 0x80000000ULL, "outside");
	DEFECT(i.ph[2].p_memsz = -1ULL, "outside");
	DEFECT(i.ph[2].p_vaddr = -0x1000ULL, "outside");
	DEFECT(i.ph[0].p_vaddr = VA + 8, "4 KiB");
	DEFECT(i.ph[1].p_vaddr = VA, "overlap");
	DEFECT(i.ph[2].p_vaddr = VA + 0x2000, "overlap");
	DEFECT(i.ph[0].p_memsz = 0x1001, "overlap");
	DEFECT(i.ph[1].p_memsz = 8, "larger in the file");
	DEFECT(i.ph[2].p_memsz = 0, "empty");
	DEFECT(i.ph[0].p_offset = sizeof(i) - 63, "truncated");
	DEFECT(i.ph[0].p_offset = -1ULL, "truncated");
	DEFECT(i.eh.e_entry = VA + 64, "entry");
	DEFECT(i.eh.e_entry = VA + 0x1000, "entry");
	DEFECT(i.eh.e_entry = 0, "entry");
}

static void refuses_wrong_notes(void **state)
{
	(void)state;
	DEFECT(i.ph[3].p_type = PT_NULL, "no COK note");
	DEFECT(i.n.name[0] = 'X', "no COK note");
	DEFECT(i.n.nh.n_type = 2, "no COK note");
	DEFECT(i.n.note.abi_major = COK_ABI_MAJOR + 1, "major");
	DEFECT(i.n.note.abi_minor = COK_ABI_MINOR + 1, "minor");
	DEFECT(i.n.note.flags = 1, "features");
	DEFECT(i.n.nh.n_descsz = 4, "malformed");
	DEFECT(i.n.nh.n_descsz = 0xfffffffe, "malformed");
	DEFECT(i.n.nh.n_namesz = 0xffffffff, "malformed");
	DEFECT(i.ph[3].p_filesz = 8, "no COK note");
	DEFECT(i.ph[3].p_offset = -1ULL, "truncated");
}

/* Any single byte may be anything: no crash, and errors have words. */
static void survives_every_byte(void **state)
{
	struct image i = good();
	unsigned char *p = (unsigned char *)&i;

	(void)state;
	for (size_t at = 0; at < offsetof(struct image, text); at++)
		for (int v = 0; v < 256; v++) {
			unsigned char old = p[at];
			struct cok_elf elf;
			const char *why = NULL;

			p[at] = v;
			if (check_len(&i, sizeof(i), &elf, &why))
				assert_non_null(why);
			p[at] = old;
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_a_good_image),
		cmocka_unit_test(refuses_every_truncation),
		cmocka_unit_test(refuses_wrong_files),
		cmocka_unit_test(refuses_wrong_segments),
		cmocka_unit_test(refuses_wrong_notes),
		cmocka_unit_test(survives_every_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
