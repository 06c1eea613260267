// SPDX-License-Identifier: GPL-2.0
/* What to launch: one table of keys, set from JSON or from words. */
#include <ctype.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "internal.h"

#define CONFIG_BYTES 65536
#define SECONDS_MAX  600

void coord_config_init(struct coord_config *cfg)
{
	memset(cfg, 0, sizeof(*cfg));
	strcpy(cfg->mode, "native");
	cfg->timeout = 60 * 1000;
}

/* ---- one key from a word ------------------------------------------------ */

/* Each says what was found and what would be right; the caller adds where. */
typedef int (*setter)(struct coord_config *cfg, const char *word,
		      struct coord_err *err);

static int invalid(struct coord_err *err, const char *word, const char *right)
{
	return lc_err(err, COORD_E_INVALID, EINVAL, "\"%.80s\" is not %s", word,
		      right);
}

static int copy(char *to, size_t size, const char *word, const char *right,
		struct coord_err *err)
{
	if (!word[0] || strlen(word) >= size)
		return invalid(err, word, right);
	strcpy(to, word);
	return 0;
}

static int number(const char *word, unsigned long max, unsigned long *out)
{
	char *end;

	if (!isdigit((unsigned char)word[0]))
		return -1;
	errno = 0;
	*out = strtoul(word, &end, 10);
	return *end || errno || *out > max ? -1 : 0;
}

static int set_name(struct coord_config *cfg, const char *word,
		    struct coord_err *err)
{
	static const char right[] =
		"a name; use 1 to 31 of A-Z a-z 0-9 _ . - and neither . nor - first";
	const char *p;

	for (p = word; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("_.-", *p))
			return invalid(err, word, right);
	if (word[0] == '.' || word[0] == '-')
		return invalid(err, word, right);
	return copy(cfg->name, sizeof(cfg->name), word, right, err);
}

static int set_mode(struct coord_config *cfg, const char *word,
		    struct coord_err *err)
{
	if (!strcmp(word, "vm") || !strcmp(word, "guarded"))
		return lc_err(err, COORD_E_INVALID, EOPNOTSUPP,
			      "mode '%s' does not exist yet; use native", word);
	if (strcmp(word, "native"))
		return invalid(err, word, "a mode; use native");
	return copy(cfg->mode, sizeof(cfg->mode), word, "a mode", err);
}

static int set_cpus(struct coord_config *cfg, const char *word,
		    struct coord_err *err)
{
	unsigned long n;

	if (number(word, COK_MAX_CORES, &n) || !n)
		return invalid(err, word, "a number of CPUs; use 1 to 64");
	cfg->cpus = (uint32_t)n;
	cfg->cpu_list[0] = '\0';
	return 0;
}

static int set_cpu_list(struct coord_config *cfg, const char *word,
			struct coord_err *err)
{
	struct lc_cpus set;
	uint32_t n;

	if (lc_cpulist_parse(word, &set, err))
		return -1;
	n = lc_cpus_count(&set);
	if (n > COK_MAX_CORES)
		return lc_err(
			err, COORD_E_INVALID, EINVAL,
			"%u CPUs are too many for one enclave; use up to %u", n,
			COK_MAX_CORES);
	cfg->cpus = 0;
	return copy(cfg->cpu_list, sizeof(cfg->cpu_list), word,
		    "a short enough list of CPUs", err);
}

static int set_memory(struct coord_config *cfg, const char *word,
		      struct coord_err *err)
{
	return coord_size_parse(word, &cfg->memory, err);
}

static int set_mem_from(struct coord_config *cfg, const char *word,
			struct coord_err *err)
{
	return coord_mem_from_parse(word, &cfg->mem_from, err);
}

static int set_from(struct coord_config *cfg, const char *word,
		    struct coord_err *err)
{
	return coord_from_parse(word, &cfg->from, err);
}

static int set_numa(struct coord_config *cfg, const char *word,
		    struct coord_err *err)
{
	int node;

	if (lc_numa_parse(word, &node, err))
		return -1;
	return copy(cfg->numa, sizeof(cfg->numa), word, "a node", err);
}

static int set_image(struct coord_config *cfg, const char *word,
		     struct coord_err *err)
{
	return copy(cfg->image, sizeof(cfg->image), word,
		    "the path of an image", err);
}

