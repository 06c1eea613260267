/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note OR MIT */
/*
 * Cokernel boot protocol: what the module hands to a co-kernel, and in what
 * state a core enters it. Version COK_ABI_MAJOR.COK_ABI_MINOR.
 *
 * IMAGE. An ELF64 little-endian x86-64 ET_EXEC file (System V ABI, AMD64
 * supplement) with
 *   - 1..16 PT_LOAD segments; each p_vaddr is 4 KiB aligned, at or above
 *     COK_IMAGE_VBASE, segments ascending and not overlapping, no two of them
 *     in the same 4 KiB page, none both writable and executable;
 *     p_filesz <= p_memsz; the rest of p_memsz is zeroed by the module;
 *   - e_entry inside an executable segment;
 *   - a PT_NOTE with a note of name "COK", type COK_NOTE_ABI and a
 *     struct cok_image_note as its descriptor.
 * p_paddr is ignored: the span from the lowest p_vaddr to the highest
 * p_vaddr + p_memsz is laid out linearly at the start of the enclave's first
 * memory range, which must hold it.
 *
 * CORE STATE AT ENTRY (first core: e_entry; others: the entry that the
 * co-kernel named in its ACCEPT message):
 *   64-bit mode, CPL 0, RFLAGS.IF = DF = 0; CR0 = PE|MP|ET|NE|WP|PG,
 *   CR4 = PAE|MCE, EFER = LME|LMA|NXE; CS = 0x08 (64-bit code), the data
 *   segments 0x10; GDT, IDT and TSS are the host's and catch early faults:
 *   an exception before the co-kernel loads its own IDT halts the core and is
 *   reported by the host with its vector and address.
 *   RDI = physical address of struct cok_boot (identity-mapped),
 *   RSI = 0 on the first core, the ACCEPT message's arg1 on the others,
 *   RSP = 0: the co-kernel brings its own stack. Other registers: undefined.
 *   The local APIC is in the state INIT leaves it in (SDM vol. 3, 11.4.7.3):
 *   enabled in IA32_APIC_BASE, software-disabled in the spurious vector
 *   register. Its mode is apic_mode, on every core: INIT keeps x2APIC mode
 *   (11.12.5.1), and where an earlier co-kernel left another mode or address
 *   in IA32_APIC_BASE, the host has put it right.
 *   CR3 holds page tables owned by the host, valid until the enclave ends:
 *     identity, writable, no-execute: the memory ranges of struct cok_boot,
 *       this page (struct cok_boot), the comm area, in xAPIC mode the local
 *       APIC's page (uncached);
 *     at p_vaddr: the image's segments with their own permissions.
 *
 * A CO-KERNEL MUST set up its own #DF, NMI and #MC handlers on IST stacks,
 * keep CR4.MCE set, EOI and ignore vectors it does not know (the host's
 * broadcast IPIs reach it). It MUST NOT send INIT or SIPI, write IA32_TSC,
 * IA32_TSC_ADJUST, IA32_APIC_BASE, the MTRRs, microcode or package-scope MSRs,
 * map its memory other than write-back, or touch memory it was not granted.
 *
 * VERSIONS. 1.0: the first. 1.1: hosts in x2APIC mode. 2.0: the negotiation of
 * comm.h with parts, amounts, requests and acknowledged ends; images of 1.x are
 * refused. 2.1: the program directory of run.h, which an image may leave alone.
 */
#ifndef COK_BOOT_H
#define COK_BOOT_H

#include <linux/types.h>

#if defined(__cplusplus) && !defined(_Static_assert)
#define _Static_assert static_assert
#endif

#define COK_ABI_MAJOR 2
#define COK_ABI_MINOR 1

#define COK_BOOT_MAGIC 0x544f4f424b4f43ULL /* "COKBOOT" */

