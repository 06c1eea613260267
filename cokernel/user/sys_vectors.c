// SPDX-License-Identifier: GPL-2.0
/*
 * readv, writev and their like, as the calls with one buffer: vector by vector,
 * but for what fits the bounce pages at once, which stays one write or read.
 */
#include "user.h"

#define NR_READ	    0
#define NR_WRITE    1
#define NR_PREAD64  17
#define NR_PWRITE64 18

#define IOV_MAX 1024

struct iovec {
	u64 base, len;
};

struct vectors {
	u64 at, count; /* of the program's */
	u64 total;
};

static s64 check(struct vectors *v)
{
	if (v->count > IOV_MAX)
		return -EINVAL;
	for (u64 i = 0; i < v->count; i++) {
		struct iovec iov;

		if (!copy_in(&iov, v->at + i * sizeof(iov), sizeof(iov)))
			return -EFAULT;
		if ((s64)iov.len < 0 || (s64)(v->total + iov.len) < 0)
			return -EINVAL;
		v->total += iov.len;
	}
	return 0;
}

/* To or from the bounce pages, `size` bytes in all; false: a bad address. */
static bool gather(struct process *p, const struct vectors *v, u64 size,
		   bool in)
{
	u64 done = 0;

	for (u64 i = 0; i < v->count && done < size; i++) {
		struct iovec iov;
		bool good;

		if (!copy_in(&iov, v->at + i * sizeof(iov), sizeof(iov)))
			return false;
		if (iov.len > size - done)
			iov.len = size - done;
		good = in ? copy_in(p->bounce + done, iov.base, iov.len)
			  : copy_out(iov.base, p->bounce + done, iov.len);
		if (!good)
			return false;
		done += iov.len;
	}
	return true;
}

static s64 at_once(struct process *p, u32 nr, u64 fd, const struct vectors *v,
		   u64 offset, bool in)
{
	u64 arg[6] = { fd, 0, v->total, offset };
	s64 n;

	if (in && !gather(p, v, v->total, true))
		return -EFAULT;
	n = proxy_call(p, nr, arg, 0);
	if (n > (s64)v->total)
		return -EIO;
	if (n > 0 && !in && !gather(p, v, (u64)n, false))
		return -EFAULT;
	return n;
}

static s64 one_by_one(struct process *p, u32 nr, u64 fd,
		      const struct vectors *v, u64 offset)
{
	s64 done = 0, n = 0;

	for (u64 i = 0; i < v->count; i++) {
		struct iovec iov;
		u64 arg[6] = { fd };

		if (!copy_in(&iov, v->at + i * sizeof(iov), sizeof(iov)))
			return done ? done : -EFAULT;
		arg[1] = iov.base;
		arg[2] = iov.len;
		arg[3] = offset + (u64)done;
		n = iov.len ? proxy_forward(p, nr, arg) : 0;
		if (n < 0)
			break;
		done += n;
		if ((u64)n < iov.len)
			break;
	}
	return done ? done : n;
}

static s64 vectors(struct process *p, struct trap_frame *f, u32 nr, u64 offset,
		   bool in)
{
	struct vectors v = { .at = f->rsi, .count = f->rdx };
	s64 err = check(&v);

	if (err)
		return err;
	if (v.total <= COK_RUN_BOUNCE)
		return at_once(p, nr, f->rdi, &v, offset, in);
	return one_by_one(p, nr, f->rdi, &v, offset);
}

static s64 sys_readv(struct process *p, struct trap_frame *f)
{
	return vectors(p, f, NR_READ, 0, false);
}

static s64 sys_writev(struct process *p, struct trap_frame *f)
{
	return vectors(p, f, NR_WRITE, 0, true);
}

static s64 sys_preadv(struct process *p, struct trap_frame *f)
{
	return vectors(p, f, NR_PREAD64, f->r10, false);
}

static s64 sys_pwritev(struct process *p, struct trap_frame *f)
{
	return vectors(p, f, NR_PWRITE64, f->r10, true);
}

const struct syscall sys_vectors[] = {
	{ 19, sys_readv },    { 20, sys_writev }, { 295, sys_preadv },
	{ 296, sys_pwritev }, { 0, NULL },
};
