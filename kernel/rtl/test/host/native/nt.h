/* SPDX-License-Identifier: MIT
 * In place of kernel/include/nt.h where rtl's portable sources build natively (the DDK headers do not compile for Linux): the
 * types and values they use, as the public headers define them, with a 32-bit ULONG and a 16-bit WCHAR (-fshort-wchar).
 */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "crt.h"

#define NTAPI
#define VOID void
#define TRUE 1
#define FALSE 0
#define DECLSPEC_NORETURN __attribute__((noreturn))
#define DECLSPEC_ALIGN(n) __attribute__((aligned(n)))
#define UNALIGNED __attribute__((aligned(1)))
#define C_ASSERT(e) _Static_assert(e, #e)
#define FIELD_OFFSET(type, field) ((LONG)offsetof(type, field))
#define CONTAINING_RECORD(address, type, field) ((type *)((PCHAR)(address) - offsetof(type, field)))
#define RTL_NUMBER_OF(a) (sizeof(a) / sizeof((a)[0]))
#define MAXULONG 0xFFFFFFFFu
#define MAXUSHORT 0xFFFFu
#define MAXLONG 0x7FFFFFFF

typedef char CHAR, CCHAR, *PCHAR;
typedef const char *PCSTR, *PCSZ, *PCCH;
typedef unsigned char UCHAR, BOOLEAN, *PUCHAR, *PBOOLEAN;
typedef short SHORT, CSHORT;
typedef unsigned short USHORT, *PUSHORT;
typedef int32_t LONG, NTSTATUS, *PLONG;
typedef uint32_t ULONG, CLONG, ACCESS_MASK, *PULONG, *PACCESS_MASK;
typedef int64_t LONG64, LONGLONG;
typedef uint64_t ULONG64, ULONGLONG, SIZE_T, ULONG_PTR, *PULONG64;
typedef void *PVOID, *HANDLE;
typedef wchar_t WCHAR, *PWSTR, *PWCHAR, *PWCH;
typedef const wchar_t *PCWSTR, *PCWCH;
typedef int EXCEPTION_DISPOSITION;

/* ---- Strings ---- */
typedef struct _STRING { USHORT Length, MaximumLength; PCHAR Buffer; } STRING, ANSI_STRING, OEM_STRING, *PSTRING, *PANSI_STRING,
    *POEM_STRING;
typedef const STRING *PCANSI_STRING, *PCOEM_STRING;
typedef struct _UNICODE_STRING { USHORT Length, MaximumLength; PWSTR Buffer; } UNICODE_STRING, *PUNICODE_STRING;
typedef const UNICODE_STRING *PCUNICODE_STRING;
typedef struct _GUID { ULONG Data1; USHORT Data2, Data3; UCHAR Data4[8]; } GUID;
typedef const GUID *REFGUID;

#define STATUS_SUCCESS 0
#define STATUS_SOME_NOT_MAPPED 0x00000107
#define STATUS_LONGJUMP ((NTSTATUS)0x80000026)
#define STATUS_BUFFER_OVERFLOW ((NTSTATUS)0x80000005)
#define STATUS_INVALID_PARAMETER ((NTSTATUS)0xC000000D)
#define STATUS_NO_MEMORY ((NTSTATUS)0xC0000017)
#define STATUS_BUFFER_TOO_SMALL ((NTSTATUS)0xC0000023)
#define STATUS_INVALID_PARAMETER_2 ((NTSTATUS)0xC00000F0)
#define STATUS_INVALID_PARAMETER_4 ((NTSTATUS)0xC00000F2)
#define STATUS_INVALID_PARAMETER_5 ((NTSTATUS)0xC00000F3)
#define STATUS_NAME_TOO_LONG ((NTSTATUS)0xC0000106)
#define NT_SUCCESS(status) ((NTSTATUS)(status) >= 0)

/* ---- Bitmaps, time ---- */
typedef struct _RTL_BITMAP { ULONG SizeOfBitMap; PULONG Buffer; } RTL_BITMAP, *PRTL_BITMAP;
typedef struct _RTL_BITMAP_RUN { ULONG StartingIndex, NumberOfBits; } RTL_BITMAP_RUN, *PRTL_BITMAP_RUN;
typedef union _LARGE_INTEGER { LONGLONG QuadPart; } LARGE_INTEGER, *PLARGE_INTEGER;
typedef struct _TIME_FIELDS { CSHORT Year, Month, Day, Hour, Minute, Second, Milliseconds, Weekday; } TIME_FIELDS, *PTIME_FIELDS;

