// SPDX-License-Identifier: GPL-2.0
/*
 * Four-level page tables (SDM vol. 3, chapter 4). Tables are allocated from
 * the memory granted at boot and never freed: emptied ones are used again.
 * No global pages and no PCIDs, so that loading CR3 flushes everything.
 */
#include "kernel.h"
#include "mm.h"

#define PTE_P	 (1ULL << 0)
#define PTE_W	 (1ULL << 1)
#define PTE_PWT	 (1ULL << 3)
#define PTE_PCD	 (1ULL << 4) /* with PWT: UC, in the PAT of reset and Linux */
#define PTE_PS	 (1ULL << 7)
#define PTE_NX	 (1ULL << 63)
#define PTE_ADDR 0x000ffffffffff000ULL

#define PAGE_2M (2 * MIB)

u64 direct_base;
u64 kernel_cr3;

/*
 * The entry that maps va, in a table of `level` (0: 4 KiB pages, 1: 2 MiB),
 * with the tables above it made if missing. NULL: no memory for one.
 */
static u64 *entry_of(u64 va, int level)
{
	u64 *table = phys_to_virt(kernel_cr3);

	for (int l = 3;; l--) {
		u64 *e = &table[va >> (12 + 9 * l) & 511];

		if (l == level)
			return e;
		if (!(*e & PTE_P)) {
			u64 frame = page_alloc(1);

			if (frame == FRAME_NONE)
				return NULL;
			*e = frame | PTE_P | PTE_W;
		}
		table = phys_to_virt(*e & PTE_ADDR);
	}
}

static bool has_table(u64 va)
{
	u64 *e = entry_of(va, 1);

	return e && *e & PTE_P && !(*e & PTE_PS);
}

/*
 * Bytes that one entry maps here; the same when mapping and when unmapping. A
 * 2 MiB slot whose entry is a table of 4 KiB pages keeps it for ever: putting
 * a large page in its place would need a flush before it can be used.
 */
static u64 step_at(u64 va, u64 pa, u64 size)
{
	if ((va | pa) % PAGE_2M || size < PAGE_2M || has_table(va))
		return FRAME_SIZE;
	return PAGE_2M;
}

static u64 *entry_for_step(u64 va, u64 step)
{
	return entry_of(va, step == PAGE_2M ? 1 : 0);
}

bool map_prepare(u64 va, u64 size)
{
	u64 step;

	for (; size; va += step, size -= step) {
		step = step_at(va, va, size);
		if (!entry_for_step(va, step))
			return false;
	}
	return true;
}

bool map_pages(u64 va, u64 pa, u64 size, int prot)
{
	u64 flags = PTE_P;
	u64 step;

	if (prot & MAP_W)
		flags |= PTE_W;
	if (!(prot & MAP_X))
		flags |= PTE_NX;
	if (prot & MAP_UC)
		flags |= PTE_PCD | PTE_PWT;
	for (; size; va += step, pa += step, size -= step) {
		u64 *e;

		step = step_at(va, pa, size);
		e = entry_for_step(va, step);
		if (!e)
			return false;
		*e = pa | flags | (step == PAGE_2M ? PTE_PS : 0);
	}
	return true;
}

/*
 * For what map_pages mapped with va equal to pa modulo 2 MiB, as a whole. The
 * caller flushes the TLBs.
 */
void unmap_pages(u64 va, u64 size)
{
	u64 step;

	for (; size; va += step, size -= step) {
		step = step_at(va, va, size);
		*entry_for_step(va, step) = 0;
	}
}

static void direct_bounds(u64 start, u64 size, u64 *from, u64 *len)
{
	u64 end = start + size;

	/* The image is mapped at its own place, with its own permissions. */
	if (start == boot.image_phys)
		start += image_span();
	*from = start;
	*len = end - start;
}

bool direct_map_prepare(u64 start, u64 size)
{
	u64 from, len;

	direct_bounds(start, size, &from, &len);
	return map_prepare(DIRECT_VBASE + from, len);
}

void direct_map(u64 start, u64 size)
{
	u64 from, len;

	direct_bounds(start, size, &from, &len);
	if (!map_pages(DIRECT_VBASE + from, from, len, MAP_W))
		panic("no memory for page tables");
}

void direct_unmap(u64 start, u64 size)
{
	u64 from, len;

	direct_bounds(start, size, &from, &len);
	unmap_pages(DIRECT_VBASE + from, len);
}

static void map_image(const char *start, const char *end, int prot)
{
	u64 va = (u64)start;

	for (; va < (u64)end; va += FRAME_SIZE)
		if (!map_pages(va, boot.image_phys + va - boot.image_virt,
			       FRAME_SIZE, prot))
			panic("no memory for page tables");
}

/* One stack of `size` bytes that ends at `top`; the page below stays a hole. */
static bool map_stack(u64 top, u64 size)
{
	for (u64 va = top - size; va < top; va += FRAME_SIZE) {
		u64 *e = entry_of(va, 0);
		u64 frame;

		if (e && *e & PTE_P)
			continue; /* from an attempt that ran out of memory */
		frame = page_alloc(1);
		if (frame == FRAME_NONE ||
		    !map_pages(va, frame, FRAME_SIZE, MAP_W))
			return false;
	}
	return true;
}

/* A slot's stacks stay for the next core that gets the slot. */
bool stacks_alloc(u32 slot)
{
	u64 base = stacks_base(slot);

	if (cpus[slot].has_stacks)
		return true;
	cpus[slot].has_stacks =
		map_stack(base + STACK_DF_TOP, STACK_IST_SIZE) &&
		map_stack(base + STACK_NMI_TOP, STACK_IST_SIZE) &&
		map_stack(base + STACK_MC_TOP, STACK_IST_SIZE) &&
		map_stack(base + STACK_MAIN_TOP, STACK_MAIN_SIZE);
	return cpus[slot].has_stacks;
}

void pagetable_init(void)
{
	kernel_cr3 = page_alloc(1);
	if (kernel_cr3 == FRAME_NONE)
		panic("no memory for page tables");
	map_image(__text_start, __text_end, MAP_X);
	map_image(__rodata_start, __rodata_end, 0);
	map_image(__data_start, __data_end, MAP_W);
	for (u32 i = 0; i < boot.nr_mem; i++)
		direct_map(boot.mem[i].start, boot.mem[i].size);
	if (!map_pages(COMM_VBASE, boot.comm_phys, boot.comm_size, MAP_W) ||
	    (boot.apic_base && !map_pages(APIC_VBASE, boot.apic_base,
					  FRAME_SIZE, MAP_W | MAP_UC)) ||
	    !stacks_alloc(0))
		panic("no memory for page tables and stacks");
}

void pagetable_switch(void)
{
	if (!(rdmsr(MSR_EFER) & EFER_NXE))
		panic("entered without EFER.NXE");
	write_cr3(kernel_cr3);
	direct_base = DIRECT_VBASE;
	memory_relocate(DIRECT_VBASE);
	comm = (struct cok_comm *)COMM_VBASE;
	slots_init();
	log_init();
	gdt_use_guarded_stacks(&cpus[0]);
}
