// SPDX-License-Identifier: GPL-2.0
/*
 * The granted memory ranges: at boot, offered, recalled. The table of ranges
 * changes on core 0 only, with interrupts off; frames are taken and given back
 * on any core. Both under memory_lock().
 */
#include "kernel.h"
#include "mm.h"
#include "string.h"

struct frame_pool pool;

u64 image_span(void)
{
	return (boot.image_size + FRAME_SIZE - 1) & ~(FRAME_SIZE - 1);
}

static u64 pages_for(u64 bytes)
{
	return (bytes + FRAME_SIZE - 1) / FRAME_SIZE;
}

static u32 holder; /* of the lock: 0, or core slot + 1 */
static u32 depth;  /* the holder's */

/*
 * Whoever waits does it with interrupts as they were: the holder may be waiting
 * for this core to flush its TLB. It may be taken again by who has it.
 */
u64 memory_lock(void)
{
	u32 me = this_cpu()->slot + 1;
	u64 flags = irq_save();

	while (__atomic_load_n(&holder, __ATOMIC_RELAXED) != me) {
		u32 nobody = 0;

		if (__atomic_compare_exchange_n(&holder, &nobody, me, false,
						__ATOMIC_ACQUIRE,
						__ATOMIC_RELAXED))
			break;
		irq_restore(flags);
		cpu_pause();
		irq_disable();
	}
	depth++;
	return flags;
}

void memory_unlock(u64 flags)
{
	if (!--depth)
		__atomic_store_n(&holder, 0, __ATOMIC_RELEASE);
	irq_restore(flags);
}

static u64 zeroed(u64 phys, u64 n)
{
	if (phys != FRAME_NONE)
		memset(phys_to_virt(phys), 0, n * FRAME_SIZE);
	return phys;
}

u64 page_alloc(u64 n)
{
	u64 flags = memory_lock();
	u64 phys = frames_alloc(&pool, n);

	memory_unlock(flags);
	return zeroed(phys, n);
}

u64 page_alloc_user(void)
{
	u64 flags = memory_lock();
	u64 phys = frames_alloc_fixed(&pool, KEEP_FRAMES);

	memory_unlock(flags);
	return zeroed(phys, 1);
}

void page_free(u64 phys, u64 n)
{
	u64 flags = memory_lock();

	frames_free(&pool, phys, n);
	memory_unlock(flags);
}

static bool overlaps(u64 a, u64 a_size, u64 b, u64 b_size)
{
	return a < b + b_size && b < a + a_size;
}

/* Could this be memory of ours? */
static bool range_sane(u64 start, u64 size)
{
	u32 bits = cpuid(0x80000000).a >= 0x80000008
			   ? cpuid(0x80000008).a & 0xff
			   : 36;

	return start && size && start % FRAME_SIZE == 0 &&
	       size % FRAME_SIZE == 0 && start + size > start &&
	       start + size <= 1ULL << bits && start + size <= 1ULL << 46 &&
	       !overlaps(start, size, boot.comm_phys, boot.comm_size) &&
	       !overlaps(start, size, boot.apic_base, FRAME_SIZE) &&
	       !frames_overlap(&pool, start, size);
}

/*
 * The bitmaps of all boot ranges lie behind the image, before there is an
 * allocator to ask.
 */
void memory_init(void)
{
	u64 bitmap = boot.image_phys + image_span();
	u64 first_end = boot.mem[0].start + boot.mem[0].size;

	for (u32 i = 0; i < boot.nr_mem; i++) {
		const struct cok_mem_range *m = &boot.mem[i];
		u64 bytes = frames_bitmap_bytes(m->size);

		if (!range_sane(m->start, m->size))
			panic("boot memory range %u is bad: 0x%llx + 0x%llx", i,
			      m->start, m->size);
		if (bytes > first_end - bitmap)
			panic("boot memory too small");
		memset(phys_to_virt(bitmap), 0, bytes);
		frames_add(&pool, m->start, m->size, true, RANGE_HELD,
			   phys_to_virt(bitmap));
		bitmap += bytes;
	}
	frames_reserve(&pool, boot.image_phys, bitmap - boot.image_phys);
}

/* The bitmaps of boot ranges were found through the host's identity map. */
void memory_relocate(u64 by)
{
	for (size_t i = 0; i < FRAME_RANGES; i++) {
		struct frame_range *r = &pool.range[i];

		if (r->state == RANGE_EMPTY)
			continue;
		r->used = (u64 *)((u64)r->used + by);
		r->movable = (u64 *)((u64)r->movable + by);
		r->claimed = (u64 *)((u64)r->claimed + by);
		r->bitmap = (char *)r->bitmap + by;
	}
}

void memory_publish(void)
{
	struct frame_totals t = frames_totals(&pool);

	cpus[0].stats->pages_total = t.total;
	cpus[0].stats->pages_free = t.free;
}

/* ---- offer ------------------------------------------------------------- */

