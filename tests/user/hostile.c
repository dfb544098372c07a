/* SPDX-License-Identifier: MIT
 * `hostile SEED SECONDS THREADS`: every system service with random and boundary arguments. A supervisor, as SYSTEM, starts children with
 * tokens that have no privileges and are not SYSTEM, every second one no administrator's either; a child calls services by the numbers in ntdll's stubs until its calls
 * are done, it dies, or it hangs, and the next has the next seed. Before and after each, hostile.sys measures the kernel.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>
#include <winternl.h>
#include <winioctl.h>
#include "../../test-drivers/hostile.h"
#include "token.h"

typedef unsigned long long U64;

#define POISON 0xB5B5B5B5u                       /* KE_POISON */
#define MOST_ARGUMENTS 14
#define MOST_SERVICES 640
#define MOST_STATUSES 24
#define MOST_THREADS 16
#define MOST_FINDINGS 32
#define BUFFERS 16
#define BUFFER 4096
#define CALLS 4000                               /* of each thread of a child */
#define STALL 1500                               /* milliseconds without any call: the child hangs */
#define LIFE 15000                               /* and no child lives longer */
#define WARM 3                                   /* children before amounts are compared */
#define BLOCKS 400                               /* of pool that may come and go: caches, names, files */
#define PAGES 2048

/* ---- What is called ---- */
/* One letter an argument. H where a handle goes, h handle, o object attributes, u string, a access, c class, n number, l length, t time,
 * b buffer, s security descriptor, q size to read and write, v address to read and write, z null mostly. */
typedef struct SERVICE {
    const char *Name, *Arguments;
    int Count;
} SERVICE;

#define SERVICE(Name, Count) { #Name, NULL, Count },
static const SERVICE known[] = {
#include "../../kernel/svc/services.inc"
};
#undef SERVICE

static const SERVICE typed[] = {
    { "NtAccessCheck", "shacbqbb", 0 }, { "NtAdjustPrivilegesToken", "hnblbb", 0 }, { "NtAllocateVirtualMemory", "hvzqnn", 0 },
    { "NtCancelTimer", "hb", 0 }, { "NtCreateFile", "Haobznnnnbl", 0 }, { "NtOpenFile", "Haobnn", 0 }, { "NtCreateKey", "Haonunb", 0 },
    { "NtCreateSection", "Haotnnh", 0 }, { "NtCreateSymbolicLinkObject", "Haou", 0 }, { "NtCreateDirectoryObjectEx", "Haohn", 0 },
    { "NtCreateThreadEx", "Haohbbnnllb", 0 }, { "NtCreateUserProcess", "HHaaoonnbbb", 0 }, { "NtDelayExecution", "nt", 0 },
    { "NtCreateNamedPipeFile", "Haobnnnnnnlllt", 0 }, { "NtCreateMailslotFile", "Haobnllt", 0 }, { "NtDeleteFile", "o", 0 },
    { "NtDeleteValueKey", "hu", 0 }, { "NtDeviceIoControlFile", "hhzzbnblbl", 0 }, { "NtFsControlFile", "hhzzbnblbl", 0 },
    { "NtDisplayString", "u", 0 }, { "NtDuplicateObject", "hhhHann", 0 }, { "NtDuplicateToken", "haonnH", 0 },
    { "NtEnumerateKey", "hncblb", 0 }, { "NtEnumerateValueKey", "hncblb", 0 }, { "NtFilterToken", "hnbbbH", 0 },
    { "NtFreeVirtualMemory", "hvqn", 0 }, { "NtGetNextProcess", "hannH", 0 }, { "NtGetNextThread", "hhannH", 0 },
    { "NtLoadDriver", "u", 0 }, { "NtLoadKey", "oo", 0 }, { "NtLoadKey2", "oon", 0 }, { "NtLoadKeyEx", "oonhhaHb", 0 },
    { "NtLockFile", "hhzzbttnnn", 0 }, { "NtMapViewOfSection", "hhvzltqnnn", 0 }, { "NtNotifyChangeDirectoryFile", "hhzzbblnn", 0 },
    { "NtNotifyChangeKey", "hhzzbnnbln", 0 }, { "NtOpenProcess", "Haob", 0 }, { "NtOpenThread", "Haob", 0 },
    { "NtOpenProcessToken", "haH", 0 }, { "NtOpenProcessTokenEx", "hanH", 0 }, { "NtOpenThreadToken", "hanH", 0 },
    { "NtOpenThreadTokenEx", "hannH", 0 }, { "NtProtectVirtualMemory", "hvqnb", 0 }, { "NtQueryAttributesFile", "ob", 0 },
    { "NtQueryFullAttributesFile", "ob", 0 }, { "NtQueryDirectoryFile", "hhzzbblcnun", 0 }, { "NtQueryDirectoryObject", "hblnnbb", 0 },
    { "NtQueryInformationFile", "hbblc", 0 }, { "NtSetInformationFile", "hbblc", 0 }, { "NtQueryVolumeInformationFile", "hbblc", 0 },
    { "NtSetVolumeInformationFile", "hbblc", 0 }, { "NtQueryMultipleValueKey", "hbnbbb", 0 }, { "NtQueryOpenSubKeys", "ob", 0 },
    { "NtQuerySecurityObject", "hnblb", 0 }, { "NtSetSecurityObject", "hns", 0 }, { "NtQuerySymbolicLinkObject", "hub", 0 },
    { "NtQuerySystemInformation", "cblb", 0 }, { "NtQueryValueKey", "hucblb", 0 }, { "NtQueryVirtualMemory", "hbcblb", 0 },
    { "NtReadFile", "hhzzbbltz", 0 }, { "NtWriteFile", "hhzzbbltz", 0 }, { "NtReadVirtualMemory", "hbblb", 0 },
    { "NtWriteVirtualMemory", "hbblb", 0 }, { "NtRemoveIoCompletion", "hbbbt", 0 }, { "NtRemoveIoCompletionEx", "hbnbtn", 0 },
    { "NtSetTimer", "htzznnb", 0 }, { "NtSetValueKey", "hunnbl", 0 }, { "NtSignalAndWaitForSingleObject", "hhnt", 0 },
    { "NtUnloadDriver", "u", 0 }, { "NtUnloadKey", "o", 0 }, { "NtUnloadKey2", "on", 0 }, { "NtWaitForSingleObject", "hnt", 0 },
    { "NtWaitForMultipleObjects", "nbnnt", 0 }, { "NtWaitForKeyedEvent", "hbnt", 0 }, { "NtReleaseKeyedEvent", "hbnt", 0 },
    { "NtWaitForAlertByThreadId", "bt", 0 }, { "NtPowerInformation", "cblbl", 0 }, { "NtQueryInformationToken", "hcblb", 0 },
    { "NtPrivilegeCheck", "hbb", 0 }, { "NtImpersonateThread", "hhb", 0 }, { "NtMakeTemporaryObject", "h", 0 },
    { "NtSetSystemTime", "tb", 0 }, { "NtUnlockFile", "hbttn", 0 }, { "NtFlushBuffersFile", "hb", 0 }, { "NtCancelIoFileEx", "hbb", 0 },
    { "NtResumeThread", "hb", 0 }, { "NtSuspendThread", "hb", 0 }, { "NtGetContextThread", "hb", 0 }, { "NtShutdownSystem", "n", 0 },
};

