// sources: cokernel/lib/uelf.c
// SPDX-License-Identifier: GPL-2.0
/*
 * Programs' files: a good one, one defect at a time, and bytes changed at random,
 * after which whatever is accepted must still keep the rules (under ASan).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <linux/elf.h>

#include "../../cokernel/lib/uelf.h"

#define VA 0x400000ULL

struct file {
	Elf64_Ehdr eh;
	Elf64_Phdr ph[5];
	char rest[UELF_HEAD - sizeof(Elf64_Ehdr) - 5 * sizeof(Elf64_Phdr)];
};

static struct file good(void)
{
	struct file f = {
		.eh = {
			.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64,
				     ELFDATA2LSB, EV_CURRENT },
			.e_type = ET_EXEC,
			.e_machine = 62,
			.e_entry = VA + 0x1010,
			.e_phoff = offsetof(struct file, ph),
			.e_phentsize = sizeof(Elf64_Phdr),
			.e_phnum = 5,
		},
		.ph = {
			{ .p_type = PT_LOAD, .p_flags = PF_R, .p_vaddr = VA,
			  .p_filesz = 0x500, .p_memsz = 0x500 },
			{ .p_type = PT_LOAD, .p_flags = PF_R | PF_X,
			  .p_offset = 0x1000, .p_vaddr = VA + 0x1000,
			  .p_filesz = 0x800, .p_memsz = 0x800 },
			{ .p_type = PT_LOAD, .p_flags = PF_R | PF_W,
			  .p_offset = 0x1f10, .p_vaddr = VA + 0x2f10,
			  .p_filesz = 0x10, .p_memsz = 0x5000 },
			{ .p_type = PT_INTERP, .p_offset = 0x300,
			  .p_filesz = 28, .p_memsz = 28 },
			{ .p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W },
		},
	};
	return f;
}

static void accepts_a_good_one(void **state)
{
	struct file f = good();
	struct uelf e;

	(void)state;
	assert_null(uelf_parse(&f, sizeof(f), &e));
	assert_false(e.relative);
	assert_int_equal(e.nr_segs, 3);
	assert_int_equal(e.low, VA);
	assert_int_equal(e.high, VA + 0x8000);
	assert_int_equal(e.entry, VA + 0x1010);
	assert_int_equal(e.phdr, VA + sizeof(Elf64_Ehdr));
	assert_int_equal(e.seg[1].prot, AREA_R | AREA_X);
	assert_int_equal(e.seg[2].prot, AREA_R | AREA_W);
	assert_true(e.has_interp);
	assert_int_equal(e.interp_size, 28);
	assert_false(e.exec_stack);
}

static void relative(void **state)
{
	struct file f = good();
	struct uelf e;
	int i;

	(void)state;
	f.eh.e_type = ET_DYN;
	f.eh.e_entry -= VA;
	for (i = 0; i < 3; i++)
		f.ph[i].p_vaddr -= VA;
	assert_null(uelf_parse(&f, sizeof(f), &e));
	assert_true(e.relative);
	assert_int_equal(e.low, 0);
}

/* ---- one defect at a time -------------------------------------------------- */

struct defect {
	const char *name;
	size_t at, size; /* of the field */
	uint64_t value;
};