#define COK_PAGE_SIZE	   4096ULL
#define COK_IMAGE_VBASE	   0xffffffff80000000ULL
#define COK_IMAGE_MAX_SEGS 16
#define COK_NAME_MAX	   32	/* with the terminating NUL */
#define COK_CMDLINE_MAX	   1024 /* with the terminating NUL */
#define COK_BOOT_MAX_MEM   64	/* memory ranges at boot */

/* ELF note that every image carries. */
#define COK_NOTE_NAME "COK"
#define COK_NOTE_ABI  1

struct cok_image_note {
	__u16 abi_major; /* must equal the module's */
	__u16 abi_minor; /* must not exceed the module's */
	__u32 flags;	 /* 0 */
};

/*
 * That note: `COK_IMAGE_NOTE;` once in a C file, and a PT_NOTE over the section
 * .note.cok in the linker script.
 */
#define COK_IMAGE_NOTE \
	static const struct { \
		__u32 name_size, desc_size, type; \
		char name[4]; \
		struct cok_image_note abi; \
	} cok_this_image \
		__attribute__((section(".note.cok"), used, aligned(4))) = { \
			4, \
			sizeof(struct cok_image_note), \
			COK_NOTE_ABI, \
			COK_NOTE_NAME, \
			{ COK_ABI_MAJOR, COK_ABI_MINOR, 0 }, \
		}

/*
 * How the local APIC is reached. SDM vol. 3, chapter 11; x2APIC: 11.12.
 *   XAPIC   registers in the page at apic_base; ids below 255
 *   X2APIC  register at offset R of that page = MSR 0x800 + R / 16; ids of 32
 *           bits; the ICR is one MSR, 0x830, id in its upper half. WRMSR to
 *           these is not serializing: MFENCE; LFENCE go before one that tells
 *           another core of stores made earlier (11.12.3)
 * A value that an image does not know it must refuse.
 */
enum cok_apic_mode {
	COK_APIC_XAPIC = 1,
	COK_APIC_X2APIC = 2,
};

/* A physical memory range; both in bytes, multiples of 4 KiB. */
struct cok_mem_range {
	__u64 start;
	__u64 size;
};

/*
 * The boot parameters: one page, written by the host before the first core
 * starts, not read by it afterwards. Unused entries and fields are zero.
 */
struct cok_boot {
	__u64 magic; /* COK_BOOT_MAGIC */
	__u16 abi_major;
	__u16 abi_minor;
	__u32 size;	  /* sizeof(struct cok_boot) */
	__u64 features;	  /* none defined: 0 */
	__u32 enclave_id; /* 1.. */
	__u32 apic_id;	  /* of the first core */
	__u32 apic_mode;  /* enum cok_apic_mode */
	__u32 tsc_khz;
	__u64 apic_base;       /* XAPIC: physical address of its page; else 0 */
	__u64 tsc_ref;	       /* the TSC read ... */
	__u64 wall_ref_ns;     /* ... at this time, ns since 1970 UTC */
	__u64 comm_phys;       /* struct cok_comm, see comm.h */
	__u64 comm_size;       /* bytes, the whole comm area */
	__u64 image_phys;      /* where COK image bytes begin */
	__u64 image_virt;      /* lowest p_vaddr */
	__u64 image_size;      /* bytes of address space spanned */
	__u32 doorbell_vector; /* the host rings a core with this vector */
	__u32 nr_mem;	       /* valid entries of mem[] */
	char name[COK_NAME_MAX];
	struct cok_mem_range mem[COK_BOOT_MAX_MEM];
	char cmdline[COK_CMDLINE_MAX];
};

_Static_assert(sizeof(struct cok_image_note) == 8, "cok_image_note");
_Static_assert(sizeof(struct cok_mem_range) == 16, "cok_mem_range");
_Static_assert(sizeof(struct cok_boot) == 2192, "cok_boot");
_Static_assert(sizeof(struct cok_boot) <= COK_PAGE_SIZE, "cok_boot page");

#endif /* COK_BOOT_H */
