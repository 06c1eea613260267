// SPDX-License-Identifier: GPL-2.0
/*
 * calls DIR: system calls and what they answer, one a line. DIR is empty, and is
 * so again afterwards. Run on a host and in an enclave it says the same.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define LARGE (1 << 20)

/* For the kernel to refuse, not for the compiler. */
static void *volatile BAD = (void *)0x10;
static void *volatile KERN = (void *)0xffffffff80000000;
static void *volatile HOLE = (void *)0x800000000000;
static volatile int minus_one = -1;

static char buf[4096], big[LARGE], copy[LARGE];
static char *readonly; /* a page that may be read only */
static char *edge;     /* the last 16 bytes before a page that isn't there */

static void tell(const char *what, long ret)
{
	if (ret < 0)
		printf("%s: %s\n", what, strerrorname_np(errno));
	else
		printf("%s: %ld\n", what, ret);
}

#define T(call) tell(#call, (long)(call))
/* An address is told as good or bad. */
#define TP(call) tell(#call, (call) == MAP_FAILED ? -1 : 0)

static void descriptors(void)
{
	struct iovec iov[3] = { { "one ", 4 }, { "two ", 4 }, { "three", 5 } };
	struct iovec bad_iov[2] = { { "good", 4 }, { BAD, 4 } };
	int fd, two[2];

	T(open("none", O_RDONLY));
	T(open(BAD, O_RDONLY));
	T(open(KERN, O_RDONLY));
	T(open(HOLE, O_RDONLY));
	T(open("", O_RDONLY));
	T(fd = open("file", O_RDWR | O_CREAT | O_EXCL, 0640));
	T(open("file", O_RDWR | O_CREAT | O_EXCL, 0640));
	T(write(fd, "hello, world\n", 13));
	T(write(fd, BAD, 10));
	T(write(fd, KERN, 10));
	T(write(fd, BAD, 0));
	T(write(fd, edge, 17));
	T(write(99, "x", 1));
	T(write(-1, "x", 1));
	T(writev(fd, iov, 3));
	T(writev(fd, iov, minus_one));
	T(writev(fd, BAD, 2));
	T(writev(fd, bad_iov + 1, 1));
	T(lseek(fd, 0, SEEK_SET));
	T(lseek(fd, -1, SEEK_SET));
	T(lseek(fd, 5, 77));
	T(read(fd, buf, sizeof(buf)));
	printf("%.*s\n", 26, buf);
	T(read(fd, buf, sizeof(buf)));
	T(pread(fd, buf, 5, 7));
	printf("%.*s\n", 5, buf);
	T(pread(fd, buf, 5, -7));
	T(pread(fd, readonly, 5, 0));
	T(pread(fd, KERN, 5, 0));
	T(pwrite(fd, "W", 1, 7));
	T(lseek(fd, 0, SEEK_SET));
	T(readv(fd, iov, 0));
	T(dup(fd));
	T(dup2(fd, 20));
	T(dup2(99, 21));
	T(fcntl(20, F_GETFD));
	T(fcntl(20, F_SETFD, FD_CLOEXEC));
	T(fcntl(20, F_GETFD));
	T(fcntl(fd, F_GETFL) & O_ACCMODE);
	T(fcntl(fd, 9999));
	T(fcntl(fd, F_DUPFD, 30));
	T(close(20));
	T(close(20));
	T(ioctl(fd, TIOCGWINSZ, buf));
	T(ioctl(fd, 0xdead, buf));
	T(ioctl(99, TIOCGWINSZ, buf));
	T(ftruncate(fd, 5));
	T(lseek(fd, 0, SEEK_END));
	T(fsync(fd));
	T(pipe(two));
	T(pipe(BAD));
	T(lseek(two[0], 0, SEEK_SET));
	T(write(two[1], "pipe", 4));
	T(poll(&(struct pollfd){ two[0], POLLIN, 0 }, 1, 0));
	T(read(two[0], buf, 100));
	T(poll(&(struct pollfd){ two[0], POLLIN, 0 }, 1, 0));
	T(poll(BAD, 1, 0));
	T(fcntl(two[0], F_SETFL, O_NONBLOCK));
	T(read(two[0], buf, 100));
}

