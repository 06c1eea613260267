// SPDX-License-Identifier: GPL-2.0
/*
 * summarize [--plot FILE] <CSV   prints what `measure` wrote as tables: medians,
 *                                with ranges by order statistics (stats.h).
 *
 * FILE gets what plot.gp draws: "label ratio low high aim", a line per measure.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stats.h"

#define MAX_PAIRS 1001
#define MAX_PARTS 64

/* All values of one part of one measure, by pair where there is one a pair. */
struct part {
	char measure[32], name[64], unit[8];
	double value[2 * MAX_PAIRS];
	unsigned int pair[2 * MAX_PAIRS];
	size_t n;
};

static struct part parts[MAX_PARTS];
static size_t nr_parts;
static bool complete;

/* What the project aims at: ours divided by raw. */
static const struct {
	const char *measure;
	double at_most;
} aims[] = {
	{ "grow by a CPU", 1.15 },   { "shrink by a CPU", 1.15 },
	{ "grow by a block", 1.15 }, { "shrink by a block", 1.15 },
	{ "ping by doorbell", 2.0 }, { "ping, polled", 2.0 },
};

static void die(const char *what, unsigned long line)
{
	fprintf(stderr, "summarize: line %lu: %s\n", line, what);
	exit(1);
}

/* Where it ran is said first, and what follows from that. */
static void say_setting(const char *text)
{
	puts(text);
	if (strncmp(text, "# machine: ", 11))
		return;
	if (strstr(text, "emulator"))
		puts("# NOT HARDWARE NUMBERS: an emulator's times mean nothing, only ratios say\n"
		     "# something, and those too may be others on a real machine.");
	else if (strstr(text, "virtual"))
		puts("# NOT HARDWARE NUMBERS: measured in a virtual machine.");
}

/* ---- reading ---------------------------------------------------------------- */

static struct part *find(const char *measure, const char *name)
{
	size_t i;

	for (i = 0; i < nr_parts; i++)
		if (!strcmp(parts[i].measure, measure) &&
		    !strcmp(parts[i].name, name))
			return &parts[i];
	return NULL;
}

static struct part *make(const char *measure, const char *name,
			 const char *unit, unsigned long line)
{
	struct part *p;

	if (nr_parts == MAX_PARTS)
		die("too many parts", line);
	if (strlen(measure) >= sizeof(p->measure) ||
	    strlen(name) >= sizeof(p->name) || strlen(unit) >= sizeof(p->unit))
		die("a name is too long", line);
	p = &parts[nr_parts++];
	strcpy(p->measure, measure);
	strcpy(p->name, name);
	strcpy(p->unit, unit);
	return p;
}

/* The measure's name may hold a comma: the other four are the last ones. */
static void take(char *text, unsigned long line)
{
	char *field[5];
	struct part *p;
	int i;

	for (i = 4; i > 0; i--) {
		field[i] = strrchr(text, ',');
		if (!field[i])
			die("not measure,pair,part,value,unit", line);
		*field[i]++ = '\0';
	}
	field[0] = text;
	if (!strcmp(field[0], "measure"))
		return;
	p = find(field[0], field[2]);
	if (!p)
		p = make(field[0], field[2], field[4], line);
	if (p->n == 2 * MAX_PAIRS)
		die("too many values", line);
	p->pair[p->n] = (unsigned int)atoi(field[1]);
	p->value[p->n++] = atof(field[3]);
}

static void read_all(void)
{
	unsigned long line = 0;
	char text[256];

	while (fgets(text, sizeof(text), stdin)) {
		line++;
		text[strcspn(text, "\r\n")] = '\0';
		if (!strcmp(text, "# complete"))
			complete = true;
		else if (text[0] == '#')
			say_setting(text);
		else if (text[0])
			take(text, line);
	}
}

/* ---- printing ----------------------------------------------------------------- */

static void print_range(const struct median *m, int digits)
{
	char text[48] = "";

	if (m->has_range)
		snprintf(text, sizeof(text), "%.*f .. %.*f", digits, m->low,
			 digits, m->high);
	printf(" %-18s", text);
}

static struct median part_median(const struct part *p)
{
	static double v[2 * MAX_PAIRS];

	memcpy(v, p->value, p->n * sizeof(*v));
	return median_of(v, p->n);
}

