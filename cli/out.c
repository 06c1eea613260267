// SPDX-License-Identifier: GPL-2.0
/* Tables for people, JSON for programs. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "verbs.h"

/* Bytes of a printable character of UTF-8 at p, 0 if there is none. */
static size_t character(const unsigned char *p)
{
	size_t i, n;

	if (*p < 0x80)
		return (*p >= ' ' && *p != 0x7f) || *p == '\n' || *p == '\t';
	n = *p >= 0xf0 ? 4 : *p >= 0xe0 ? 3 : 2;
	/* Not a first byte, or one of an overlong form. */
	if (*p < 0xc2 || *p > 0xf4)
		return 0;
	for (i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	/* U+0080 to U+009F are control characters too. */
	return p[0] == 0xc2 && p[1] < 0xa0 ? 0 : n;
}

void put_text(FILE *f, const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t n;

	while (*p) {
		n = character(p);
		if (n)
			fwrite(p, 1, n, f);
		else
			fprintf(f, "\\x%02x", *p);
		p += n ? n : 1;
	}
}

struct table {
	int columns;
	size_t n, room;
	char **cell;
};

static void add_row(struct table *t, va_list ap)
{
	int i;

	if (!t)
		return;
	if (t->n + (size_t)t->columns > t->room) {
		size_t room = 2 * t->room + (size_t)t->columns;
		char **p = reallocarray(t->cell, room, sizeof(*p));

		if (!p)
			return;
		t->cell = p;
		t->room = room;
	}
	for (i = 0; i < t->columns; i++)
		t->cell[t->n++] = strdup(va_arg(ap, const char *));
}

struct table *table_new(int columns, ...)
{
	struct table *t = calloc(1, sizeof(*t));
	va_list ap;

	if (t)
		t->columns = columns;
	va_start(ap, columns);
	add_row(t, ap);
	va_end(ap);
	return t;
}

void table_row(struct table *t, ...)
{
	va_list ap;

	va_start(ap, t);
	add_row(t, ap);
	va_end(ap);
}

static const char *cell(const struct table *t, size_t i)
{
	return t->cell[i] ? t->cell[i] : "?";
}

static int width(const struct table *t, int column)
{
	size_t i, w, max = 0;

	for (i = (size_t)column; i < t->n; i += (size_t)t->columns) {
		w = strlen(cell(t, i));
		max = w > max ? w : max;
	}
	return (int)max;
}

void table_print(struct table *t)
{
	size_t i;
	int column, last;

	if (!t)
		return;
	for (i = 0; i < t->n; i++) {
		column = (int)(i % (size_t)t->columns);
		last = column == t->columns - 1;
		printf("%-*s%s", last ? 0 : width(t, column), cell(t, i),
		       last ? "\n" : "  ");
	}
	for (i = 0; i < t->n; i++)
		free(t->cell[i]);
	free(t->cell);
	free(t);
}

void json_u64(cJSON *o, const char *key, uint64_t v)
{
	char text[24];

	/* A double would round. */
	snprintf(text, sizeof(text), "%" PRIu64, v);
	cJSON_AddRawToObject(o, key, text);
}

void json_node(cJSON *o, const char *key, int node)
{
	if (node < 0)
		cJSON_AddNullToObject(o, key);
	else
		cJSON_AddNumberToObject(o, key, node);
}

int json_print(cJSON *o)
{
	char *text = cJSON_Print(o);
	int ret = EX_DONE;

	if (text) {
		puts(text);
	} else {
		cli_warn("out of memory");
		ret = EX_FAIL;
	}
	cJSON_free(text);
	cJSON_Delete(o);
	return ret;
}

int json_line(cJSON *o)
{
	char *text = cJSON_PrintUnformatted(o);

	puts(text ? text : "null");
	cJSON_free(text);
	cJSON_Delete(o);
	return fflush(stdout) ? EX_FAIL : EX_DONE;
}

cJSON *json_lease(const struct coord_lease *l)
{
	cJSON *o = cJSON_CreateObject();

	json_u64(o, "lease", l->id);
	cJSON_AddStringToObject(o, "kind", coord_kind_name(l->kind));
	cJSON_AddStringToObject(o, "state", coord_lease_state_name(l->state));
	if (l->kind == COK_RES_CPU) {
		json_u64(o, "cpu", l->cpu);
		json_u64(o, "apic_id", l->apic_id);
	} else {
		json_u64(o, "start", l->start);
		json_u64(o, "size", l->size);
		cJSON_AddStringToObject(o, "source",
					coord_source_name(l->source));
		cJSON_AddStringToObject(o, "zone", l->zone);
	}
	json_u64(o, "enclave", l->enclave);
	json_u64(o, "txid", l->txid);
	json_u64(o, "operation", l->op);
	cJSON_AddBoolToObject(o, "operation_alive", l->op_alive);
	cJSON_AddBoolToObject(o, "boot", l->boot);
	cJSON_AddBoolToObject(o, "pool", l->reserved);
	return o;
}

char *lease_text(const struct coord_lease *l, char *buf, size_t size)
{
	char s[24];

	if (l->kind == COK_RES_CPU)
		snprintf(buf, size, "cpu %u (apic %u)", l->cpu, l->apic_id);
	else
		snprintf(buf, size, "memory 0x%" PRIx64 " %s %s", l->start,
			 coord_size_format(l->size, s, sizeof(s)),
			 coord_source_name(l->source));
	return buf;
}

uint64_t boottime_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

char *since_text(uint64_t time_ns, char *buf, size_t size)
{
	uint64_t now = boottime_ns();
	unsigned long s = now > time_ns ? (now - time_ns) / 1000000000 : 0;

	if (s < 120)
		snprintf(buf, size, "%lu s", s);
	else if (s < 7200)
		snprintf(buf, size, "%lu min %lu s", s / 60, s % 60);
	else
		snprintf(buf, size, "%lu h %lu min", s / 3600, s / 60 % 60);
	return buf;
}