static int set_cmdline(struct coord_config *cfg, const char *word,
		       struct coord_err *err)
{
	if (!word[0]) {
		cfg->cmdline[0] = '\0';
		return 0;
	}
	return copy(cfg->cmdline, sizeof(cfg->cmdline), word,
		    "a command line; use at most 1023 bytes", err);
}

static int set_owner(struct coord_config *cfg, const char *word,
		     struct coord_err *err)
{
	struct passwd *pw;
	unsigned long n;

	if (!number(word, UINT32_MAX - 1, &n)) {
		cfg->uid = (uint32_t)n;
		return 0;
	}
	pw = getpwnam(word);
	if (!pw)
		return invalid(err, word,
			       "a user here; use a name or a number");
	cfg->uid = pw->pw_uid;
	return 0;
}

static int set_timeout(struct coord_config *cfg, const char *word,
		       struct coord_err *err)
{
	unsigned long n;

	if (number(word, SECONDS_MAX, &n) || !n)
		return invalid(err, word, "a time; use 1 to 600 (seconds)");
	cfg->timeout = (unsigned int)n * 1000;
	return 0;
}

enum types { TEXT = 1, NUMBER = 2 };

static const struct key {
	const char *name;
	unsigned int types;
	const char *right; /* for a value of the wrong type */
	setter set;
} keys[] = {
	{ "name", TEXT, "a string", set_name },
	{ "mode", TEXT, "the string \"native\"", set_mode },
	{ "cpus", NUMBER, "a whole number of CPUs, 1 to 64", set_cpus },
	{ "cpu_list", TEXT, "a string such as \"2-3,7\"", set_cpu_list },
	{ "memory", TEXT, "a string such as \"128M\"", set_memory },
	{ "mem_from", TEXT, "\"auto\", \"blocks\" or \"contig\"",
	  set_mem_from },
	{ "from", TEXT, "\"auto\", \"pool\" or \"linux\"", set_from },
	{ "numa", TEXT | NUMBER, "a NUMA node's number, or \"any\"", set_numa },
	{ "image", TEXT, "a string", set_image },
	{ "cmdline", TEXT, "a string", set_cmdline },
	{ "owner", TEXT | NUMBER, "a user's name or number", set_owner },
	{ "timeout", NUMBER, "a whole number of seconds, 1 to 600",
	  set_timeout },
};

#define NR_KEYS (sizeof(keys) / sizeof(keys[0]))

static const struct key *find_key(const char *name)
{
	size_t i;

	for (i = 0; i < NR_KEYS; i++)
		if (!strcmp(keys[i].name, name))
			return &keys[i];
	return NULL;
}

int coord_config_set(struct coord_config *cfg, const char *key,
		     const char *word, const char *what, struct coord_err *err)
{
	const struct key *k = find_key(key);
	struct coord_err e;

	if (!k)
		return lc_err(err, COORD_E_INVALID, EINVAL,
			      "%s: there is no setting '%.40s'", what, key);
	if (!k->set(cfg, word, &e))
		return 0;
	return lc_err(err, e.code, e.err, "%s: %s", what, e.text);
}

/* ---- JSON ---------------------------------------------------------------- */

static int wrong_type(const cJSON *v, const struct key *k,
		      struct coord_err *err)
{
	char *found = cJSON_PrintUnformatted(v);

	lc_err(err, COORD_E_INVALID, EINVAL, "$.%s: %.80s is not %s", k->name,
	       found ? found : "this", k->right);
	cJSON_free(found);
	return -1;
}

static int set_from_json(struct coord_config *cfg, const cJSON *v,
			 struct coord_err *err)
{
	const struct key *k = find_key(v->string);
	const char *word = v->valuestring;
	char text[32], path[48];
	size_t i;

