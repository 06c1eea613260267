// SPDX-License-Identifier: GPL-2.0
/*
 * hold-memory - makes memory blocks that can be offlined, but not to the end:
 * in each block that can be got at, one page is a pipe's too, so that it can't be
 * migrated as long as this program lives. Linux doesn't see that beforehand; it
 * tries again and again, until a signal comes. The other pages, taken to get at
 * every block, are given back. Prints "held N" blocks, then sleeps until it is
 * killed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#define PAGE	   4096UL
#define STEP	   256UL	 /* pages between two looks at what is left */
#define SPARE	   (192UL << 10) /* KiB left to others meanwhile */
#define MAX_BLOCKS 4096
#define FRAME_MASK ((1ULL << 55) - 1) /* pagemap.rst: bits 0-54 */

static int pagemap, pipefd[2];
static uint64_t block_size;
static bool held[MAX_BLOCKS];

static void fail(const char *what)
{
	fprintf(stderr, "hold-memory: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* A line of /proc/meminfo, in KiB. */
static unsigned long meminfo(const char *format)
{
	unsigned long kib = 0;
	char line[128];
	FILE *f = fopen("/proc/meminfo", "r");

	if (!f)
		fail("/proc/meminfo");
	while (fgets(line, sizeof(line), f) && sscanf(line, format, &kib) != 1)
		;
	fclose(f);
	return kib;
}

static void read_block_size(void)
{
	FILE *f = fopen("/sys/devices/system/memory/block_size_bytes", "r");
	unsigned long long size = 0;

	if (!f || fscanf(f, "%llx", &size) != 1 || !size)
		fail("block size");
	block_size = size;
	fclose(f);
}

/* Is it the first one of its block? */
static bool is_first(const char *page)
{
	uint64_t entry, block;

	if (pread(pagemap, &entry, sizeof(entry),
		  (off_t)((uintptr_t)page / PAGE * sizeof(entry))) !=
	    sizeof(entry))
		fail("pagemap");
	block = (entry & FRAME_MASK) * PAGE / block_size;
	if (!block || block >= MAX_BLOCKS || held[block])
		return false;
	held[block] = true;
	return true;
}

static void give_back(char *from, const char *to)
{
	if (from < to && madvise(from, (size_t)(to - from), MADV_DONTNEED))
		fail("madvise");
}

/* Takes pages until little is left, holds one of each block, gives back the rest. */
static unsigned int hold(char *at, size_t pages)
{
	char *rest = at, *page[MAX_BLOCKS];
	unsigned int count = 0, i;
	struct iovec v;

	for (; pages--; at += PAGE) {
		if (pages % STEP == 0 && meminfo("MemAvailable: %lu") < SPARE)
			break;
		*at = 1;
		if (is_first(at))
			page[count++] = at;
	}
	for (i = 0; i < count; i++) {
		v = (struct iovec){ .iov_base = page[i], .iov_len = PAGE };
		if (vmsplice(pipefd[1], &v, 1, SPLICE_F_NONBLOCK) !=
		    (ssize_t)PAGE)
			fail("vmsplice");
		give_back(rest, page[i]);
		rest = page[i] + PAGE;
	}
	give_back(rest, at);
	return count;
}

int main(void)
{
	size_t pages = meminfo("MemTotal: %lu") / (PAGE >> 10);
	char *room;

	read_block_size();
	pagemap = open("/proc/self/pagemap", O_RDONLY);
	if (pagemap < 0)
		fail("pagemap");
	if (pipe(pipefd) ||
	    fcntl(pipefd[1], F_SETPIPE_SZ, (int)(MAX_BLOCKS * PAGE)) < 0)
		fail("pipe");
	room = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (room == MAP_FAILED || madvise(room, pages * PAGE, MADV_NOHUGEPAGE))
		fail("memory");
	printf("held %u\n", hold(room, pages));
	fflush(stdout);
	for (;;)
		pause();
}
