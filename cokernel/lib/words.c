// SPDX-License-Identifier: GPL-2.0
#include "words.h"
#include "string.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void append(char *buf, size_t *n, char c)
{
	if (*n + 1 < WORD_MAX)
		buf[(*n)++] = c;
	buf[*n] = '\0';
}

bool option_next(const char **line, struct option *opt)
{
	const char *p = *line;
	bool quoted = false;
	size_t nk = 0, nv = 0;

	*opt = (struct option){ 0 };
	while (is_blank(*p))
		p++;
	if (!*p) {
		*line = p;
		return false;
	}
	for (; *p && (quoted || !is_blank(*p)); p++) {
		if (*p == '"')
			quoted = !quoted;
		else if (opt->has_value)
			append(opt->value, &nv, *p);
		else if (*p == '=' && !quoted)
			opt->has_value = true;
		else
			append(opt->key, &nk, *p);
	}
	*line = p;
	return true;
}

int words_split(char *line, char **words, int max)
{
	int n = 0;

	for (;;) {
		while (is_blank(*line))
			*line++ = '\0';
		if (!*line)
			return n;
		if (n < max)
			words[n] = line;
		n++;
		while (*line && !is_blank(*line))
			line++;
	}
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 99;
}

static bool number(const char *s, unsigned int base, u64 *value)
{
	u64 v = 0;

	if (!*s)
		return false;
	for (; *s; s++) {
		unsigned int d = (unsigned int)digit(*s);

		if (d >= base || v > (~0ULL - d) / base)
			return false;
		v = v * base + d;
	}
	*value = v;
	return true;
}

static const char *skip_0x(const char *s)
{
	return s[0] == '0' && (s[1] == 'x' || s[1] == 'X') ? s + 2 : s;
}

bool word_hex(const char *word, u64 *value)
{
	return number(skip_0x(word), 16, value);
}

bool word_number(const char *word, u64 *value)
{
	const char *hex = skip_0x(word);

	return hex == word ? number(word, 10, value) : number(hex, 16, value);
}

static unsigned int unit_shift(char c)
{
	switch (c) {
	case 'K':
		return 10;
	case 'M':
		return 20;
	case 'G':
		return 30;
	default:
		return 0;
	}
}

bool word_size(const char *word, u64 *value)
{
	size_t n = strlen(word);
	unsigned int shift = n ? unit_shift(word[n - 1]) : 0;
	char digits[24];
	u64 v;

	if (!shift)
		return word_number(word, value);
	if (n > sizeof(digits))
		return false;
	memcpy(digits, word, n - 1);
	digits[n - 1] = '\0';
	if (!word_number(digits, &v) || v > ~0ULL >> shift)
		return false;
	*value = v << shift;
	return true;
}

bool script_next(const char **script, char *buf, size_t size)
{
	const char *p = *script;
	size_t n = 0;

	while (is_blank(*p) || *p == ';')
		p++;
	if (!*p)
		return false;
	for (; *p && *p != ';'; p++)
		if (n + 1 < size)
			buf[n++] = *p;
	while (n && is_blank(buf[n - 1]))
		n--;
	buf[n] = '\0';
	*script = p;
	return true;
}