static void large(void)
{
	size_t i;
	int fd;

	for (i = 0; i < LARGE; i++)
		big[i] = (char)(i * 31 + i / 4096);
	T(fd = open("large", O_RDWR | O_CREAT, 0600));
	T(write(fd, big, LARGE));
	T(pread(fd, copy, LARGE, 0));
	T(memcmp(big, copy, LARGE));
	T(pread(fd, copy, LARGE, 1000));
	T(memcmp(big + 1000, copy, LARGE - 1000));
	T(pwrite(fd, big, 100000, 50000));
	T(lseek(fd, 0, SEEK_SET));
	T(read(fd, copy, 200000));
	T(lseek(fd, 0, SEEK_CUR));
	T(memcmp(big, copy + 50000, 100000));
	T(close(fd));
	T(unlink("large"));
}

static void names(void)
{
	char long_name[5000];
	struct stat st;
	struct statx sx;

	memset(long_name, 'a', sizeof(long_name));
	long_name[sizeof(long_name) - 1] = '\0';
	T(mkdir("dir", 0755));
	T(mkdir("dir", 0755));
	T(mkdir(long_name, 0755));
	long_name[300] = '\0';
	T(mkdir(long_name, 0755));
	T(stat("file", &st));
	printf("%o %ld\n", st.st_mode, (long)st.st_size);
	T(stat("file", BAD));
	T(stat("file", (void *)readonly));
	T(stat("none", &st));
	T(stat(edge, &st));
	T(fstat(99, &st));
	T(statx(AT_FDCWD, "file", 0, STATX_SIZE, &sx));
	printf("%lu\n", (unsigned long)sx.stx_size);
	T(statx(AT_FDCWD, "none", 0, STATX_SIZE, &sx));
	T(fstatat(AT_FDCWD, "dir", &st, 0));
	T(access("file", R_OK));
	T(access("file", X_OK));
	T(symlink("file", "link"));
	T(readlink("link", buf, 2));
	T(readlink("link", buf, sizeof(buf)));
	T(readlink("file", buf, sizeof(buf)));
	T(readlink("link", buf, 0));
	T(link("file", "hard"));
	T(rename("hard", "dir/moved"));
	T(rename("none", "dir/moved"));
	T(chmod("file", 0400));
	T(chdir("dir"));
	T(chdir("none"));
	T(getcwd(buf, sizeof(buf)) ? 0 : -1);
	printf("%s\n", strrchr(buf, '/'));
	T(syscall(SYS_getcwd, buf, 3));
	T(chdir(".."));
	T(unlink("dir"));
	T(rmdir("file"));
	T(rmdir("dir"));
	T(unlink("dir/moved"));
	T(rmdir("dir"));
	T(unlink("link"));
	T(truncate("file", 3));
	T(statfs("none", (void *)buf));
	T(utimes("file", NULL));
	umask(027);
	T(umask(022));
	T(unlink("file"));
}

