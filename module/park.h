/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Layout of a core page: the one page of host memory that a core on its way
 * to or in our hands needs. Shared by start.c and park.S.
 */
#ifndef COK_PARK_H
#define COK_PARK_H

#define CP_ACK	     0x000 /* u64: = nonce once the core runs park.S */
#define CP_NONCE     0x008 /* u64 */
#define CP_MODE	     0x010 /* u64: CP_MODE_* */
#define CP_CR3	     0x018 /* u64: RUN: the enclave's page tables ... */
#define CP_ENTRY     0x020 /* u64: ... entry point ... */
#define CP_RDI	     0x028 /* u64: ... and arguments */
#define CP_RSI	     0x030 /* u64 */
#define CP_FAULT     0x038 /* u64: 1 + vector of an unhandled exception */
#define CP_ERROR     0x040 /* u64: its error code */
#define CP_RIP	     0x048 /* u64: its address */
#define CP_CR2	     0x050 /* u64 */
#define CP_NMIS	     0x058 /* u64: NMIs taken while parked */
#define CP_MCES	     0x060 /* u64: machine checks taken while parked */
#define CP_FREQ_MSR  0x068 /* u64: where to ask for a frequency; 0: nowhere */
#define CP_FREQ_REQ  0x070 /* u64: ... for which */
#define CP_APIC_BASE 0x0a0 /* u64: IA32_APIC_BASE as Linux has it there */
#define CP_GO	     0x0a8 /* u64: RUN: = nonce once the ack has been seen */
#define CP_GDTR	     0x0b0 /* u16 limit, u64 base */
#define CP_IDTR	     0x0c0
#define CP_GDT	     0x0d0 /* null, code64, data, TSS (two entries) */
#define CP_TSS	     0x100 /* 104 bytes */
#define CP_IDT	     0x180 /* 32 gates of 16 bytes */
#define CP_IST_FAULT 0x700 /* tops of the stacks, growing down */
#define CP_IST_NMI   0xa00
#define CP_IST_MCE   0xd00
#define CP_STACK     0x1000

#define CP_MODE_PARK 0
#define CP_MODE_RUN  1

#define CP_SEL_CODE 0x08
#define CP_SEL_DATA 0x10
#define CP_SEL_TSS  0x18

#define CP_VECTORS     32
#define CP_VECTOR_STEP 16 /* bytes between the handlers in park.S */

#endif /* COK_PARK_H */