/* What is not called, and why: these are the caller's own end, not the kernel's. */
static const struct { const char *Name, *Why; } skipped[] = {
    { "NtContinue", "its own registers" }, { "NtSetContextThread", "registers of the threads that call" },
    { "NtRaiseException", "its own end" }, { "NtTerminateProcess", "its own end; the supervisor's call ends each child" },
    { "NtTerminateThread", "its own end" }, { "NtSuspendThread", "nobody would resume it" }, { "NtCallbackReturn", "its own stack" },
    { "NtContinueEx", "its own registers" }, { "NtTerminateJobObject", "its own end; the supervisor ends the job" },
};

static struct {
    SERVICE Service;
    void *Stub;
    const char *Skipped;
} services[MOST_SERVICES];
static int serviceCount;

/* ---- What is counted; shared by supervisor and child ---- */
typedef struct COUNTS {
    volatile LONG Calls, Good, StatusCount;
    ULONG Statuses[MOST_STATUSES];
    volatile LONG Arguments[MOST_ARGUMENTS];     /* calls in which it was not what the service wants */
} COUNTS;

typedef struct SHARED {
    COUNTS Counts[MOST_SERVICES];
    volatile LONG FindingCount, Progress;
    char Findings[MOST_FINDINGS][160];
    struct { LONG Service; U64 Arguments[MOST_ARGUMENTS]; } Now[MOST_THREADS];
} SHARED;

static SHARED *shared;
static volatile LONG finished;

/* With the first arguments of the call. */
static void Find(const char *What, const char *Service, U64 Detail, const U64 *A)
{
    LONG at = InterlockedIncrement(&shared->FindingCount) - 1;
    if (at < MOST_FINDINGS)
        snprintf(shared->Findings[at], sizeof(shared->Findings[at]), "%s: %s %llx (%llx, %llx, %llx, %llx)", What, Service, Detail, A[0], A[1], A[2],
                 A[3]);
}

