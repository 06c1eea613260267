/* SPDX-License-Identifier: GPL-2.0 */
/* Splitting command lines into words, and words into numbers. */
#ifndef CK_WORDS_H
#define CK_WORDS_H

#include "types.h"

#define WORD_MAX 512 /* with the terminating NUL */

/*
 * One word of a kernel command line: key, key=value or key="value with
 * spaces". What doesn't fit is cut off.
 */
struct option {
	char key[WORD_MAX];
	char value[WORD_MAX];
	bool has_value;
};

/* Takes the next word off *line; false at its end. */
bool option_next(const char **line, struct option *opt);

/*
 * Splits `line` in place at blanks. Returns the number of words, of which at
 * most `max` are stored.
 */
int words_split(char *line, char **words, int max);

/* Whole word as a number: decimal, or hexadecimal with or (hex) without 0x. */
bool word_number(const char *word, u64 *value);
bool word_hex(const char *word, u64 *value);
/* The same in bytes, with K, M or G behind it. */
bool word_size(const char *word, u64 *value);

/*
 * Takes the next command, up to ';', off *script, without blanks around it,
 * into buf (cut off at size - 1). False at the script's end.
 */
bool script_next(const char **script, char *buf, size_t size);

#endif /* CK_WORDS_H */
