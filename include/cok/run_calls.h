/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note OR MIT */
/*
 * The system calls that a program's proxy makes for it: for each, what every
 * argument is. Both sides go by this table, the co-kernel to copy between the
 * program and the bounce pages, the proxy to check what it is asked for. To
 * offload one more call is to add a line. A call that is not here is the
 * co-kernel's own (cokernel/user/syscall.c) or unknown: ENOSYS.
 *
 * Numbers and structures are x86-64 Linux's (arch/x86/entry/syscalls).
 *
 *   0       passed as 0 (a signal mask is the co-kernel's affair)
 *   V       a value, passed as it is
 *   F       a file descriptor: not one of the proxy's own (EBADF)
 *   P       a path: a string of less than 4096 bytes
 *   I(n)    a buffer that is read, argument n is its length
 *   O(n)    a buffer that is written, argument n is its size, the call's result
 *           how much of it there is
 *   S(b)    a structure of b bytes that is read; NULL is allowed
 *   D(b)    a structure of b bytes that is written if the call succeeds; NULL
 *           is allowed
 *   X(b)    a structure of b bytes that is read, and written if the call
 *           succeeds; NULL is allowed
 *   A(n,b)  an array of structures of b bytes, argument n their number, both
 *           ways
 *
 * An I or O that the bounce pages can't hold is cut. The second column says
 * whether the co-kernel then goes on: ONCE does not, STREAM does, AT does with
 * argument 3, a file's offset, counted on. CHECK is ONCE, for calls that make
 * something which would be lost if its description could not be written.
 */
#ifndef COK_RUN_CALLS_H
#define COK_RUN_CALLS_H

#include <linux/types.h>

/* One argument: what it is, and of what. */
#define COK_ARG(what, index, bytes) ((what) | (index) << 4 | (bytes) << 8)

enum cok_arg_what {
	COK_ARG_NONE = 0,
	COK_ARG_VALUE,
	COK_ARG_FD,
	COK_ARG_PATH,
	COK_ARG_IN,	 /* I */
	COK_ARG_OUT,	 /* O */
	COK_ARG_READ,	 /* S */
	COK_ARG_WRITTEN, /* D */
	COK_ARG_BOTH,	 /* X */
	COK_ARG_ARRAY,	 /* A */
};

#define COK_ARG_WHAT(a)	 ((a)&15)
#define COK_ARG_INDEX(a) ((a) >> 4 & 15)
#define COK_ARG_BYTES(a) ((a) >> 8)

enum cok_call_flags {
	COK_CALL_ONCE = 0,
	COK_CALL_STREAM = 1, /* go on while the pieces are full */
	COK_CALL_AT = 2,     /* the same, at the offset in argument 3 */
	COK_CALL_CHECK = 3,  /* ONCE, where a D can be written */
};

struct cok_call {
	__u32 nr;
	__u32 flags; /* enum cok_call_flags */
	const char *name;
	__u32 arg[6];
};

#define COK_PATH_MAX 4096 /* with the NUL */