/* ---- Tables ---- */
typedef struct _LIST_ENTRY { struct _LIST_ENTRY *Flink, *Blink; } LIST_ENTRY, *PLIST_ENTRY;
typedef enum _TABLE_SEARCH_RESULT { TableEmptyTree, TableFoundNode, TableInsertAsLeft, TableInsertAsRight } TABLE_SEARCH_RESULT;
typedef enum _RTL_GENERIC_COMPARE_RESULTS { GenericLessThan, GenericGreaterThan, GenericEqual } RTL_GENERIC_COMPARE_RESULTS;
typedef struct _RTL_SPLAY_LINKS {
    struct _RTL_SPLAY_LINKS *Parent, *LeftChild, *RightChild;
} RTL_SPLAY_LINKS, *PRTL_SPLAY_LINKS;
typedef struct _RTL_BALANCED_LINKS {
    struct _RTL_BALANCED_LINKS *Parent, *LeftChild, *RightChild;
    signed char Balance;
    UCHAR Reserved[3];
} RTL_BALANCED_LINKS, *PRTL_BALANCED_LINKS;
struct _RTL_GENERIC_TABLE;
struct _RTL_AVL_TABLE;
typedef RTL_GENERIC_COMPARE_RESULTS (*PRTL_GENERIC_COMPARE_ROUTINE)(struct _RTL_GENERIC_TABLE *, PVOID, PVOID);
typedef PVOID (*PRTL_GENERIC_ALLOCATE_ROUTINE)(struct _RTL_GENERIC_TABLE *, CLONG);
typedef VOID (*PRTL_GENERIC_FREE_ROUTINE)(struct _RTL_GENERIC_TABLE *, PVOID);
typedef RTL_GENERIC_COMPARE_RESULTS (*PRTL_AVL_COMPARE_ROUTINE)(struct _RTL_AVL_TABLE *, PVOID, PVOID);
typedef PVOID (*PRTL_AVL_ALLOCATE_ROUTINE)(struct _RTL_AVL_TABLE *, CLONG);
typedef VOID (*PRTL_AVL_FREE_ROUTINE)(struct _RTL_AVL_TABLE *, PVOID);
typedef NTSTATUS (*PRTL_AVL_MATCH_FUNCTION)(struct _RTL_AVL_TABLE *, PVOID, PVOID);
typedef struct _RTL_GENERIC_TABLE {
    PRTL_SPLAY_LINKS TableRoot;
    LIST_ENTRY InsertOrderList;
    PLIST_ENTRY OrderedPointer;
    ULONG WhichOrderedElement, NumberGenericTableElements;
    PRTL_GENERIC_COMPARE_ROUTINE CompareRoutine;
    PRTL_GENERIC_ALLOCATE_ROUTINE AllocateRoutine;
    PRTL_GENERIC_FREE_ROUTINE FreeRoutine;
    PVOID TableContext;
} RTL_GENERIC_TABLE, *PRTL_GENERIC_TABLE;
typedef struct _RTL_AVL_TABLE {
    RTL_BALANCED_LINKS BalancedRoot;
    PVOID OrderedPointer;
    ULONG WhichOrderedElement, NumberGenericTableElements, DepthOfTree;
    PRTL_BALANCED_LINKS RestartKey;
    ULONG DeleteCount;
    PRTL_AVL_COMPARE_ROUTINE CompareRoutine;
    PRTL_AVL_ALLOCATE_ROUTINE AllocateRoutine;
    PRTL_AVL_FREE_ROUTINE FreeRoutine;
    PVOID TableContext;
} RTL_AVL_TABLE, *PRTL_AVL_TABLE;

static inline VOID InitializeListHead(PLIST_ENTRY head) { head->Flink = head->Blink = head; }
static inline VOID InsertTailList(PLIST_ENTRY head, PLIST_ENTRY entry)
{
    entry->Flink = head;
    entry->Blink = head->Blink;
    head->Blink->Flink = entry;
    head->Blink = entry;
}
static inline BOOLEAN RemoveEntryList(PLIST_ENTRY entry)
{
    entry->Blink->Flink = entry->Flink;
    entry->Flink->Blink = entry->Blink;
    return entry->Flink == entry->Blink;
}

/* ---- Exceptions ---- */
typedef struct DECLSPEC_ALIGN(16) _M128A { ULONG64 Low; LONG64 High; } M128A, *PM128A;
typedef struct DECLSPEC_ALIGN(16) _CONTEXT {
    ULONG64 P1Home, P2Home, P3Home, P4Home, P5Home, P6Home;
    ULONG ContextFlags, MxCsr;
    USHORT SegCs, SegDs, SegEs, SegFs, SegGs, SegSs;
    ULONG EFlags;
    ULONG64 Dr0, Dr1, Dr2, Dr3, Dr6, Dr7;
    ULONG64 Rax, Rcx, Rdx, Rbx, Rsp, Rbp, Rsi, Rdi, R8, R9, R10, R11, R12, R13, R14, R15, Rip;
    UCHAR FltSaveHead[0xA0];
    M128A Xmm0, Xmm1, Xmm2, Xmm3, Xmm4, Xmm5, Xmm6, Xmm7, Xmm8, Xmm9, Xmm10, Xmm11, Xmm12, Xmm13, Xmm14, Xmm15;
    UCHAR FltSaveTail[0x60];
    M128A VectorRegister[26];
    ULONG64 VectorControl, DebugControl, LastBranchToRip, LastBranchFromRip, LastExceptionToRip, LastExceptionFromRip;
} CONTEXT, *PCONTEXT;
C_ASSERT(offsetof(CONTEXT, Rip) == 0xF8 && offsetof(CONTEXT, Xmm6) == 0x200 && sizeof(CONTEXT) == 0x4D0);
typedef struct _EXCEPTION_RECORD {
    NTSTATUS ExceptionCode;
    ULONG ExceptionFlags;
    struct _EXCEPTION_RECORD *ExceptionRecord;
    PVOID ExceptionAddress;
    ULONG NumberParameters;
    ULONG_PTR ExceptionInformation[15];
} EXCEPTION_RECORD, *PEXCEPTION_RECORD;
typedef EXCEPTION_DISPOSITION (*PEXCEPTION_ROUTINE)(PEXCEPTION_RECORD, PVOID, PCONTEXT, PVOID);

#include "api.h"                          /* generated: prototypes that the DDK has elsewhere */