/* ---- Services ---- */
static const char *ArgumentsOf(const char *Name, int Count)
{
    static const char general[] = "hbnlbnbnlbnbnb";
    size_t i;

    for (i = 0; i < sizeof(typed) / sizeof(*typed); i++)
        if (strcmp(typed[i].Name, Name) == 0)
            return typed[i].Arguments;
    if (strncmp(Name, "NtOpen", 6) == 0 || strncmp(Name, "NtCreate", 8) == 0)
        return "Haonnnnnnnnnnn";
    if (strncmp(Name, "NtSetInformation", 16) == 0 || (strncmp(Name, "NtQuery", 7) == 0 && Count == 5))
        return "hcblbnnnnnnnnn";
    return Count == 1 && strncmp(Name, "NtQuery", 7) == 0 ? "b" : general;
}

static void AddService(const char *Name, void *Stub)
{
    SERVICE *service = &services[serviceCount].Service;
    size_t i;

    service->Name = Name;
    service->Count = 4;                          /* of those that the kernel has not */
    for (i = 0; i < sizeof(known) / sizeof(*known); i++)
        if (strcmp(known[i].Name, Name) == 0)
            service->Count = known[i].Count < MOST_ARGUMENTS ? known[i].Count : MOST_ARGUMENTS;
    service->Arguments = ArgumentsOf(Name, service->Count);
    for (i = 0; i < sizeof(skipped) / sizeof(*skipped); i++)
        if (strcmp(skipped[i].Name, Name) == 0)
            services[serviceCount].Skipped = skipped[i].Why;
    services[serviceCount++].Stub = Stub;
}

/* mov r10, rcx; mov eax, number: of the exports whose names begin with Nt. */
static void ReadStubs(void)
{
    unsigned char *base = (unsigned char *)GetModuleHandleA("ntdll.dll");
    IMAGE_NT_HEADERS *headers = (IMAGE_NT_HEADERS *)(base + ((IMAGE_DOS_HEADER *)base)->e_lfanew);
    IMAGE_EXPORT_DIRECTORY *exports = (IMAGE_EXPORT_DIRECTORY *)(base + headers->OptionalHeader.DataDirectory[0].VirtualAddress);
    DWORD *names = (DWORD *)(base + exports->AddressOfNames), *functions = (DWORD *)(base + exports->AddressOfFunctions), i;
    WORD *ordinals = (WORD *)(base + exports->AddressOfNameOrdinals);

    for (i = 0; i < exports->NumberOfNames && serviceCount < MOST_SERVICES; i++) {
        const char *name = (const char *)base + names[i];
        unsigned char *code = base + functions[ordinals[i]];
        if (name[0] == 'N' && name[1] == 't' && memcmp(code, "\x4C\x8B\xD1\xB8", 4) == 0)
            AddService(name, code);
    }
}

/* ---- Arguments ---- */
typedef struct CALLER {
    U64 Seed;
    int Number, Used;
    unsigned char *Arena;
    HANDLE Handles[24];
    int HandleCount;
} CALLER;

static U64 Random(CALLER *C)
{
    C->Seed ^= C->Seed << 13;
    C->Seed ^= C->Seed >> 7;
    C->Seed ^= C->Seed << 17;
    return C->Seed * 0x2545F4914F6CDD1Dull >> 8;
}

static const WCHAR *const names[] = {
    L"\\PetrelProtected", L"\\", L"\\Device", L"\\Security", L"\\BaseNamedObjects\\petrel", L"\\Registry\\Machine\\SYSTEM", L"\\Registry\\Machine",
    L"\\Registry\\User", L"\\??\\C:\\hostile.exe", L"\\??\\C:\\Windows", L"\\Device\\PetrelHostile", L"\\Device\\NamedPipe\\petrel",
    L"\\??\\C:", L"\\ObjectTypes", L"petrel", L"\\??\\C:\\none\\there", L"", L"\\Device\\Null", L"\\KnownDlls\\x.dll",
};

static U64 Boundary(CALLER *C)
{
    static const U64 values[] = {
        0, 1, ~0ull, ~1ull, 2, 4, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x100000000, 0x7FFFFFFFFFFFFFFF, 0x8000000000000000, 0x10, 0xFFF, 0x1000,
        0xFFFFF78000000000, 0xFFFFF80000000000, 0xFFFF800000000000, 0xFFFFFFFFFFFFF000, 0xFFFFFFFFFFFFFFF8, 0xFFFFF6FB7DBED000,
        0x7FFFFFFEFFFF, 0x7FFFFFFF0000, 0x7FFFFFFFFFF8, 0x800000000000, 0x0000123400000000, 0xFFFFFA8000000000, 0x7FFE0000, 0x7FFE0FFC,
    };
    U64 at = Random(C) % (sizeof(values) / sizeof(*values) + 2);

    if (at < sizeof(values) / sizeof(*values))
        return values[at];
    return at & 1 ? Random(C) : (U64)C->Arena + BUFFERS * BUFFER - Random(C) % 24;       /* the arena's end: nothing is behind it */
}

