// SPDX-License-Identifier: GPL-2.0
/* hello [STATUS]: says so, with what it was started with, and ends so. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>

int main(int argc, char **argv)
{
	const char *v = getenv("HELLO");

	printf("hello from %s, HELLO=%s, page size %lu\n",
	       (const char *)getauxval(AT_EXECFN), v ? v : "(none)",
	       getauxval(AT_PAGESZ));
	fprintf(stderr, "%d arguments\n", argc - 1);
	return argc > 1 ? atoi(argv[1]) : 0;
}
