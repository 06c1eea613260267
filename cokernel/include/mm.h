/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory. The virtual address space of the co-kernel:
 *
 *   0x10000 to 0x7fffffffefff       a program's, see user.h
 *   0xffff800000000000 + physical   direct map of the granted ranges, without
 *                                   the image: RW NX, 2 MiB and 4 KiB pages
 *   0xffffff0000000000              a program's channel: RW NX
 *   0xffffffff80000000              the image: text R X, rodata R NX, data RW NX
 *   0xffffffffc0000000              the comm area: RW NX
 *   0xffffffffd0000000              stacks, 64 KiB per core slot, with guards
 *   0xffffffffe0000000              the local APIC's page: RW NX, uncached
 *                                   (xAPIC mode only)
 *
 * Nothing else is mapped. Only the two that are a program's differ between cores.
 */
#ifndef CK_MM_H
#define CK_MM_H

#include "frames.h"
#include "types.h"

#define DIRECT_VBASE 0xffff800000000000ULL
#define COMM_VBASE   0xffffffffc0000000ULL
#define COMM_VSIZE   0x10000000ULL
#define STACK_VBASE  0xffffffffd0000000ULL
#define APIC_VBASE   0xffffffffe0000000ULL

/* A slot's stacks, from the lowest address; a guard page below each. */
#define STACK_SLOT	0x10000ULL
#define STACK_DF_TOP	0x3000ULL
#define STACK_NMI_TOP	0x6000ULL
#define STACK_MC_TOP	0x9000ULL
#define STACK_IST_SIZE	0x2000ULL
#define STACK_MAIN_TOP	0x10000ULL
#define STACK_MAIN_SIZE 0x6000ULL

extern u64 direct_base; /* 0 (the host's identity map), then DIRECT_VBASE */
extern u64 kernel_cr3;
extern struct frame_pool pool; /* under memory_lock() */

static inline void *phys_to_virt(u64 phys)
{
	return (void *)(phys + direct_base);
}

/* memory.c */
void memory_init(void);
void memory_relocate(u64 by);
/* Interrupts are off inside; returns what unlock takes. */
u64 memory_lock(void);
void memory_unlock(u64 flags);
u64 page_alloc(u64 n); /* zeroed, contiguous; FRAME_NONE: no room */
/* A program's: one, zeroed, from all that we hold but for a reserve of ours. */
u64 page_alloc_user(void);
void page_free(u64 phys, u64 n);
u64 image_span(void);

u16 memory_offer(u64 start, u64 size, u16 granule);
void memory_offer_commit(u64 start, u64 size);
void memory_offer_undo(u64 start, u64 size);

/*
 * A recall of [start, start + size), or of what frames_find_run() found there:
 * check, begin (cuts it out; nothing of it is given out any more), move_out
 * until EMPTY, unmap, flush (smp.c); then commit or, from begin on, undo.
 */
enum memory_step { MEMORY_EMPTY, MEMORY_MORE, MEMORY_FULL };
#define MOVE_FRAMES 1024 /* in one step: 4 MiB with interrupts off */
#define KEEP_FRAMES 256	 /* of each range that page_alloc() uses */

u16 memory_recall_check(u64 start, u64 size); /* do we hold it? */
u16 memory_recall_why(u64 start,
		      u64 size); /* what can't be given of it, why? */
u16 memory_recall_begin(u64 start, u64 size, u16 granule);
enum memory_step memory_move_out(u64 start, u64 size);
void memory_recall_unmap(u64 start, u64 size);
/* Panics if it is not empty, unmapped, and flushed everywhere. */
void memory_prove_drained(u64 start, u64 size);
void memory_recall_commit(u64 start, u64 size);
void memory_recall_undo(u64 start, u64 size);
void memory_publish(void);

struct memory_counters {
	u64 moved;  /* frames, for a recall */
	u64 proved; /* parts given back that were drained, unmapped, flushed */
};
extern struct memory_counters memory_count;

/* cmd_hold.c: a movable frame has a new place; interrupts off. */
void hold_moved(u64 from, u64 to);

/* pagetable.c */
enum { MAP_W = 1, MAP_X = 2, MAP_UC = 4 };

void pagetable_init(void);
void pagetable_switch(void);
bool map_prepare(u64 va, u64 size); /* tables, without mapping anything */
bool map_pages(u64 va, u64 pa, u64 size, int prot);
void unmap_pages(u64 va, u64 size);
void direct_map(u64 start, u64 size);
bool direct_map_prepare(u64 start, u64 size);
void direct_unmap(u64 start, u64 size);
bool stacks_alloc(u32 slot);
static inline u64 stacks_base(u32 slot)
{
	return STACK_VBASE + slot * STACK_SLOT;
}

/* From the linker script. */
extern char __text_start[], __text_end[], __rodata_start[], __rodata_end[],
	__data_start[], __data_end[];

#endif /* CK_MM_H */
