// SPDX-License-Identifier: GPL-2.0
/* mmap, munmap, mprotect, mremap, madvise, brk: the program's own memory. */
#include "mm.h"
#include "user.h"

#define PAGE_MASK (~(FRAME_SIZE - 1))

enum { PROT_ALL = 7 };

enum {
	MAP_SHARED = 1,
	MAP_PRIVATE = 2,
	MAP_SHARED_VALIDATE = 3,
	MAP_TYPE = 15,
	MAP_FIXED = 0x10,
	MAP_ANONYMOUS = 0x20,
	MAP_POPULATE = 0x8000,
	MAP_HUGETLB = 0x40000,
	MAP_FIXED_NOREPLACE = 0x100000,
};

enum { MREMAP_MAYMOVE = 1 };

enum {
	MADV_NORMAL = 0,
	MADV_RANDOM,
	MADV_SEQUENTIAL,
	MADV_WILLNEED,
	MADV_DONTNEED,
	MADV_FREE = 8,
	MADV_DONTFORK = 10,
	MADV_DOFORK = 11,
	MADV_HUGEPAGE = 14,
	MADV_NOHUGEPAGE,
	MADV_DONTDUMP,
	MADV_DODUMP,
};

/* PROT_READ, _WRITE, _EXEC are AREA_R, _W, _X. */
_Static_assert(AREA_R == 1 && AREA_W == 2 && AREA_X == 4, "PROT_");

/* Rounds a length up; 0: too much. */
static u64 whole_pages(u64 len)
{
	return len <= USER_END ? (len + FRAME_SIZE - 1) & PAGE_MASK : 0;
}

static bool range_ok(u64 addr, u64 size)
{
	return addr % FRAME_SIZE == 0 && user_range(addr, size);
}

/* More than there is can't be meant; what can be written may be all of it. */
static bool fits(u64 size)
{
	return size / FRAME_SIZE <= frames_totals(&pool).free;
}

/* ---- mmap ------------------------------------------------------------------ */

static s64 read_file(struct process *p, s32 fd, u64 offset, u64 at, u64 size)
{
	u64 done = 0;

	while (done < size) {
		u64 want = size - done;
		s64 n, err;

		if (want > COK_RUN_BOUNCE)
			want = COK_RUN_BOUNCE;
		n = proxy_pread(p, fd, offset + done, (u32)want);
		if (n < 0)
			return n == -EBADF || n == -EINTR ? n : -ENODEV;
		if (!n)
			break; /* zeroes behind the file's end */
		err = space_write(p, at + done, p->bounce, (u64)n);
		if (err)
			return err;
		done += (u64)n;
	}
	return 0;
}

static s64 check_flags(u64 prot, u64 flags)
{
	u64 type = flags & MAP_TYPE;

	if (prot & ~(u64)PROT_ALL)
		return -EINVAL;
	if (type != MAP_PRIVATE && type != MAP_SHARED &&
	    type != MAP_SHARED_VALIDATE)
		return -EINVAL;
	if (flags & MAP_HUGETLB)
		return -EINVAL;
	/* A file's pages are copies: what is written would not reach it. */
	if (type != MAP_PRIVATE && !(flags & MAP_ANONYMOUS) && prot & AREA_W)
		return -ENODEV;
	return 0;
}

static s64 choose_place(struct process *p, u64 hint, u64 size, u64 flags,
			u64 *at)
{
	bool fixed = flags & (MAP_FIXED | MAP_FIXED_NOREPLACE);
	bool usable = range_ok(hint, size);
	bool empty = usable && areas_gap(&p->areas, size, hint, hint + size);

	*at = hint;
	if (fixed && !usable)
		return hint % FRAME_SIZE ? -EINVAL : -ENOMEM;
	if (flags & MAP_FIXED_NOREPLACE)
		return empty ? 0 : -EEXIST;
	if (fixed || (hint && empty))
		return 0;
	*at = space_place(p, size);
	return *at ? 0 : -ENOMEM;
}

static s64 fill(struct process *p, struct trap_frame *f, u64 at, u64 size)
{
	s64 err = 0;

	if (!(f->r10 & MAP_ANONYMOUS))
		err = read_file(p, (s32)f->r8, f->r9, at, size);
	if (!err && f->rdx & PROT_ALL && (p->eager || f->r10 & MAP_POPULATE))
		err = space_populate(p, at, size);
	return err;
}

static s64 sys_mmap(struct process *p, struct trap_frame *f)
{
	u64 size = whole_pages(f->rsi), prot = f->rdx, flags = f->r10, at;
	u32 kind = flags & MAP_ANONYMOUS ? KIND_ANON : KIND_FILE;
	s64 err = check_flags(prot, flags);

	if (err)
		return err;
	if (!f->rsi || f->r9 % FRAME_SIZE)
		return -EINVAL;
	if (!size || (prot & AREA_W && !fits(size)))
		return -ENOMEM;
	err = choose_place(p, f->rdi, size, flags, &at);
	if (!err)
		err = space_map(p, at, size, (u32)prot, kind);
	if (err)
		return err;
	err = fill(p, f, at, size);
	if (!err)
		return (s64)at;
	space_unmap(p, at, size);
	return err;
}

static s64 sys_munmap(struct process *p, struct trap_frame *f)
{
	u64 size = whole_pages(f->rsi);

	if (!size || !range_ok(f->rdi, size))
		return -EINVAL;
	return space_unmap(p, f->rdi, size);
}