	if (!k) {
		lc_err(err, COORD_E_INVALID, EINVAL,
		       "$.%.40s: there is no such setting; use", v->string);
		for (i = 0; i < NR_KEYS; i++)
			lc_err_more(err, "%s %s", i ? "," : "", keys[i].name);
		return -1;
	}
	if (cJSON_IsNumber(v) && (k->types & NUMBER) && v->valuedouble >= 0 &&
	    v->valuedouble <= UINT32_MAX &&
	    v->valuedouble == (double)(uint32_t)v->valuedouble) {
		snprintf(text, sizeof(text), "%u", (uint32_t)v->valuedouble);
		word = text;
	} else if (!cJSON_IsString(v) || !(k->types & TEXT)) {
		return wrong_type(v, k, err);
	}
	snprintf(path, sizeof(path), "$.%s", k->name);
	return coord_config_set(cfg, k->name, word, path, err);
}

static int set_all(struct coord_config *cfg, const cJSON *root,
		   struct coord_err *err)
{
	const cJSON *v, *w;

	if (!cJSON_IsObject(root))
		return lc_err(
			err, COORD_E_INVALID, EINVAL,
			"$: a configuration is an object, { \"name\": ... }");
	cJSON_ArrayForEach (v, root) {
		for (w = root->child; w != v; w = w->next)
			if (!strcmp(v->string, w->string))
				return lc_err(err, COORD_E_INVALID, EINVAL,
					      "$.%.40s: given twice",
					      v->string);
		if ((!strcmp(v->string, "cpus") ||
		     !strcmp(v->string, "cpu_list")) &&
		    cJSON_HasObjectItem(root, "cpus") &&
		    cJSON_HasObjectItem(root, "cpu_list"))
			return lc_err(
				err, COORD_E_INVALID, EINVAL,
				"$.cpus and $.cpu_list exclude each other; give one");
		if (set_from_json(cfg, v, err))
			return -1;
	}
	return 0;
}

static int syntax(const char *json, size_t len, const char *at,
		  struct coord_err *err)
{
	unsigned int line = 1, column = 1;
	const char *p;

	for (p = json; at && p < at && p < json + len; p++) {
		column = *p == '\n' ? 1 : column + 1;
		line += *p == '\n';
	}
	return lc_err(err, COORD_E_INVALID, EINVAL,
		      "not JSON at line %u, column %u", line, column);
}

int coord_config_parse(struct coord_config *cfg, const char *json, size_t len,
		       struct coord_err *err)
{
	struct coord_config new = *cfg;
	const char *end = NULL;
	cJSON *root;
	char *text;
	int ret;

	if (len > CONFIG_BYTES)
		return lc_err(err, COORD_E_INVALID, EFBIG,
			      "a configuration has at most %d bytes",
			      CONFIG_BYTES);
	text = strndup(json, len);
	if (!text)
		return lc_err(err, COORD_E_FAILED, ENOMEM, "out of memory");
	/* cJSON would cut strings at an embedded NUL. */
	if (strlen(text) != len || strstr(text, "\\u0000")) {
		free(text);
		return lc_err(err, COORD_E_INVALID, EINVAL,
			      "a configuration has no NUL characters in it");
	}
	root = cJSON_ParseWithLengthOpts(text, len + 1, &end, 1);
	if (root)
		ret = set_all(&new, root, err);
	else
		ret = syntax(text, len, end, err);
	cJSON_Delete(root);
	free(text);
	if (!ret)
		*cfg = new;
	return ret;
}

static ssize_t slurp(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	ssize_t n = -1;

	if (fd < 0)
		return -1;
	while (used < size) {
		n = read(fd, buf + used, size - used);
		if (n <= 0)
			break;
		used += (size_t)n;
	}
	close(fd);
	return n < 0 ? -1 : (ssize_t)used;
}

int coord_config_read(struct coord_config *cfg, const char *path,
		      struct coord_err *err)
{
	char *buf = malloc(CONFIG_BYTES + 1);
	struct coord_err e;
	ssize_t n;
	int ret;

	if (!buf)
		return lc_err(err, COORD_E_FAILED, ENOMEM, "out of memory");
	n = slurp(path, buf, CONFIG_BYTES + 1);
	if (n < 0)
		ret = lc_err(err,
			     errno == EACCES ? COORD_E_PERM : COORD_E_FAILED,
			     errno, "cannot read the configuration %.200s",
			     path);
	else if (coord_config_parse(cfg, buf, (size_t)n, &e))
		ret = lc_err(err, e.code, e.err, "%.200s: %s", path, e.text);
	else
		ret = 0;
	free(buf);
	return ret;
}