/* Of each pair: ours less raw, and ours by raw. */
static size_t pair_up(const struct part *raw, const struct part *ours,
		      double *less, double *by)
{
	size_t i, k, n = 0;

	for (i = 0; i < ours->n; i++)
		for (k = 0; k < raw->n; k++)
			if (raw->pair[k] == ours->pair[i]) {
				less[n] = ours->value[i] - raw->value[k];
				by[n++] = ours->value[i] / raw->value[k];
				break;
			}
	return n;
}

static double aim_of(const char *measure)
{
	size_t i;

	for (i = 0; i < sizeof(aims) / sizeof(*aims); i++)
		if (!strcmp(aims[i].measure, measure))
			return aims[i].at_most;
	return 0;
}

static void print_aim(double aim, const struct median *ratio)
{
	const char *verdict = "not decided: too much noise";

	if (!aim)
		return;
	if (ratio->has_range && ratio->high <= aim)
		verdict = "met";
	else if (ratio->has_range && ratio->low > aim)
		verdict = "MISSED";
	printf(" <= %.2f %s", aim, verdict);
}

static void plot_line(FILE *plot, const char *label, const struct median *ratio)
{
	if (plot)
		fprintf(plot, "\"%s\" %g %g %g %g\n", label, ratio->mid,
			ratio->has_range ? ratio->low : ratio->mid,
			ratio->has_range ? ratio->high : ratio->mid,
			aim_of(label));
}

static void print_pairs(FILE *plot)
{
	static double less[MAX_PAIRS], by[MAX_PAIRS];
	size_t i;

	printf("\n%-18s %3s %9s %9s %-4s %9s %-18s %6s %-18s %s\n", "measure",
	       "n", "raw", "ours", "", "own time", "  95 % range", "ratio",
	       "95 % range", "aim");
	for (i = 0; i < nr_parts; i++) {
		struct part *ours = &parts[i],
			    *raw = find(ours->measure, "raw");
		struct median m, ratio;
		size_t n;

		if (strcmp(ours->name, "ours") || !raw)
			continue;
		n = pair_up(raw, ours, less, by);
		m = median_of(less, n);
		printf("%-18s %3zu %9.2f %9.2f %-4s %9.2f", ours->measure, n,
		       part_median(raw).mid, part_median(ours).mid, ours->unit,
		       m.mid);
		print_range(&m, 2);
		/* What raw costs is next to nothing: no ratio of it. */
		if (strcmp(ours->unit, "KiB")) {
			ratio = median_of(by, n);
			printf(" %6.2f", ratio.mid);
			print_range(&ratio, 2);
			print_aim(aim_of(ours->measure), &ratio);
			plot_line(plot, ours->measure, &ratio);
		}
		putchar('\n');
	}
}

static void print_phases(void)
{
	size_t i;

	printf("\n%-18s %-30s %3s %9s %-4s %s\n", "measure", "phase of ours",
	       "n", "median", "", "95 % range");
	for (i = 0; i < nr_parts; i++) {
		struct part *p = &parts[i];
		struct median m;

		if (strncmp(p->name, "phase ", 6))
			continue;
		m = part_median(p);
		printf("%-18s %-30s %3zu %9.2f %-4s", p->measure, p->name + 6,
		       m.n, m.mid, p->unit);
		print_range(&m, 2);
		putchar('\n');
	}
}

/* The first attempt has no INIT delay of 10 ms, the others do. */
static void print_starts(void)
{
	struct part *took = find("core start", "ours");
	struct part *attempt = find("core start", "attempt");
	size_t i, later = 0;
	struct median m;

	if (!took || !attempt)
		return;
	for (i = 0; i < attempt->n; i++)
		later += attempt->value[i] > 1;
	m = part_median(took);
	printf("\ncore starts: %zu, INIT to ack median %.2f ms", m.n, m.mid);
	print_range(&m, 2);
	printf("\nneeded a later attempt, with the INIT delay of 10 ms: %zu\n",
	       later);
}

int main(int argc, char **argv)
{
	FILE *plot = NULL;

	if (argc == 3 && !strcmp(argv[1], "--plot")) {
		plot = fopen(argv[2], "we");
		if (!plot) {
			perror(argv[2]);
			return 1;
		}
	} else if (argc != 1) {
		fputs("usage: summarize [--plot FILE] <CSV\n", stderr);
		return 2;
	}
	read_all();
	print_pairs(plot);
	print_phases();
	print_starts();
	if (plot && fclose(plot)) {
		perror(argv[2]);
		return 1;
	}
	if (complete)
		return 0;
	fputs("summarize: the measurements ended early\n", stderr);
	return 1;
}