static unsigned char *Buffer(CALLER *C)
{
    unsigned char *to = C->Arena + C->Used++ % BUFFERS * BUFFER;
    int i, words = 32 << Random(C) % 3;

    memset(to, Random(C) & 1 ? 0 : 0x11, BUFFER);
    if (Random(C) % 3 == 0)
        for (i = 0; i < words; i++)
            ((U64 *)to)[i] = Random(C) % 4 == 0 ? Boundary(C) : Random(C) & 0xFFFF;
    return Random(C) % 8 == 0 ? to + Random(C) % 9 : to;
}

static U64 Handle(CALLER *C)
{
    U64 at = Random(C) % 20;

    if (at == 0)
        return (U64)-1;
    if (at == 1)
        return (U64)-2;
    if (at == 2)
        return (U64)(LONG_PTR)-(LONG)(Random(C) % 8);
    if (at == 3)
        return 0x80000000ull | Random(C) % 0x400 * 4;
    if (at == 4)
        return 0xFFFFFFFF80000000ull | Random(C) % 0x400 * 4;
    if (at == 5)
        return 0x1000 + Random(C) % 256 * 4;
    return C->HandleCount != 0 ? (U64)C->Handles[Random(C) % C->HandleCount] : 0;
}

static UNICODE_STRING *String(CALLER *C, unsigned char *At)
{
    UNICODE_STRING *string = (UNICODE_STRING *)At;
    const WCHAR *name = names[Random(C) % (sizeof(names) / sizeof(*names))];

    string->Length = (USHORT)(wcslen(name) * 2);
    string->MaximumLength = (USHORT)(string->Length + 2);
    string->Buffer = memcpy(At + 512, name, string->MaximumLength);
    switch (Random(C) % 16) {
    case 0: string->Buffer = (WCHAR *)Boundary(C); break;
    case 1: string->Length = (USHORT)Random(C); break;
    case 2: string->Length |= 1; break;
    case 3: string->MaximumLength = 0; break;
    case 4: string->Buffer[Random(C) % 16] = (WCHAR)Random(C); break;
    }
    return string;
}

static SECURITY_DESCRIPTOR *Descriptor(CALLER *C, unsigned char *At)
{
    SECURITY_DESCRIPTOR *descriptor = (SECURITY_DESCRIPTOR *)At;

    InitializeSecurityDescriptor(descriptor, SECURITY_DESCRIPTOR_REVISION);
    if (Random(C) % 2)
        SetSecurityDescriptorDacl(descriptor, TRUE, NULL, FALSE);
    if (Random(C) % 2)
        At[Random(C) % sizeof(*descriptor)] = (unsigned char)Random(C);
    if (Random(C) % 4 == 0)
        descriptor->Dacl = (ACL *)(Random(C) % 2 ? Boundary(C) : (U64)Buffer(C));
    return descriptor;
}

static OBJECT_ATTRIBUTES *Attributes(CALLER *C)
{
    unsigned char *at = C->Arena + C->Used++ % BUFFERS * BUFFER;
    OBJECT_ATTRIBUTES *attributes = (OBJECT_ATTRIBUTES *)at;

    memset(at, 0, BUFFER);
    attributes->Length = sizeof(*attributes);
    attributes->Attributes = Random(C) % 2 ? OBJ_CASE_INSENSITIVE : (ULONG)(Random(C) & 0x1FF2);
    if (Random(C) % 3 != 0)
        attributes->ObjectName = String(C, at + 64);
    if (Random(C) % 8 == 0)
        attributes->RootDirectory = (HANDLE)Handle(C);
    if (Random(C) % 6 == 0)
        attributes->SecurityDescriptor = Descriptor(C, at + 128);
    if (Random(C) % 16 == 0)
        attributes->SecurityQualityOfService = (void *)(Random(C) % 2 ? Boundary(C) : (U64)at + 256);
    if (Random(C) % 24 == 0)
        ((U64 *)at)[Random(C) % 6] = Boundary(C);
    return attributes;
}

static U64 Length(CALLER *C)
{
    static const ULONG lengths[] = { 0, 1, 2, 3, 4, 7, 8, 12, 15, 16, 17, 20, 24, 28, 32, 40, 48, 56, 64, 72, 96, 104, 128, 136, 256, 344, 512, 600,
                                     1024, 2048, 4096, 4096, 4096 };
    return lengths[Random(C) % (sizeof(lengths) / sizeof(*lengths))];
}

static U64 Time(CALLER *C)
{
    LARGE_INTEGER *time = (LARGE_INTEGER *)Buffer(C);
    time->QuadPart = Random(C) % 3 ? 0 : -(LONGLONG)(Random(C) % 10000);
    return (U64)time;
}