#define EH(field, value) \
	{ \
		"e_" #field " = " #value, offsetof(struct file, eh.e_##field), \
			sizeof(((struct file *)0)->eh.e_##field), value \
	}
#define PH(i, field, value) \
	{ \
		"ph[" #i "].p_" #field " = " #value, \
			offsetof(struct file, ph[i].p_##field), \
			sizeof(((struct file *)0)->ph[i].p_##field), value \
	}

static const struct defect defects[] = {
	EH(ident[0], 0),
	EH(ident[4], ELFCLASS32),
	EH(ident[5], ELFDATA2MSB),
	EH(ident[6], 0),
	EH(type, ET_REL),
	EH(type, ET_CORE),
	EH(type, 0),
	EH(machine, 3),
	EH(machine, 0xffff),
	EH(phentsize, 32),
	EH(phentsize, 0),
	EH(phnum, 0),
	EH(phnum, 0xffff),
	EH(phnum, 73),
	EH(phoff, UELF_HEAD),
	EH(phoff, UELF_HEAD - 8),
	EH(phoff, ~0ULL),
	EH(phoff, ~0ULL - 55),
	EH(entry, 0),
	EH(entry, VA),
	EH(entry, VA + 0x1800),
	EH(entry, ~0ULL),
	PH(0, vaddr, 0),
	PH(0, vaddr, 0x1000),
	PH(0, vaddr, VA + 0x1000),
	PH(0, vaddr, VA + 1),
	PH(0, vaddr, ~0ULL),
	PH(0, vaddr, 0x7ffffffff000),
	PH(0, vaddr, 0x800000000000),
	PH(0, vaddr, 0xffffffff80000000),
	PH(0, memsz, 0x10000),
	PH(0, memsz, ~0ULL),
	PH(0, memsz, 0x7fffffffe000 - VA),
	PH(0, memsz, 0x4ff),
	PH(0, filesz, 0x501),
	PH(0, filesz, ~0ULL),
	PH(0, offset, 1),
	PH(0, offset, ~0ULL),
	PH(0, offset, 0x8000000000000000),
	PH(1, vaddr, VA),
	PH(1, vaddr, VA + 0x3000),
	PH(1, flags, PF_R),
	PH(1, flags, 0),
	PH(1, memsz, 0),
	PH(2, memsz, 0x7fffffffe000),
	PH(3, filesz, 0),
	PH(3, filesz, 1),
	PH(3, filesz, UELF_PATH_MAX + 1),
	PH(3, filesz, ~0ULL),
	PH(3, offset, ~0ULL),
	PH(4, type, PT_INTERP),
};

static void refuses_each_defect(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(defects) / sizeof(*defects); i++) {
		const struct defect *d = &defects[i];
		struct file f = good();
		struct uelf e;

		memcpy((char *)&f + d->at, &d->value, d->size);
		if (!uelf_parse(&f, sizeof(f), &e))
			fail_msg("accepted: %s", d->name);
	}
}

static void refuses_short_files(void **state)
{
	struct file f = good();
	size_t need = sizeof(f.eh) + sizeof(f.ph), len;
	struct uelf e;

	(void)state;
	for (len = 0; len <= need; len++) {
		/* Of its own size, so that a look behind it is seen. */
		char *copy = malloc(len ? len : 1);
		const char *why;

		memcpy(copy, &f, len);
		why = uelf_parse(copy, len, &e);
		free(copy);
		assert_int_equal(why == NULL, len == need);
	}
}

static void too_many_segments(void **state)
{
	struct {
		Elf64_Ehdr eh;
		Elf64_Phdr ph[UELF_SEGS + 1];
	} f = { .eh = good().eh };
	struct uelf e;
	int i;

	(void)state;
	for (i = 0; i <= UELF_SEGS; i++)
		f.ph[i] = (Elf64_Phdr){ .p_type = PT_LOAD,
					.p_flags = PF_R | PF_X,
					.p_vaddr = VA + i * 0x1000ULL,
					.p_memsz = 0x1000 };
	f.eh.e_phnum = UELF_SEGS;
	assert_null(uelf_parse(&f, sizeof(f), &e));
	f.eh.e_phnum++;
	assert_non_null(uelf_parse(&f, sizeof(f), &e));
}

/* ---- at random ---------------------------------------------------------------- */

static uint64_t seed = 88172645463325252ULL;

static uint64_t next(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static void keeps_the_rules(const struct uelf *e)
{
	uint64_t behind = 0;
	uint32_t i;
	bool entry = false;

	assert_in_range(e->nr_segs, 1, UELF_SEGS);
	for (i = 0; i < e->nr_segs; i++) {
		const struct uelf_seg *s = &e->seg[i];

		assert_true(s->memsz && s->filesz <= s->memsz);
		assert_true((s->vaddr & ~4095ULL) >= behind);
		assert_true(s->vaddr + s->memsz > s->vaddr);
		assert_true(s->vaddr + s->memsz <= USER_END - AREA_PAGE);
		assert_true(e->relative || s->vaddr >= USER_START);
		assert_true(s->offset + s->filesz >= s->offset);
		assert_true((int64_t)(s->offset + s->filesz) >= 0);
		assert_int_equal((s->vaddr - s->offset) % AREA_PAGE, 0);
		behind = (s->vaddr + s->memsz + 4095) & ~4095ULL;
		if (e->entry - s->vaddr < s->memsz && s->prot & AREA_X)
			entry = true;
	}
	assert_true(entry);
	assert_int_equal(e->high, behind);
	assert_true(e->high - e->low <= USER_END / 2);
	if (e->has_interp)
		assert_in_range(e->interp_size, 2, UELF_PATH_MAX);
}

static void changed_at_random(void **state)
{
	static const uint64_t likely[] = { 0,	       1,	   ~0ULL,
					   0xfff,      0x1000,	   VA,
					   1ULL << 47, 1ULL << 63, 0x7fffffff };
	const size_t headers = sizeof(Elf64_Ehdr) + 5 * sizeof(Elf64_Phdr);
	unsigned long i, accepted = 0;

	(void)state;
	for (i = 0; i < 300000; i++) {
		struct file f = good();
		int changes = 1 + (int)(next() % 4);
		struct uelf e;

		while (changes--) {
			uint64_t v = next() % 2 ? likely[next() % 9] : next();
			size_t n = 1UL << next() % 4;

			memcpy((char *)&f + next() % (headers - n), &v, n);
		}
		if (uelf_parse(&f, sizeof(f), &e))
			continue;
		accepted++;
		keeps_the_rules(&e);
	}
	/* Else it would not test what it says. */
	assert_true(accepted > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepts_a_good_one),
		cmocka_unit_test(relative),
		cmocka_unit_test(refuses_each_defect),
		cmocka_unit_test(refuses_short_files),
		cmocka_unit_test(too_many_segments),
		cmocka_unit_test(changed_at_random),
	};

	return cmocka_run_group_tests_name("uelf", tests, NULL, NULL);
}
