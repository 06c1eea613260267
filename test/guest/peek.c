// SPDX-License-Identifier: GPL-2.0
/*
 * peek NAME START BYTES [SIZE]: COK_IOC_MEMORY, its answer in a word: "ok" or the
 * errno's number. SIZE is what is said to be the struct's. With "wait" for START
 * it opens the node, waits for a line on standard input, and asks then.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include <cok/uapi.h>

int main(int argc, char **argv)
{
	static char buf[2 * COK_MEMORY_MAX];
	struct cok_ioc_memory m = { .size = sizeof(m) };
	char path[64], line[8];
	int fd;

	if (argc < 4)
		return 2;
	snprintf(path, sizeof(path), COK_DEV_DIR "/%s", argv[1]);
	fd = open(path, O_RDONLY);
	if (fd < 0) {
		perror(path);
		return 1;
	}
	if (!strcmp(argv[2], "wait") && !fgets(line, sizeof(line), stdin))
		return 1;
	m.start = strtoull(argv[2], NULL, 0);
	m.bytes = (uint32_t)strtoul(argv[3], NULL, 0);
	m.buffer = (uint64_t)(uintptr_t)buf;
	if (argc > 4)
		m.size = (uint32_t)strtoul(argv[4], NULL, 0);
	if (ioctl(fd, COK_IOC_MEMORY, &m))
		printf("%d\n", errno);
	else
		puts("ok");
	return 0;
}