static U64 Wanted(CALLER *C, char Kind)
{
    unsigned char *at;

    switch (Kind) {
    case 'h': return Handle(C);
    case 'o': return (U64)Attributes(C);
    case 'u': return (U64)String(C, Buffer(C));
    case 's': return (U64)Descriptor(C, Buffer(C));
    case 'a': return Random(C) % 2 ? 0x02000000 : Random(C) % 2 ? 1u << Random(C) % 32 : 0x80000000u >> Random(C) % 4;
    case 'c': return Random(C) % (Random(C) % 4 ? 48 : 256);
    case 'n': return Random(C) % 3 ? Random(C) % 5 : 1ull << Random(C) % 32;
    case 'l': return Length(C);
    case 't': return Time(C);
    case 'z': return Random(C) % 32 ? 0 : Boundary(C);
    case 'q':
    case 'v':
        at = Buffer(C);
        *(U64 *)at = Kind == 'q' ? (Random(C) % 16 ? 0x1000 * (Random(C) % 20) : Boundary(C)) : Random(C) % 8 ? 0 : Boundary(C);
        return (U64)at;
    default: return (U64)Buffer(C);
    }
}

/* ---- Calls ---- */
typedef ULONG CALL(U64, U64, U64, U64, U64, U64, U64, U64, U64, U64, U64, U64, U64, U64);

static void CountStatus(COUNTS *Counts, ULONG Status)
{
    LONG i, count = Counts->StatusCount;

    for (i = 0; i < count && i < MOST_STATUSES; i++)
        if (Counts->Statuses[i] == Status)
            return;
    i = InterlockedIncrement(&Counts->StatusCount) - 1;
    if (i < MOST_STATUSES)
        Counts->Statuses[i] = Status;
}

/* Nothing of ours is poison: what is, the kernel has written. */
static void LookForPoison(CALLER *C, const char *Name, const U64 *A)
{
    const ULONG *at;
    int i;

    for (i = 0; i < C->Used && i < BUFFERS; i++)
        for (at = (ULONG *)(C->Arena + i * BUFFER); at < (ULONG *)(C->Arena + (i + 1) * BUFFER); at++)
            if (*at == POISON) {
                Find("poison", Name, (U64)((unsigned char *)at - C->Arena) % BUFFER, A);
                return;
            }
}

static int IsProtected(const OBJECT_ATTRIBUTES *Attributes, const UNICODE_STRING *Expected)
{
    const UNICODE_STRING *name = Attributes->ObjectName;
    return Attributes->RootDirectory == NULL && name != NULL && name->Length == Expected->Length &&
           memcmp(name->Buffer, Expected->Buffer, Expected->Length) == 0;
}

/* Whoever got a handle to what is only SYSTEM's, got past a check. */
static void LookAtAccess(const SERVICE *Service, const U64 *A)
{
    static const UNICODE_STRING expected = { 32, 34, (WCHAR *)L"\\PetrelProtected" };

    if (memchr(Service->Arguments, 'o', 3) == Service->Arguments + 2 && IsProtected((OBJECT_ATTRIBUTES *)A[2], &expected))
        Find("access", Service->Name, A[1], A);
}

static void Call(CALLER *C, int Index)
{
    const SERVICE *service = &services[Index].Service;
    COUNTS *counts = &shared->Counts[Index];
    int i, wrong = -1, hostile = Random(C) % 3 == 0;
    U64 a[MOST_ARGUMENTS] = { 0 };
    ULONG status;

    C->Used = 0;
    for (i = 0; i < service->Count; i++)
        a[i] = Wanted(C, service->Arguments[i]);
    if (hostile && service->Count != 0) {
        wrong = (int)(Random(C) % service->Count);
        a[wrong] = Boundary(C);
        if (service->Arguments[wrong] == 't' && a[wrong] == 0)
            a[wrong] = 8;                        /* a wait without end has its own end: the supervisor's, and costs a child */
        InterlockedIncrement(&counts->Arguments[wrong]);
    }
    shared->Now[C->Number].Service = Index;
    memcpy(shared->Now[C->Number].Arguments, a, sizeof(a));
    InterlockedIncrement(&counts->Calls);
    status = ((CALL *)services[Index].Stub)(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9], a[10], a[11], a[12], a[13]);
    InterlockedIncrement(&shared->Progress);
    shared->Now[C->Number].Service = -1;
    CountStatus(counts, status);
    LookForPoison(C, service->Name, a);
    if ((LONG)status < 0)
        return;
    InterlockedIncrement(&counts->Good);
    if (wrong < 0)
        LookAtAccess(service, a);
    if (memchr(service->Arguments, 'H', service->Count) == service->Arguments && wrong != 0 && service->Count > 2)
        CloseHandle(*(HANDLE UNALIGNED *)a[0]);
}