static void memory(void)
{
	char *p, *q;
	int fd;

	TP(mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	TP(mmap(NULL, 4096, PROT_READ, MAP_ANONYMOUS, -1, 0));
	TP(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 99, 0));
	TP(mmap(NULL, 1UL << 47, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		0));
	TP(mmap(KERN, 4096, PROT_READ, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS,
		-1, 0));
	TP(mmap((void *)0x123456, 4096, PROT_READ,
		MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	TP(p = mmap(NULL, 5 * 4096, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	memset(p, 7, 5 * 4096);
	TP(mmap(p + 4096, 4096, PROT_READ | PROT_WRITE,
		MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	T(p[4095] + p[4096] + p[8192]);
	TP(mmap(p, 4096, PROT_READ,
		MAP_FIXED_NOREPLACE | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	T(mprotect(p, 4096, PROT_READ));
	T(mprotect(p + 1, 4096, PROT_READ));
	T(mprotect(NULL, 4096, PROT_READ));
	T(munmap(p + 1, 4096));
	T(munmap(p, 0));
	T(munmap(KERN, 4096));
	T(munmap(p + 2 * 4096, 4096));
	T(mprotect(p, 5 * 4096, PROT_READ));
	T(madvise(p, 4096, 12345));
	T(mprotect(p, 4096, PROT_READ | PROT_WRITE));
	T(madvise(p, 4096, MADV_DONTNEED));
	T(p[0]);
	T(munmap(p, 5 * 4096));
	T(munmap(p, 5 * 4096));
	TP(p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	strcpy(p, "moved");
	TP(q = mremap(p, 4096, 16 * 4096, MREMAP_MAYMOVE));
	printf("%s %d\n", q, q[15 * 4096]);
	TP(mremap(q, 16 * 4096, 4096, 0));
	TP(mremap(q + 1, 4096, 8192, MREMAP_MAYMOVE));
	T(munmap(q, 4096));
	T(fd = open("map", O_RDWR | O_CREAT, 0600));
	T(write(fd, "mapped file", 11));
	TP(p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0));
	printf("%s %d\n", p, p[4095]);
	p[0] = 'M';
	T(pread(fd, buf, 1, 0));
	printf("%c\n", buf[0]);
	TP(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 100));
	TP(p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0));
	printf("%s\n", p);
	T(close(fd));
	T(unlink("map"));
	p = sbrk(0);
	T(sbrk(100000) == p ? 0 : -1);
	memset(p, 1, 100000);
	T(sbrk(-100000) == p + 100000 ? 0 : -1);
	T(sbrk(0) == p ? 0 : -1);
}

static void others(void)
{
	struct timespec t = { 0, 1000000 }, u;
	struct timeval tv;
	stack_t ss;
	sigset_t set;

	T(clock_gettime(CLOCK_REALTIME, &t));
	T(clock_gettime(99, &t));
	T(clock_gettime(CLOCK_MONOTONIC, &t));
	T(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, BAD));
	T(clock_gettime(CLOCK_MONOTONIC, &u));
	T(u.tv_sec > t.tv_sec || u.tv_nsec >= t.tv_nsec);
	T(gettimeofday(&tv, NULL));
	T(nanosleep(&(struct timespec){ 0, 1000000 }, NULL));
	T(nanosleep(&(struct timespec){ 0, 1000000000 }, NULL));
	T(nanosleep(&(struct timespec){ -1, 0 }, NULL));
	T(nanosleep(BAD, NULL));
	T(getuid());
	T(getpid() > 1);
	T(syscall(SYS_gettid) == getpid());
	T(getppid() > 0);
	T(syscall(SYS_getrandom, buf, 16, 0));
	T(syscall(SYS_getrandom, BAD, 16, 0));
	T(syscall(SYS_getrandom, buf, 16, 9999));
	T(sigprocmask(SIG_BLOCK, NULL, &set));
	T(syscall(SYS_rt_sigprocmask, 99, &set, NULL, 8));
	T(syscall(SYS_rt_sigprocmask, 0, &set, NULL, 7));
	T(syscall(SYS_rt_sigaction, 99, NULL, NULL, 8));
	T(syscall(SYS_rt_sigaction, SIGKILL, buf, NULL, 8));
	T(syscall(SYS_rt_sigaction, SIGINT, BAD, NULL, 8));
	T(sigaltstack(NULL, &ss));
	T(ss.ss_flags == SS_DISABLE);
	T(kill(getpid(), 0));
	T(kill(getpid(), 99));
	T(syscall(SYS_tgkill, getpid(), getpid(), 0));
	T(signal(SIGUSR1, SIG_IGN) == SIG_ERR);
	T(raise(SIGUSR1));
	T(sched_yield());
	T(syscall(SYS_arch_prctl, 0x9999, 0));
	T(syscall(SYS_arch_prctl, 0x1002, KERN));
	T(syscall(SYS_futex, BAD, 0, 0, NULL));
	T(syscall(SYS_futex, buf, 1, 1));
	T(syscall(9999));
	T(syscall(-1));
}

int main(int argc, char **argv)
{
	if (argc != 2 || chdir(argv[1])) {
		fputs("usage: calls DIR\n", stderr);
		return 2;
	}
	setvbuf(stdout, NULL, _IOFBF, 65536);
	readonly =
		mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	edge = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(edge + 4096, 4096);
	edge += 4080;
	memset(edge, 'e', 16);
	descriptors();
	large();
	names();
	memory();
	others();
	return 0;
}