static s64 sys_mprotect(struct process *p, struct trap_frame *f)
{
	u64 size = whole_pages(f->rsi);

	if (f->rdi % FRAME_SIZE || f->rdx & ~(u64)PROT_ALL)
		return -EINVAL;
	if (!f->rsi)
		return 0;
	if (!size || !range_ok(f->rdi, size))
		return -ENOMEM;
	return space_protect(p, f->rdi, size, (u32)f->rdx);
}

/* ---- mremap ------------------------------------------------------------------ */

static s64 move(struct process *p, const struct area *a, u64 from, u64 old,
		u64 new)
{
	u64 to = space_place(p, new);
	s64 err;

	if (!to)
		return -ENOMEM;
	err = space_map(p, to, new, a->prot, a->kind);
	if (!err)
		err = space_move(p, from, to, old);
	if (!err)
		err = space_unmap(p, from, old);
	return err ? err : (s64)to;
}

static s64 enlarge(struct process *p, u64 at, u64 old, u64 new, bool may_move)
{
	const struct area *a = areas_at(&p->areas, at);
	struct area kept;

	if (!a || a->end < at + old)
		return -EFAULT;
	kept = *a;
	if (a->prot & AREA_W && !fits(new - old))
		return -ENOMEM;
	if (user_range(at, new) &&
	    areas_gap(&p->areas, new - old, at + old, at + new)) {
		s64 err =
			space_map(p, at + old, new - old, kept.prot, kept.kind);

		return err ? err : (s64)at;
	}
	return may_move ? move(p, &kept, at, old, new) : -ENOMEM;
}

static s64 sys_mremap(struct process *p, struct trap_frame *f)
{
	u64 old = whole_pages(f->rsi), new = whole_pages(f->rdx);
	s64 err;

	if (f->r10 & ~(u64)MREMAP_MAYMOVE || !old || !new)
		return -EINVAL;
	if (!range_ok(f->rdi, old))
		return f->rdi % FRAME_SIZE ? -EINVAL : -EFAULT;
	if (new > old)
		return enlarge(p, f->rdi, old, new, f->r10 & MREMAP_MAYMOVE);
	if (!areas_cover(&p->areas, f->rdi, f->rdi + old, 0))
		return -EFAULT;
	err = new < old ? space_unmap(p, f->rdi + new, old - new) : 0;
	return err ? err : (s64)f->rdi;
}

/* ---- madvise, brk --------------------------------------------------------------- */

static bool has_kind(const struct process *p, u64 start, u64 end, u32 kind)
{
	for (u32 i = 0; i < p->areas.n; i++) {
		const struct area *a = &p->areas.area[i];

		if (a->start < end && a->end > start && a->kind == kind)
			return true;
	}
	return false;
}

static s64 sys_madvise(struct process *p, struct trap_frame *f)
{
	u64 size = whole_pages(f->rsi);

	if (f->rdi % FRAME_SIZE || (f->rsi && !range_ok(f->rdi, size)))
		return -EINVAL;
	if (!size)
		return 0;
	switch ((u32)f->rdx) {
	case MADV_DONTNEED:
		/* A file's pages would have to be read again. */
		if (has_kind(p, f->rdi, f->rdi + size, KIND_FILE))
			return -EINVAL;
		space_drop(p, f->rdi, size);
		return 0;
	case MADV_NORMAL:
	case MADV_RANDOM:
	case MADV_SEQUENTIAL:
	case MADV_WILLNEED:
	case MADV_FREE:
	case MADV_DONTFORK:
	case MADV_DOFORK:
	case MADV_HUGEPAGE:
	case MADV_NOHUGEPAGE:
	case MADV_DONTDUMP:
	case MADV_DODUMP:
		return 0;
	default:
		return -EINVAL;
	}
}

/* As Linux: the new end, or, if it can't be, the old one. */
static s64 sys_brk(struct process *p, struct trap_frame *f)
{
	u64 old = (p->brk + FRAME_SIZE - 1) & PAGE_MASK, new, size;

	if (f->rdi < p->brk_start || f->rdi > USER_END - FRAME_SIZE)
		return (s64)p->brk;
	new = (f->rdi + FRAME_SIZE - 1) & PAGE_MASK;
	size = new > old ? new - old : old - new;
	if (new > old &&
	    (!fits(size) || !areas_gap(&p->areas, size, old, new) ||
	     space_map(p, old, size, AREA_R | AREA_W, KIND_HEAP) ||
	     (p->eager && space_populate(p, old, size))))
		return (s64)p->brk;
	if (new < old && space_unmap(p, new, size))
		return (s64)p->brk;
	p->brk = f->rdi;
	return (s64)p->brk;
}

static s64 sys_msync(struct process *p, struct trap_frame *f)
{
	u64 size = whole_pages(f->rsi);

	if (f->rdi % FRAME_SIZE)
		return -EINVAL;
	return !size || areas_cover(&p->areas, f->rdi, f->rdi + size, 0)
		       ? 0
		       : -ENOMEM;
}

const struct syscall sys_memory[] = {
	{ 9, sys_mmap },     { 10, sys_mprotect }, { 11, sys_munmap },
	{ 12, sys_brk },     { 25, sys_mremap },   { 26, sys_msync },
	{ 28, sys_madvise }, { 0, NULL },
};