/* clang-format off */
#define COK_CALLS(C, V, F, P, I, O, S, D, X, A) \
	C(0, STREAM, read, F, O(2), V, 0, 0, 0) \
	C(1, STREAM, write, F, I(2), V, 0, 0, 0) \
	C(2, ONCE, open, P, V, V, 0, 0, 0) \
	C(3, ONCE, close, F, 0, 0, 0, 0, 0) \
	C(4, ONCE, stat, P, D(144), 0, 0, 0, 0) \
	C(5, ONCE, fstat, F, D(144), 0, 0, 0, 0) \
	C(6, ONCE, lstat, P, D(144), 0, 0, 0, 0) \
	C(7, ONCE, poll, A(1, 8), V, V, 0, 0, 0) \
	C(8, ONCE, lseek, F, V, V, 0, 0, 0) \
	C(17, AT, pread64, F, O(2), V, V, 0, 0) \
	C(18, AT, pwrite64, F, I(2), V, V, 0, 0) \
	C(21, ONCE, access, P, V, 0, 0, 0, 0) \
	C(22, CHECK, pipe, D(8), 0, 0, 0, 0, 0) \
	C(23, ONCE, select, V, X(128), X(128), X(128), X(16), 0) \
	C(32, ONCE, dup, F, 0, 0, 0, 0, 0) \
	C(33, ONCE, dup2, F, F, 0, 0, 0, 0) \
	C(40, ONCE, sendfile, F, F, X(8), V, 0, 0) \
	C(62, ONCE, kill, V, V, 0, 0, 0, 0) \
	C(73, ONCE, flock, F, V, 0, 0, 0, 0) \
	C(74, ONCE, fsync, F, 0, 0, 0, 0, 0) \
	C(75, ONCE, fdatasync, F, 0, 0, 0, 0, 0) \
	C(76, ONCE, truncate, P, V, 0, 0, 0, 0) \
	C(77, ONCE, ftruncate, F, V, 0, 0, 0, 0) \
	C(79, ONCE, getcwd, O(1), V, 0, 0, 0, 0) \
	C(80, ONCE, chdir, P, 0, 0, 0, 0, 0) \
	C(81, ONCE, fchdir, F, 0, 0, 0, 0, 0) \
	C(82, ONCE, rename, P, P, 0, 0, 0, 0) \
	C(83, ONCE, mkdir, P, V, 0, 0, 0, 0) \
	C(84, ONCE, rmdir, P, 0, 0, 0, 0, 0) \
	C(85, ONCE, creat, P, V, 0, 0, 0, 0) \
	C(86, ONCE, link, P, P, 0, 0, 0, 0) \
	C(87, ONCE, unlink, P, 0, 0, 0, 0, 0) \
	C(88, ONCE, symlink, P, P, 0, 0, 0, 0) \
	C(89, ONCE, readlink, P, O(2), V, 0, 0, 0) \
	C(90, ONCE, chmod, P, V, 0, 0, 0, 0) \
	C(91, ONCE, fchmod, F, V, 0, 0, 0, 0) \
	C(92, ONCE, chown, P, V, V, 0, 0, 0) \
	C(93, ONCE, fchown, F, V, V, 0, 0, 0) \
	C(94, ONCE, lchown, P, V, V, 0, 0, 0) \
	C(95, ONCE, umask, V, 0, 0, 0, 0, 0) \
	C(111, ONCE, getpgrp, 0, 0, 0, 0, 0, 0) \
	C(115, ONCE, getgroups, V, A(0, 4), 0, 0, 0, 0) \
	C(121, ONCE, getpgid, V, 0, 0, 0, 0, 0) \
	C(124, ONCE, getsid, V, 0, 0, 0, 0, 0) \
	C(132, ONCE, utime, P, S(16), 0, 0, 0, 0) \
	C(133, ONCE, mknod, P, V, V, 0, 0, 0) \
	C(137, ONCE, statfs, P, D(120), 0, 0, 0, 0) \
	C(138, ONCE, fstatfs, F, D(120), 0, 0, 0, 0) \
	C(140, ONCE, getpriority, V, V, 0, 0, 0, 0) \
	C(162, ONCE, sync, 0, 0, 0, 0, 0, 0) \
	C(191, ONCE, getxattr, P, P, O(3), V, 0, 0) \
	C(192, ONCE, lgetxattr, P, P, O(3), V, 0, 0) \
	C(193, ONCE, fgetxattr, F, P, O(3), V, 0, 0) \
	C(217, ONCE, getdents64, F, O(2), V, 0, 0, 0) \
	C(221, ONCE, fadvise64, F, V, V, V, 0, 0) \
	C(235, ONCE, utimes, P, S(32), 0, 0, 0, 0) \
	C(257, ONCE, openat, F, P, V, V, 0, 0) \
	C(258, ONCE, mkdirat, F, P, V, 0, 0, 0) \
	C(259, ONCE, mknodat, F, P, V, V, 0, 0) \
	C(260, ONCE, fchownat, F, P, V, V, V, 0) \
	C(262, ONCE, newfstatat, F, P, D(144), V, 0, 0) \
	C(263, ONCE, unlinkat, F, P, V, 0, 0, 0) \
	C(264, ONCE, renameat, F, P, F, P, 0, 0) \
	C(265, ONCE, linkat, F, P, F, P, V, 0) \
	C(266, ONCE, symlinkat, P, F, P, 0, 0, 0) \
	C(267, ONCE, readlinkat, F, P, O(3), V, 0, 0) \
	C(268, ONCE, fchmodat, F, P, V, 0, 0, 0) \
	C(269, ONCE, faccessat, F, P, V, 0, 0, 0) \
	C(270, ONCE, pselect6, V, X(128), X(128), X(128), X(16), 0) \
	C(271, ONCE, ppoll, A(1, 8), V, X(16), 0, V, 0) \
	C(275, ONCE, splice, F, X(8), F, X(8), V, V) \
	C(280, ONCE, utimensat, F, P, S(32), V, 0, 0) \
	C(285, ONCE, fallocate, F, V, V, V, 0, 0) \
	C(292, ONCE, dup3, F, F, V, 0, 0, 0) \
	C(293, CHECK, pipe2, D(8), V, 0, 0, 0, 0) \
	C(302, ONCE, prlimit64, V, V, S(16), D(16), 0, 0) \
	C(316, ONCE, renameat2, F, P, F, P, V, 0) \
	C(318, STREAM, getrandom, O(1), V, V, 0, 0, 0) \
	C(319, ONCE, memfd_create, P, V, 0, 0, 0, 0) \
	C(326, ONCE, copy_file_range, F, X(8), F, X(8), V, V) \
	C(332, ONCE, statx, F, P, V, V, D(256), 0) \
	C(439, ONCE, faccessat2, F, P, V, V, 0, 0)

