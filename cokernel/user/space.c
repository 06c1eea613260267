// SPDX-License-Identifier: GPL-2.0
/*
 * A process's address space: areas say what may be where, the page tables what
 * is. Pages come with the first touch, zeroed. The upper half is the kernel's,
 * its top-level entries copied (fault.c copies those that come later). Used by
 * the process's own core only, so a change is flushed here and nowhere else.
 * 4 KiB pages (SDM vol. 3, 4.5). Not verified on hardware.
 */
#include "mm.h"
#include "string.h"
#include "user.h"

#define PTE_P		 (1ULL << 0)
#define PTE_W		 (1ULL << 1)
#define PTE_U		 (1ULL << 2)
#define PTE_HELD	 (1ULL << 9) /* ours: there is a frame, even if not PTE_P */
#define PTE_NX		 (1ULL << 63)
#define PTE_ADDR	 0x000ffffffffff000ULL
#define ENTRIES		 512
#define USER_TOP_ENTRIES 256

#define FLUSH_ALL (64 * FRAME_SIZE) /* more than that: by CR3 */

static u64 *table_at(u64 phys)
{
	return phys_to_virt(phys & PTE_ADDR);
}

static u64 new_table(struct process *p)
{
	u64 frame = page_alloc_user();

	if (frame != FRAME_NONE)
		p->tables++;
	return frame;
}

/* The entry of a 4 KiB page; NULL: no table there, and none to be made. */
static u64 *entry_at(struct process *p, u64 va, bool make)
{
	u64 *table = table_at(p->cr3);

	for (int level = 3; level; level--) {
		u64 *e = &table[va >> (12 + 9 * level) & (ENTRIES - 1)];

		if (!(*e & PTE_P)) {
			u64 frame = make ? new_table(p) : FRAME_NONE;

			if (frame == FRAME_NONE)
				return NULL;
			*e = frame | PTE_P | PTE_W | PTE_U;
		}
		table = table_at(*e);
	}
	return &table[va >> 12 & (ENTRIES - 1)];
}

/* Where the table for va's 2 MiB is missing, nothing is mapped up to here. */
static u64 next_table(u64 va)
{
	return (va | (2 * MIB - 1)) + 1;
}

static void flush(u64 start, u64 size)
{
	if (size > FLUSH_ALL) {
		write_cr3(read_cr3());
		return;
	}
	for (u64 va = start; va < start + size; va += FRAME_SIZE)
		__asm__ volatile("invlpg (%0)" : : "r"(va) : "memory");
}

/* ---- making and ending ---------------------------------------------------- */

bool space_new(struct process *p)
{
	u64 root = page_alloc_user();
	u64 *to, *from = table_at(kernel_cr3);

	if (root == FRAME_NONE)
		return false;
	to = table_at(root);
	for (int i = USER_TOP_ENTRIES; i < ENTRIES; i++)
		to[i] = from[i];
	p->cr3 = root;
	p->tables = 1;
	p->areas.n = 0;
	return true;
}

bool space_map_channel(struct process *p)
{
	for (u64 at = 0; at < COK_RUN_SIZE; at += FRAME_SIZE) {
		u64 *e = entry_at(p, CHANNEL_VBASE + at, true);

		if (!e)
			return false;
		*e = (p->channel_phys + at) | PTE_P | PTE_W | PTE_NX;
	}
	p->head = (void *)CHANNEL_VBASE;
	p->slot = (void *)(CHANNEL_VBASE + COK_RUN_SLOTS_AT);
	p->bounce = (u8 *)CHANNEL_VBASE + COK_RUN_BOUNCE_AT;
	return true;
}

static void free_level(struct process *p, u64 table, int level, bool pages)
{
	u64 *e = table_at(table);

	for (int i = 0; i < ENTRIES; i++) {
		if (level && e[i] & PTE_P)
			free_level(p, e[i] & PTE_ADDR, level - 1, pages);
		else if (pages && e[i] & PTE_HELD)
			page_free(e[i] & PTE_ADDR, 1);
	}
	page_free(table, 1);
}

/* Not in use any more: CR3 is another. The channel's pages are the host's. */
void space_free(struct process *p)
{
	u64 *root = table_at(p->cr3);
	int channel = CHANNEL_VBASE >> 39 & (ENTRIES - 1);

	for (int i = 0; i < USER_TOP_ENTRIES; i++)
		if (root[i] & PTE_P)
			free_level(p, root[i] & PTE_ADDR, 2, true);
	if (root[channel] & PTE_P)
		free_level(p, root[channel] & PTE_ADDR, 2, false);
	page_free(p->cr3, 1);
	p->cr3 = 0;
}

/* ---- pages ------------------------------------------------------------------ */

