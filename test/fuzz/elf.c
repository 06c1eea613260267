// sources: module/core/elf.c
// SPDX-License-Identifier: GPL-2.0
/* An image that is taken can be laid out: all that boot.h says of it holds. */
#include <stdlib.h>
#include <string.h>

#include "core/elf.h"

#define MUST(x) \
	do { \
		if (!(x)) \
			abort(); \
	} while (0)

int LLVMFuzzerTestOneInput(const __u8 *data, size_t len);
size_t LLVMFuzzerMutate(__u8 *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(__u8 *data, size_t size, size_t max,
			       unsigned int seed);

/*
 * Half of the time one 64-bit field somewhere in the headers becomes a little
 * more, a little less, or what another field holds: bytes at random mostly spoil
 * an image in several ways at once.
 */
size_t LLVMFuzzerCustomMutator(__u8 *data, size_t size, size_t max,
			       unsigned int seed)
{
	static const __u64 add[] = { 1, -1, 16, 0x1000, -0x1000, 1ULL << 63 };
	size_t words = size / 8 < 64 ? size / 8 : 64;
	__u64 v, other;

	if (seed % 2 || !words)
		return LLVMFuzzerMutate(data, size, max);
	memcpy(&v, data + seed / 2 % words * 8, 8);
	memcpy(&other, data + seed / 128 % words * 8, 8);
	v = seed >> 16 & 1 ? other : v + add[(seed >> 17) % 6];
	memcpy(data + seed / 2 % words * 8, &v, 8);
	return size;
}

static void judge(const struct cok_elf *e, size_t len)
{
	__u64 end = e->vbase;
	bool entry = false;

	MUST(e->nr_segs && e->nr_segs <= COK_IMAGE_MAX_SEGS);
	MUST(e->vbase >= COK_IMAGE_VBASE && e->vbase == e->seg[0].vaddr);
	for (__u32 i = 0; i < e->nr_segs; i++) {
		const struct cok_elf_seg *s = &e->seg[i];

		MUST(s->vaddr % COK_PAGE_SIZE == 0 && s->vaddr >= end);
		MUST(s->memsz && s->filesz <= s->memsz);
		MUST(s->offset <= len && s->filesz <= len - s->offset);
		MUST(s->vaddr + s->memsz > s->vaddr);
		MUST(!(s->write && s->exec));
		end = s->vaddr + s->memsz;
		entry |= s->exec && e->entry >= s->vaddr && e->entry < end;
	}
	MUST(entry);
	MUST(e->span >= end - e->vbase && e->span % COK_PAGE_SIZE == 0);
}

int LLVMFuzzerTestOneInput(const __u8 *data, size_t len)
{
	/* Of just this size, so that a byte too many is seen. */
	void *copy = malloc(len + !len);
	struct cok_elf elf;
	const char *why = NULL;

	MUST(copy);
	memcpy(copy, data, len);
	if (!cok_elf_check(copy, len, &elf, &why))
		judge(&elf, len);
	else
		MUST(why && why[0]);
	free(copy);
	return 0;
}
