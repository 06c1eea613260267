// SPDX-License-Identifier: GPL-2.0
/*
 * To and from a program's memory. Its addresses are checked against what a
 * program may have, then used as they are, with SMAP open; what is not mapped
 * faults, and the fault is resolved or ends the copy (fault.c).
 */
#include "mm.h"
#include "string.h"
#include "user.h"

bool smap_on;

bool copy_in(void *to, u64 from, u64 size)
{
	if (!size)
		return true;
	return user_range(from, size) &&
	       !user_copy(to, (const void *)from, size);
}

bool copy_out(u64 to, const void *from, u64 size)
{
	if (!size)
		return true;
	return user_range(to, size) && !user_copy((void *)to, from, size);
}

u64 copy_in_some(void *to, u64 from, u64 size)
{
	return user_range(from, size)
		       ? size - user_copy(to, (const void *)from, size)
		       : 0;
}

u64 copy_out_some(u64 to, const void *from, u64 size)
{
	return user_range(to, size) ? size - user_copy((void *)to, from, size)
				    : 0;
}

/* Page by page, because what lies behind its end may not be mapped. */
s64 copy_in_string(char *to, u64 from, u64 size)
{
	u64 done = 0;

	while (done < size) {
		u64 n = FRAME_SIZE - (from + done) % FRAME_SIZE;
		u64 len;

		if (n > size - done)
			n = size - done;
		if (!copy_in(to + done, from + done, n))
			return -EFAULT;
		len = strnlen(to + done, n);
		done += len;
		if (len < n)
			return (s64)done;
	}
	return -ENAMETOOLONG;
}