static u64 flags_of(u32 prot)
{
	/* Without any access nobody may, not even for it; it keeps the frame. */
	return PTE_HELD | PTE_U | (prot ? PTE_P : 0) |
	       (prot & AREA_W ? PTE_W : 0) | (prot & AREA_X ? 0 : PTE_NX);
}

/* The page's entry, with a page of zeroes behind it if there was none. */
static u64 *page_in(struct process *p, u64 va, u32 prot)
{
	u64 *e = entry_at(p, va, true);
	u64 frame;

	if (!e || *e & PTE_HELD)
		return e;
	frame = page_alloc_user();
	if (frame == FRAME_NONE)
		return NULL;
	p->pages++;
	*e = frame | flags_of(prot);
	return e;
}

enum space_fault space_fault(struct process *p, u64 addr, u32 need)
{
	const struct area *a = areas_at(&p->areas, addr);

	/* On x86 what may be written or executed may be read. */
	if (!a || !a->prot || (need != AREA_R && !(a->prot & need)))
		return FAULT_BAD;
	if (!page_in(p, addr, a->prot))
		return FAULT_NO_MEMORY;
	p->head->faults++;
	/* There already, and still a fault: the TLB had older rights. */
	flush(addr & ~(FRAME_SIZE - 1), FRAME_SIZE);
	return FAULT_DONE;
}

void space_drop(struct process *p, u64 start, u64 size)
{
	for (u64 va = start; va < start + size;) {
		u64 *e = entry_at(p, va, false);

		if (!e) {
			va = next_table(va);
			continue;
		}
		if (*e & PTE_HELD) {
			u64 frame = *e & PTE_ADDR;

			*e = 0;
			flush(va, FRAME_SIZE);
			page_free(frame, 1);
			p->pages--;
		}
		va += FRAME_SIZE;
	}
}

s64 space_move(struct process *p, u64 from, u64 to, u64 size)
{
	for (u64 at = 0; at < size;) {
		u64 *old = entry_at(p, from + at, false), *new;

		if (!old) {
			at = next_table(from + at) - from;
			continue;
		}
		if (*old & PTE_HELD) {
			new = entry_at(p, to + at, true);
			if (!new)
				return -ENOMEM;
			*new = *old;
			*old = 0;
		}
		at += FRAME_SIZE;
	}
	flush(from, size);
	return 0;
}

s64 space_populate(struct process *p, u64 start, u64 size)
{
	for (u64 va = start; va < start + size; va += FRAME_SIZE) {
		const struct area *a = areas_at(&p->areas, va);

		if (!a || !page_in(p, va, a->prot))
			return -ENOMEM;
	}
	return 0;
}

/* ---- areas ------------------------------------------------------------------ */

s64 space_map(struct process *p, u64 start, u64 size, u32 prot, u32 kind)
{
	if (!areas_put(&p->areas, start, start + size, prot, kind))
		return -ENOMEM;
	space_drop(p, start, size);
	return 0;
}

s64 space_unmap(struct process *p, u64 start, u64 size)
{
	if (!areas_cut(&p->areas, start, start + size))
		return -ENOMEM;
	space_drop(p, start, size);
	return 0;
}

s64 space_protect(struct process *p, u64 start, u64 size, u32 prot)
{
	if (!areas_cover(&p->areas, start, start + size, 0) ||
	    !areas_protect(&p->areas, start, start + size, prot))
		return -ENOMEM;
	for (u64 va = start; va < start + size;) {
		u64 *e = entry_at(p, va, false);

		if (!e) {
			va = next_table(va);
			continue;
		}
		if (*e & PTE_HELD)
			*e = (*e & PTE_ADDR) | flags_of(prot);
		va += FRAME_SIZE;
	}
	flush(start, size);
	return 0;
}

s64 space_write(struct process *p, u64 to, const void *from, u64 size)
{
	const u8 *bytes = from;

	while (size) {
		const struct area *a = areas_at(&p->areas, to);
		u64 in_page = to % FRAME_SIZE;
		u64 n = FRAME_SIZE - in_page;
		u64 *e;

		if (!a)
			return -EFAULT;
		e = page_in(p, to, a->prot);
		if (!e)
			return -ENOMEM;
		if (n > size)
			n = size;
		memcpy((u8 *)table_at(*e) + in_page, bytes, n);
		to += n;
		bytes += n;
		size -= n;
	}
	return 0;
}

bool space_writable(const struct process *p, u64 addr, u64 size)
{
	return user_range(addr, size) &&
	       areas_cover(&p->areas, addr, addr + size, AREA_W);
}

#define PLACE_LOW  0x100000000000ULL
#define PLACE_HIGH 0x7f0000000000ULL

u64 space_place(struct process *p, u64 size)
{
	return areas_gap(&p->areas, size, PLACE_LOW, PLACE_HIGH);
}