u16 memory_offer(u64 start, u64 size, u16 granule)
{
	u64 pages = pages_for(frames_bitmap_bytes(size));
	struct frame_range *r = NULL;
	u64 bitmap;

	if (!range_sane(start, size))
		return COK_WHY_PROTOCOL;
	/* All that COMMIT will need, so that it can't fail. */
	bitmap = page_alloc(pages);
	if (bitmap == FRAME_NONE)
		return COK_WHY_NO_SPACE;
	if (direct_map_prepare(start, size))
		r = frames_add(&pool, start, size, false, RANGE_OFFERED,
			       phys_to_virt(bitmap));
	if (!r) {
		page_free(bitmap, pages);
		return COK_WHY_NO_SPACE;
	}
	r->granule = granule;
	return COK_WHY_NONE;
}

/* The bitmap goes with the last piece; those of boot ranges stay reserved. */
static void forget(struct frame_range *r)
{
	if (!r->boot && !frames_shared(&pool, r))
		page_free((u64)r->bitmap - direct_base,
			  pages_for(r->bitmap_bytes));
	frames_remove(r);
}

void memory_offer_commit(u64 start, u64 size)
{
	struct frame_range *r = frames_inside(&pool, start, size, NULL);

	direct_map(start, size);
	r->state = RANGE_HELD;
	memory_publish();
	klog(LOG_INFO, "memory: granted 0x%llx, %llu KiB", start, size / KIB);
}

void memory_offer_undo(u64 start, u64 size)
{
	forget(frames_inside(&pool, start, size, NULL));
}

/* ---- recall: of ranges, or of parts of them, that lie side by side ----- */

struct memory_counters memory_count;

u16 memory_recall_check(u64 start, u64 size)
{
	return frames_covered(&pool, start, size, RANGE_HELD) ? COK_WHY_NONE
							      : COK_WHY_UNKNOWN;
}

u16 memory_recall_why(u64 start, u64 size)
{
	return overlaps(start, size, boot.image_phys, image_span())
		       ? COK_WHY_BOOT
		       : COK_WHY_IN_USE;
}

static void set_state(u64 start, u64 size, enum range_state state)
{
	struct frame_range *r = NULL;

	while ((r = frames_inside(&pool, start, size, r))) {
		r->state = state;
		r->unmapped = 0;
	}
	memory_publish();
}

u16 memory_recall_begin(u64 start, u64 size, u16 granule)
{
	struct frame_range *r = NULL;

	if (!frames_cut(&pool, start) || !frames_cut(&pool, start + size))
		return COK_WHY_NO_SPACE;
	/* From here on no frame of it is given out. */
	set_state(start, size, RANGE_RECALLED);
	while ((r = frames_inside(&pool, start, size, r)))
		r->granule = granule ? granule : r->granule;
	return COK_WHY_NONE;
}

enum memory_step memory_move_out(u64 start, u64 size)
{
	for (u32 n = 0; n < MOVE_FRAMES; n++) {
		u64 from = frames_first_movable(&pool, start, size), to;

		if (from == FRAME_NONE)
			return MEMORY_EMPTY;
		to = frames_alloc_one(&pool, true, KEEP_FRAMES);
		if (to == FRAME_NONE)
			return MEMORY_FULL;
		memcpy(phys_to_virt(to), phys_to_virt(from), FRAME_SIZE);
		hold_moved(from, to);
		page_free(from, 1);
		memory_count.moved++;
	}
	return MEMORY_MORE;
}

void memory_recall_unmap(u64 start, u64 size)
{
	struct frame_range *r = NULL;

	while ((r = frames_inside(&pool, start, size, r))) {
		direct_unmap(r->start, r->frames * FRAME_SIZE);
		r->unmapped = smp_flush_next();
	}
}

/* What PREPARED, PARTIAL and RELEASE promise: said of nothing else. */
void memory_prove_drained(u64 start, u64 size)
{
	struct frame_range *r = NULL;
	u64 sum = 0;

	while ((r = frames_inside(&pool, start, size, r))) {
		if (r->state != RANGE_RECALLED || r->free != r->frames ||
		    !r->unmapped || !smp_flushed(r->unmapped))
			break;
		sum += r->frames * FRAME_SIZE;
	}
	if (r || sum != size)
		panic("memory 0x%llx + 0x%llx is given back undrained", start,
		      size);
	memory_count.proved++;
}

void memory_recall_commit(u64 start, u64 size)
{
	struct frame_range *r = NULL;

	while ((r = frames_inside(&pool, start, size, r)))
		forget(r);
	memory_publish();
	klog(LOG_INFO, "memory: gave back 0x%llx, %llu KiB", start, size / KIB);
}

void memory_recall_undo(u64 start, u64 size)
{
	struct frame_range *r = NULL;

	while ((r = frames_inside(&pool, start, size, r)))
		direct_map(r->start, r->frames * FRAME_SIZE);
	set_state(start, size, RANGE_HELD);
}
