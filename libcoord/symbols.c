// SPDX-License-Identifier: GPL-2.0
/* Functions of an ELF64 image, by its symbol table. The file may be anything. */
#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"

#define IMAGE_MAX (256UL << 20)

static const void *at(const struct lc_image *i, uint64_t offset, uint64_t len)
{
	if (offset > i->len || len > i->len - offset)
		return NULL;
	return (const char *)i->map + offset;
}

static bool section(const struct lc_image *i, const Elf64_Ehdr *eh,
		    unsigned int nr, Elf64_Shdr *out)
{
	const void *p =
		nr < eh->e_shnum
			? at(i, eh->e_shoff + nr * sizeof(*out), sizeof(*out))
			: NULL;

	if (!p || eh->e_shoff > i->len)
		return false;
	memcpy(out, p, sizeof(*out));
	return true;
}

static void take_symbols(struct lc_image *i, const Elf64_Ehdr *eh,
			 const Elf64_Shdr *table)
{
	const char *names;
	Elf64_Shdr str;
	const void *sym = at(i, table->sh_offset, table->sh_size);

	if (!sym || !section(i, eh, table->sh_link, &str))
		return;
	names = at(i, str.sh_offset, str.sh_size);
	if (!names || !str.sh_size || names[str.sh_size - 1])
		return;
	i->sym = sym;
	i->nr_sym = table->sh_size / sizeof(Elf64_Sym);
	i->names = names;
	i->names_len = str.sh_size;
}

void lc_image_parse(struct lc_image *i)
{
	const void *p = at(i, 0, sizeof(Elf64_Ehdr));
	Elf64_Ehdr eh;
	Elf64_Shdr sh;
	unsigned int nr;

	if (!p)
		return;
	memcpy(&eh, p, sizeof(eh));
	if (memcmp(eh.e_ident, ELFMAG, SELFMAG) ||
	    eh.e_ident[EI_CLASS] != ELFCLASS64 ||
	    eh.e_shentsize != sizeof(Elf64_Shdr))
		return;
	for (nr = 0; nr < eh.e_shnum && !i->sym; nr++)
		if (section(i, &eh, nr, &sh) && sh.sh_type == SHT_SYMTAB)
			take_symbols(i, &eh, &sh);
}

int lc_image_open(struct lc_image *i, const char *path, struct coord_err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	memset(i, 0, sizeof(*i));
	if (fd < 0)
		return lc_err(err,
			      errno == EACCES ? COORD_E_PERM : COORD_E_FAILED,
			      errno, "cannot open the image %.300s", path);
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size <= 0 ||
	    (uint64_t)st.st_size > IMAGE_MAX) {
		close(fd);
		return lc_err(err, COORD_E_INVALID, EINVAL,
			      "the image %.300s is not a file of a sane size",
			      path);
	}
	/* A copy: a file that shrinks must not end us by SIGBUS. */
	i->len = (size_t)st.st_size;
	i->map = malloc(i->len);
	if (!i->map || pread(fd, i->map, i->len, 0) != st.st_size) {
		lc_err(err, COORD_E_FAILED, i->map ? EIO : ENOMEM,
		       "cannot read the image %.300s", path);
		lc_image_close(i);
		close(fd);
		return -1;
	}
	close(fd);
	lc_image_parse(i);
	return 0;
}

void lc_image_close(struct lc_image *i)
{
	free(i->map);
	memset(i, 0, sizeof(*i));
}

const char *lc_image_symbol(const struct lc_image *i, uint64_t addr,
			    uint64_t *offset)
{
	const char *best = NULL;
	uint64_t start = 0;
	Elf64_Sym s;
	size_t k;

	for (k = 0; k < i->nr_sym; k++) {
		memcpy(&s, (const char *)i->sym + k * sizeof(s), sizeof(s));
		/* Functions, and labels of assembly, which have no size. */
		if ((ELF64_ST_TYPE(s.st_info) != STT_FUNC &&
		     ELF64_ST_TYPE(s.st_info) != STT_NOTYPE) ||
		    s.st_shndx == SHN_UNDEF || s.st_shndx >= SHN_LORESERVE ||
		    s.st_name >= i->names_len || !i->names[s.st_name] ||
		    addr < s.st_value || (best && s.st_value < start) ||
		    (s.st_size && addr - s.st_value >= s.st_size))
			continue;
		best = i->names + s.st_name;
		start = s.st_value;
	}
	if (best)
		*offset = addr - start;
	return best;
}