/* ---- What a child must not get ---- */
static ULONG Open(const char *Name, HANDLE *Handle, ACCESS_MASK Access, OBJECT_ATTRIBUTES *Attributes, CLIENT_ID *Id)
{
    int i;

    for (i = 0; i < serviceCount; i++)
        if (strcmp(services[i].Service.Name, Name) == 0)
            return ((CALL *)services[i].Stub)((U64)Handle, Access, (U64)Attributes, (U64)Id, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    return 0;                                    /* no such service is a finding too */
}

static void Probe(const char *Service, const WCHAR *Name, DWORD Process, ACCESS_MASK Access)
{
    UNICODE_STRING name = { (USHORT)(wcslen(Name) * 2), (USHORT)(wcslen(Name) * 2 + 2), (WCHAR *)Name };
    OBJECT_ATTRIBUTES attributes = { .Length = sizeof(attributes), .ObjectName = *Name != 0 ? &name : NULL, .Attributes = OBJ_CASE_INSENSITIVE };
    CLIENT_ID id = { (HANDLE)(ULONG_PTR)Process, NULL };
    HANDLE handle = NULL;
    ULONG status = Open(Service, &handle, Access, &attributes, &id);

    if ((LONG)status >= 0) {
        Find("access", Service, Access, (U64[4]){ (U64)&handle, Access, (U64)&attributes, (U64)&id });
        CloseHandle(handle);
    }
}

static void ProbeAll(DWORD Supervisor)
{
    Probe("NtOpenEvent", L"\\PetrelProtected", 0, EVENT_MODIFY_STATE);
    Probe("NtOpenEvent", L"\\PetrelProtected", 0, WRITE_DAC);
    Probe("NtOpenEvent", L"\\PetrelProtected", 0, MAXIMUM_ALLOWED);
    Probe("NtOpenProcess", L"", Supervisor, PROCESS_VM_WRITE);
}

/* ---- A child ---- */
static DWORD WINAPI Nothing(void *Context) { return 0; }

static void MakeHandles(CALLER *C)
{
    HANDLE read, write, token;
    int n = 0;

    while (C->HandleCount != 0)
        CloseHandle(C->Handles[--C->HandleCount]);
    C->Handles[n++] = CreateEventA(NULL, TRUE, FALSE, NULL);
    C->Handles[n++] = CreateMutexA(NULL, FALSE, NULL);
    C->Handles[n++] = CreateSemaphoreA(NULL, 1, 5, NULL);
    C->Handles[n++] = CreateWaitableTimerA(NULL, FALSE, NULL);
    C->Handles[n++] = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    C->Handles[n++] = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 65536, NULL);
    C->Handles[n++] = CreateJobObjectA(NULL, NULL);
    C->Handles[n++] = CreateFileA("C:\\hostile.exe", GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    C->Handles[n++] = CreateFileA("C:\\Windows", GENERIC_READ, 7, NULL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
    C->Handles[n++] = CreateThread(NULL, 0, Nothing, NULL, CREATE_SUSPENDED, NULL);
    ResumeThread(C->Handles[n - 1]);
    if (CreatePipe(&read, &write, NULL, 0)) {
        C->Handles[n++] = write;
        CloseHandle(read);                       /* a pipe without another end: nobody waits */
    }
    if (OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY | TOKEN_DUPLICATE, &token))
        C->Handles[n++] = token;
    if (RegOpenKeyExA(HKEY_LOCAL_MACHINE, "SYSTEM", 0, KEY_READ, (HKEY *)&C->Handles[n]) == ERROR_SUCCESS)
        n++;
    C->HandleCount = n;
}

static DWORD WINAPI Caller(void *Context)
{
    CALLER *caller = Context;
    int i;

    caller->Arena = VirtualAlloc(NULL, (BUFFERS + 1) * BUFFER, MEM_RESERVE, PAGE_NOACCESS);
    VirtualAlloc(caller->Arena, BUFFERS * BUFFER, MEM_COMMIT, PAGE_READWRITE);
    for (i = 0; i < CALLS; i++) {
        int index;
        if (i % 64 == 0)
            MakeHandles(caller);
        do
            index = (int)(Random(caller) % serviceCount);
        while (services[index].Skipped != NULL);
        Call(caller, index);
    }
    InterlockedIncrement(&finished);
    return 0;
}

static int Child(U64 Seed, int Threads, HANDLE Section, DWORD Supervisor)
{
    static CALLER callers[MOST_THREADS];
    int i;

    shared = MapViewOfFile(Section, FILE_MAP_WRITE, 0, 0, sizeof(*shared));
    CloseHandle(Section);
    if (shared == NULL)
        return 99;
    ProbeAll(Supervisor);
    for (i = 0; i < Threads; i++) {
        callers[i].Number = i;
        callers[i].Seed = (Seed * MOST_THREADS + i + 1) * 0x9E3779B97F4A7C15ull;
        CreateThread(NULL, 0, Caller, &callers[i], 0, NULL);
    }
    while (finished < Threads)
        Sleep(20);
    return 0;
}

/* ---- The supervisor ---- */
static HANDLE device;

/* When so many processes are left: a process goes a little after it has ended. Processes 0: now. */
static HOSTILE_STATE Measure(ULONG Processes)
{
    HOSTILE_STATE state = { 0 };
    DWORD self = GetCurrentProcessId(), done;
    int tries = 0;

    do {
        if (tries != 0)
            Sleep(50);
        if (!DeviceIoControl(device, HOSTILE_MEASURE, &self, sizeof(self), &state, sizeof(state), &done, NULL))
            state.Failures = 1000;
    } while (Processes != 0 && state.Processes != Processes && ++tries < 100);
    return state;
}

/* What ended the child: its calls done, its death, or the supervisor. */
static const char *Watch(HANDLE Process, HANDLE Job)
{
    ULONGLONG begin = GetTickCount64(), moved = begin;
    LONG progress = shared->Progress;
    const char *how = NULL;
    DWORD code;

    while (how == NULL && WaitForSingleObject(Process, 50) == WAIT_TIMEOUT) {
        ULONGLONG now = GetTickCount64();
        if (progress != shared->Progress)
            moved = now;
        progress = shared->Progress;
        if (now - moved > STALL || now - begin > LIFE)
            how = now - moved > STALL ? "hung" : "old";
    }
    if (how == NULL) {
        how = GetExitCodeProcess(Process, &code) && code == 0 ? "done" : "died";
        if (code != 0)
            printf("child ended with %08lx\n", code);
    }
    TerminateJobObject(Job, 1);
    WaitForSingleObject(Process, INFINITE);
    return how;
}

static const char *RunChild(HANDLE Token, HANDLE Section, U64 Seed, int Threads)
{
    STARTUPINFOA startup = { .cb = sizeof(startup), .dwFlags = STARTF_USESTDHANDLES };
    PROCESS_INFORMATION information;
    HANDLE job = CreateJobObjectA(NULL, NULL);
    const char *how;
    char line[100];

    snprintf(line, sizeof(line), "hostile child %llu %d %llu %lu", Seed, Threads, (U64)Section, GetCurrentProcessId());
    if (!CreateProcessAsUserA(Token, "C:\\hostile.exe", line, NULL, NULL, TRUE, CREATE_SUSPENDED, NULL, NULL, &startup, &information)) {
        printf("WRONG: no child (error %lu)\n", GetLastError());
        CloseHandle(job);
        return NULL;
    }
    AssignProcessToJobObject(job, information.hProcess);
    ResumeThread(information.hThread);
    how = Watch(information.hProcess, job);
    CloseHandle(information.hThread);
    CloseHandle(information.hProcess);
    CloseHandle(job);
    return how;
}

static int Same(const char *What, U64 Before, U64 After, U64 Seed)
{
    if (Before == After)
        return 0;
    printf("WRONG: %s: %llx before, %llx after the child with seed %llu\n", What, Before, After, Seed);
    return 1;
}

static int Compare(const HOSTILE_STATE *Before, const HOSTILE_STATE *After, U64 Seed)
{
    return Same("failures of measuring", 0, After->Failures, Seed) + Same("System's token", Before->SystemToken, After->SystemToken, Seed) +
           Same("the supervisor's token", Before->CallersToken, After->CallersToken, Seed) +
           Same("System's handles", Before->SystemHandles, After->SystemHandles, Seed) +
           Same("the supervisor's handles", Before->CallersHandles, After->CallersHandles, Seed) +
           Same("protected objects", Before->Security, After->Security, Seed) + Same("processes", Before->Processes, After->Processes, Seed);
}

static int Grown(const char *What, ULONG Before, ULONG After, ULONG Limit)
{
    LONG more = (LONG)(After - Before);

    printf("amount %s %lu %lu\n", What, Before, After);
    if (more <= (LONG)Limit)
        return 0;
    printf("WRONG: %s grew by %ld\n", What, more);
    return 1;
}

/* ---- Report ---- */
static void PrintService(int Index, int *Reached, int *Arguments, int *Hostile)
{
    const SERVICE *service = &services[Index].Service;
    const COUNTS *counts = &shared->Counts[Index];
    int i;

    printf("service %s calls %ld success %ld wrong", service->Name, counts->Calls, counts->Good);
    for (i = 0; i < service->Count; i++) {
        printf(" %ld", counts->Arguments[i]);
        *Arguments += 1;
        *Hostile += counts->Arguments[i] != 0;
    }
    printf(" status");
    for (i = 0; i < counts->StatusCount && i < MOST_STATUSES; i++)
        printf(" %08lx", counts->Statuses[i]);
    printf("\n");
    *Reached += counts->Calls != 0;
}

static int Report(void)
{
    int i, reached = 0, arguments = 0, hostile = 0, left = 0;

    for (i = 0; i < serviceCount; i++)
        if (services[i].Skipped == NULL)
            PrintService(i, &reached, &arguments, &hostile);
        else
            printf("skipped %s: %s\n", services[i].Service.Name, services[i].Skipped), left++;
    for (i = 0; i < serviceCount; i++)
        if (services[i].Skipped == NULL && shared->Counts[i].Calls == 0)
            printf("never %s\n", services[i].Service.Name);
    printf("reached %d of %d services, %d left out; %d of %d arguments; %ld calls\n", reached, serviceCount - left, left, hostile, arguments,
           shared->Progress);
    for (i = 0; i < shared->FindingCount && i < MOST_FINDINGS; i++)
        printf("WRONG: %s\n", shared->Findings[i]);
    return shared->FindingCount != 0 || reached != serviceCount - left;
}

/* An administrator without privileges, and somebody. */
static BOOL MakeTokens(HANDLE *Tokens)
{
    static const WELL_KNOWN_SID_TYPE without[] = { WinLocalSystemSid, WinBuiltinAdministratorsSid };

    Tokens[0] = LowerToken(without, 1);
    Tokens[1] = LowerToken(without, 2);
    return Tokens[0] != NULL && Tokens[1] != NULL;
}

int main(int argc, char **argv)
{
    SECURITY_ATTRIBUTES inherit = { sizeof(inherit), NULL, TRUE };
    HOSTILE_STATE warm = { 0 }, before, after;
    U64 seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    int seconds = argc > 2 ? atoi(argv[2]) : 10, threads = argc > 3 ? atoi(argv[3]) : 4, rounds = 0, wrong = 0;
    ULONGLONG begin = GetTickCount64(), told = begin;
    LONG calls[2] = { 0, 0 }, begun;
    HANDLE section, tokens[2];

    ReadStubs();
    if (argc > 5 && strcmp(argv[1], "child") == 0)
        return Child(strtoull(argv[2], NULL, 10), atoi(argv[3]), (HANDLE)strtoull(argv[4], NULL, 10), (DWORD)atoi(argv[5]));
    threads = threads < 1 ? 1 : threads > MOST_THREADS ? MOST_THREADS : threads;
    SetHandleInformation(GetStdHandle(STD_OUTPUT_HANDLE), HANDLE_FLAG_INHERIT, 0);
    SetHandleInformation(GetStdHandle(STD_ERROR_HANDLE), HANDLE_FLAG_INHERIT, 0);
    setvbuf(stdout, NULL, _IONBF, 0);
    device = CreateFileA("\\\\.\\PetrelHostile", GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
    section = CreateFileMappingA(INVALID_HANDLE_VALUE, &inherit, PAGE_READWRITE, 0, sizeof(*shared), NULL);
    shared = MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, sizeof(*shared));
    if (device == INVALID_HANDLE_VALUE || shared == NULL || !MakeTokens(tokens))
        return 2;
    printf("seed %llu, %d services, %d threads\n", seed, serviceCount, threads);
    for (before = Measure(0); wrong == 0 && (GetTickCount64() - begin < (ULONGLONG)seconds * 1000 || rounds <= WARM); before = after) {
        const char *how;
        begun = shared->Progress;
        how = RunChild(tokens[rounds % 2], section, seed + rounds, threads);
        if (how == NULL)
            return 3;
        calls[rounds % 2] += shared->Progress - begun;
        after = Measure(before.Processes);
        if (rounds != 0)                         /* the first brings its libraries */
            wrong += Compare(&before, &after, seed + rounds);
        if (++rounds == WARM)
            warm = after;
        if (rounds <= WARM || GetTickCount64() - told > 10000) {
            told = GetTickCount64();
            printf("child %llu %s, %ld calls, %lu + %lu blocks, %lu pages free\n", seed + rounds - 1, how, shared->Progress, after.PagedBlocks,
                   after.NonPagedBlocks, after.AvailablePages);
        }
    }
    if (wrong == 0) {
        wrong += Grown("paged", warm.PagedBlocks, after.PagedBlocks, BLOCKS) + Grown("nonpaged", warm.NonPagedBlocks, after.NonPagedBlocks, BLOCKS);
        wrong += Grown("pages", (ULONG)-(LONG)warm.AvailablePages, (ULONG)-(LONG)after.AvailablePages, PAGES);
        wrong += Grown("commit", warm.CommittedPages, after.CommittedPages, PAGES);
    }
    wrong += Report();
    printf("calls by an administrator %ld, by others %ld\n", calls[0], calls[1]);
    if (calls[0] == 0 || calls[1] == 0)
        wrong += 1;
    printf("hostile: seed %llu, %d children, protected objects %lu: %s\n", seed, rounds, after.ProtectedObjects, wrong ? "FAIL" : "PASS");
    return wrong != 0;
}