/*
 * ioctl(2) and fcntl(2): what the third argument is depends on the second.
 * ioctls that are not here fail with ENOTTY, fcntls with EINVAL.
 */
#define COK_IOCTLS(C, V, F, P, I, O, S, D, X, A) \
	C(0x5401, ONCE, TCGETS, F, V, D(36), 0, 0, 0) \
	C(0x5402, ONCE, TCSETS, F, V, S(36), 0, 0, 0) \
	C(0x5403, ONCE, TCSETSW, F, V, S(36), 0, 0, 0) \
	C(0x5404, ONCE, TCSETSF, F, V, S(36), 0, 0, 0) \
	C(0x5409, ONCE, TCSBRK, F, V, V, 0, 0, 0) \
	C(0x540b, ONCE, TCFLSH, F, V, V, 0, 0, 0) \
	C(0x540f, ONCE, TIOCGPGRP, F, V, D(4), 0, 0, 0) \
	C(0x5413, ONCE, TIOCGWINSZ, F, V, D(8), 0, 0, 0) \
	C(0x541b, ONCE, FIONREAD, F, V, D(4), 0, 0, 0) \
	C(0x5421, ONCE, FIONBIO, F, V, S(4), 0, 0, 0) \
	C(0x5450, ONCE, FIONCLEX, F, V, 0, 0, 0, 0) \
	C(0x5451, ONCE, FIOCLEX, F, V, 0, 0, 0, 0)

#define COK_FCNTLS(C, V, F, P, I, O, S, D, X, A) \
	C(0, ONCE, F_DUPFD, F, V, V, 0, 0, 0) \
	C(1, ONCE, F_GETFD, F, V, 0, 0, 0, 0) \
	C(2, ONCE, F_SETFD, F, V, V, 0, 0, 0) \
	C(3, ONCE, F_GETFL, F, V, 0, 0, 0, 0) \
	C(4, ONCE, F_SETFL, F, V, V, 0, 0, 0) \
	C(5, ONCE, F_GETLK, F, V, X(32), 0, 0, 0) \
	C(6, ONCE, F_SETLK, F, V, S(32), 0, 0, 0) \
	C(7, ONCE, F_SETLKW, F, V, S(32), 0, 0, 0) \
	C(1030, ONCE, F_DUPFD_CLOEXEC, F, V, V, 0, 0, 0) \
	C(1031, ONCE, F_SETPIPE_SZ, F, V, V, 0, 0, 0) \
	C(1032, ONCE, F_GETPIPE_SZ, F, V, 0, 0, 0, 0)
/* clang-format on */

#define COK_NR_PREAD64 17
#define COK_NR_IOCTL   16
#define COK_NR_FCNTL   72

/* For the table's columns: COK_CALLS(COK_CALL_ENTRY, COK_CALL_COLUMNS). */
#define COK_CALL_V	 COK_ARG_VALUE
#define COK_CALL_F	 COK_ARG_FD
#define COK_CALL_P	 COK_ARG_PATH
#define COK_CALL_I(n)	 COK_ARG(COK_ARG_IN, n, 0)
#define COK_CALL_O(n)	 COK_ARG(COK_ARG_OUT, n, 0)
#define COK_CALL_S(b)	 COK_ARG(COK_ARG_READ, 0, b)
#define COK_CALL_D(b)	 COK_ARG(COK_ARG_WRITTEN, 0, b)
#define COK_CALL_X(b)	 COK_ARG(COK_ARG_BOTH, 0, b)
#define COK_CALL_A(n, b) COK_ARG(COK_ARG_ARRAY, n, b)
#define COK_CALL_ENTRY(number, how, word, a0, a1, a2, a3, a4, a5) \
	{ number, COK_CALL_##how, #word, { a0, a1, a2, a3, a4, a5 } },
#define COK_CALL_TABLE(list) \
	{ \
		list(COK_CALL_ENTRY, COK_CALL_V, COK_CALL_F, COK_CALL_P, \
		     COK_CALL_I, COK_CALL_O, COK_CALL_S, COK_CALL_D, \
		     COK_CALL_X, COK_CALL_A) \
	}

/**
 * cok_call_find() - the line of a number
 * @t: a table of COK_CALL_TABLE(), whose numbers ascend
 * @n: its lines
 * @nr: the number
 *
 * Return: the line, or NULL if there is none.
 */
static inline const struct cok_call *cok_call_find(const struct cok_call *t,
						   __u32 n, __u32 nr)
{
	__u32 low = 0, high = n;

	while (low < high) {
		__u32 mid = low + (high - low) / 2;

		if (t[mid].nr < nr)
			low = mid + 1;
		else
			high = mid;
	}
	return low < n && t[low].nr == nr ? &t[low] : 0;
}

#endif /* COK_RUN_CALLS_H */
