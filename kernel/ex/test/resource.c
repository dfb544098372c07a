/* SPDX-License-Identifier: MIT
 * Executive resources: ownership, the order in which waiters are served, and many threads at once.
 */
#include "../exp.h"
#include "test.h"

typedef struct SCENE {
    ERESOURCE Resource;
    volatile LONG Step;
    volatile LONG Readers, Writers, Order;
    LONG SharedAt, ExclusiveAt;
    ULONG64 Count;
    KEVENT Go;
} SCENE;

static SCENE *MakeScene(VOID)
{
    SCENE *scene = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*scene), 'tseT');
    if (CHECK(scene != NULL)) {
        RtlZeroMemory(scene, sizeof(*scene));
        KeInitializeEvent(&scene->Go, NotificationEvent, FALSE);
        CHECK(ExInitializeResourceLite(&scene->Resource) == STATUS_SUCCESS);
    }
    return scene;
}

static VOID DropScene(SCENE *Scene)
{
    CHECK(Scene->Resource.ActiveEntries == 0 && Scene->Resource.ActiveCount == 0 && Scene->Resource.Flag == 0);
    CHECK(ExDeleteResourceLite(&Scene->Resource) == STATUS_SUCCESS);
    ExFreePoolWithTag(Scene, 'tseT');
}

static VOID AwaitCount(ULONG NTAPI (*Query)(PERESOURCE), SCENE *Scene, ULONG Count)
{
    while (Query(&Scene->Resource) != Count)
        KeYieldExecution();
}

static VOID AwaitStep(SCENE *Scene, LONG Step)
{
    while (Scene->Step < Step)
        KeYieldExecution();
}

/* Waits its turn for one kind of access and notes when it came. */
static VOID NoteExclusive(SCENE *Scene)
{
    ExAcquireResourceExclusiveLite(&Scene->Resource, TRUE);
    Scene->ExclusiveAt = InterlockedIncrement(&Scene->Order);
    ExReleaseResourceLite(&Scene->Resource);
}

static VOID NoteShared(SCENE *Scene)
{
    ExAcquireResourceSharedLite(&Scene->Resource, TRUE);
    Scene->SharedAt = InterlockedIncrement(&Scene->Order);
    ExReleaseResourceLite(&Scene->Resource);
}

static VOID TryFromElsewhere(PVOID Context, ULONG Index)
{
    SCENE *scene = Context;
    KeEnterCriticalRegion();
    CHECK(!ExAcquireResourceExclusiveLite(&scene->Resource, FALSE));
    if (scene->Readers != 0) {
        CHECK(ExAcquireResourceSharedLite(&scene->Resource, FALSE));
        ExReleaseResourceLite(&scene->Resource);
    } else {
        CHECK(!ExAcquireResourceSharedLite(&scene->Resource, FALSE));
        CHECK(!ExAcquireSharedStarveExclusive(&scene->Resource, FALSE));
    }
    CHECK(ExIsResourceAcquiredSharedLite(&scene->Resource) == 0 && !ExIsResourceAcquiredExclusiveLite(&scene->Resource));
    KeLeaveCriticalRegion();
}

static VOID Exclusive(VOID)
{
    SCENE *scene = MakeScene();

    KeEnterCriticalRegion();
    CHECK(ExAcquireResourceExclusiveLite(&scene->Resource, FALSE) && ExAcquireResourceExclusiveLite(&scene->Resource, TRUE));
    CHECK(ExAcquireResourceSharedLite(&scene->Resource, FALSE));          /* an exclusive owner's shared access is exclusive */
    CHECK(ExIsResourceAcquiredExclusiveLite(&scene->Resource) && ExIsResourceAcquiredSharedLite(&scene->Resource) == 3);
    TestRunThreads(1, TryFromElsewhere, scene);
    ExReleaseResourceLite(&scene->Resource);
    ExReleaseResourceLite(&scene->Resource);
    CHECK(ExIsResourceAcquiredExclusiveLite(&scene->Resource));
    ExReleaseResourceLite(&scene->Resource);
    CHECK(!ExIsResourceAcquiredExclusiveLite(&scene->Resource));
    KeLeaveCriticalRegion();
    DropScene(scene);
}

static VOID ShareTogether(PVOID Context, ULONG Index)
{
    SCENE *scene = Context;
    KeEnterCriticalRegion();
    CHECK(ExAcquireResourceSharedLite(&scene->Resource, TRUE));
    InterlockedIncrement(&scene->Readers);
    while (scene->Readers < 12)                  /* all are in at the same time: more owners than the table starts with */
        KeYieldExecution();
    CHECK(ExAcquireResourceSharedLite(&scene->Resource, TRUE) && ExIsResourceAcquiredSharedLite(&scene->Resource) == 2);
    CHECK(!ExAcquireResourceExclusiveLite(&scene->Resource, FALSE));
    ExReleaseResourceLite(&scene->Resource);
    ExReleaseResourceLite(&scene->Resource);
    KeLeaveCriticalRegion();
}

static VOID Shared(VOID)
{
    SCENE *scene = MakeScene();
    TestRunThreads(12, ShareTogether, scene);
    DropScene(scene);
}

/* Thread 0 shares; thread 1 waits for exclusive access; thread 2 comes to share: it must queue behind thread 1 unless it starves
 * exclusive waiters, while thread 0 may share again. */
static VOID QueueBehindExclusive(PVOID Context, ULONG Index)
{
    SCENE *scene = Context;
    PERESOURCE resource = &scene->Resource;

    KeEnterCriticalRegion();
    if (Index == 0) {
        ExAcquireResourceSharedLite(resource, TRUE);
        scene->Step = 1;
        AwaitCount(ExGetExclusiveWaiterCount, scene, 1);
        CHECK(ExAcquireResourceSharedLite(resource, FALSE));              /* an owner does not queue */
        ExReleaseResourceLite(resource);
        CHECK(!ExAcquireSharedWaitForExclusive(resource, FALSE));         /* unless it asks to */
        scene->Step = 2;
        AwaitCount(ExGetSharedWaiterCount, scene, 1);
        ExReleaseResourceLite(resource);
    } else if (Index == 1) {
        AwaitStep(scene, 1);
        NoteExclusive(scene);
    } else {
        AwaitStep(scene, 2);
        CHECK(!ExAcquireResourceSharedLite(resource, FALSE));
        CHECK(ExAcquireSharedStarveExclusive(resource, FALSE));
        ExReleaseResourceLite(resource);
        NoteShared(scene);
    }
    KeLeaveCriticalRegion();
}

static VOID Starvation(VOID)
{
    SCENE *scene = MakeScene();
    TestRunThreads(3, QueueBehindExclusive, scene);
    CHECK(scene->ExclusiveAt == 1 && scene->SharedAt == 2);
    DropScene(scene);
}

/* An exclusive owner leaves; an exclusive and a shared waiter came in that order: the shared one goes first. */
static VOID LeaveToShared(PVOID Context, ULONG Index)
{
    SCENE *scene = Context;
    PERESOURCE resource = &scene->Resource;

    KeEnterCriticalRegion();
    if (Index == 0) {
        ExAcquireResourceExclusiveLite(resource, TRUE);
        scene->Step = 1;
        AwaitCount(ExGetSharedWaiterCount, scene, 1);
        ExReleaseResourceLite(resource);
    } else if (Index == 1) {
        AwaitStep(scene, 1);
        NoteExclusive(scene);
    } else {
        AwaitStep(scene, 1);
        AwaitCount(ExGetExclusiveWaiterCount, scene, 1);
        NoteShared(scene);
    }
    KeLeaveCriticalRegion();
}

static VOID Alternates(VOID)
{
    SCENE *scene = MakeScene();
    TestRunThreads(3, LeaveToShared, scene);
    CHECK(scene->SharedAt == 1 && scene->ExclusiveAt == 2);
    DropScene(scene);
}

static VOID ConvertOrShare(PVOID Context, ULONG Index)
{
    SCENE *scene = Context;

    KeEnterCriticalRegion();
    if (Index == 0) {
        ExAcquireResourceExclusiveLite(&scene->Resource, TRUE);
        scene->Step = 1;
        AwaitCount(ExGetSharedWaiterCount, scene, 1);
        ExConvertExclusiveToSharedLite(&scene->Resource);
        CHECK(!ExIsResourceAcquiredExclusiveLite(&scene->Resource));
        AwaitStep(scene, 2);                     /* the other one got in while this one still holds it */
    } else {
        AwaitStep(scene, 1);
        ExAcquireResourceSharedLite(&scene->Resource, TRUE);
        scene->Step = 2;
    }
    ExReleaseResourceLite(&scene->Resource);
    KeLeaveCriticalRegion();
}

static VOID Convert(VOID)
{
    SCENE *scene = MakeScene();
    TestRunThreads(2, ConvertOrShare, scene);
    DropScene(scene);
}

static VOID ReleaseForOther(PVOID Context, ULONG Index)
{
    SCENE *scene = Context;
    ExReleaseResourceForThreadLite(&scene->Resource, (ERESOURCE_THREAD)scene | 3);
}

static VOID Owner(VOID)
{
    SCENE *scene = MakeScene();

    KeEnterCriticalRegion();
    ExAcquireResourceExclusiveLite(&scene->Resource, TRUE);
    ExSetResourceOwnerPointer(&scene->Resource, (PVOID)((ULONG_PTR)scene | 3));
    CHECK(!ExIsResourceAcquiredExclusiveLite(&scene->Resource));
    TestRunThreads(1, ReleaseForOther, scene);
    ExAcquireResourceSharedLite(&scene->Resource, TRUE);
    ExSetResourceOwnerPointerEx(&scene->Resource, (PVOID)((ULONG_PTR)KeCurrentThread() | 3), FLAG_OWNER_POINTER_IS_THREAD);
    CHECK(ExIsResourceAcquiredSharedLite(&scene->Resource) == 0);
    ExReleaseResourceForThreadLite(&scene->Resource, (ERESOURCE_THREAD)KeCurrentThread() | 3);
    KeLeaveCriticalRegion();
    DropScene(scene);
}

static VOID Region(VOID)
{
    SCENE *scene = MakeScene();

    ExEnterCriticalRegionAndAcquireResourceExclusive(&scene->Resource);
    CHECK(KeAreApcsDisabled() && ExIsResourceAcquiredExclusiveLite(&scene->Resource));
    ExReleaseResourceAndLeaveCriticalRegion(&scene->Resource);
    ExEnterCriticalRegionAndAcquireResourceShared(&scene->Resource);
    CHECK(ExIsResourceAcquiredSharedLite(&scene->Resource) == 1);
    ExReleaseResourceAndLeaveCriticalRegion(&scene->Resource);
    DropScene(scene);
}

static VOID Reinitialize(VOID)
{
    SCENE *scene = MakeScene();

    KeEnterCriticalRegion();
    ExAcquireResourceExclusiveLite(&scene->Resource, TRUE);
    CHECK(ExReinitializeResourceLite(&scene->Resource) == STATUS_SUCCESS);
    CHECK(!ExIsResourceAcquiredExclusiveLite(&scene->Resource));
    KeLeaveCriticalRegion();
    DropScene(scene);
}

static VOID Contend(PVOID Context, ULONG Index)
{
    SCENE *scene = Context;
    ULONG i;

    for (i = 0; i < 400; i++) {
        KeEnterCriticalRegion();
        if ((i + Index) % 3 == 0) {
            ExAcquireResourceExclusiveLite(&scene->Resource, TRUE);
            CHECK(InterlockedIncrement(&scene->Writers) == 1 && scene->Readers == 0);
            scene->Count++;
            InterlockedDecrement(&scene->Writers);
        } else {
            if (i % 5 == 0)
                ExAcquireSharedStarveExclusive(&scene->Resource, TRUE);
            else
                ExAcquireResourceSharedLite(&scene->Resource, TRUE);
            InterlockedIncrement(&scene->Readers);
            CHECK(scene->Writers == 0);
            InterlockedDecrement(&scene->Readers);
        }
        ExReleaseResourceLite(&scene->Resource);
        KeLeaveCriticalRegion();
    }
}

static VOID Contention(VOID)
{
    SCENE *scene = MakeScene();
    TestRunThreads(8, Contend, scene);
    CHECK(scene->Count >= 8 * 133 && scene->Count <= 8 * 134);
    DropScene(scene);
}

/* A low thread holds the resource, a middle one never rests, a high one comes to wait: the low one must run all the same. All on
 * processor 0. */
static VOID Low(SCENE *Scene)
{
    ExAcquireResourceExclusiveLite(&Scene->Resource, TRUE);
    InterlockedIncrement(&Scene->Step);
    KeSetPriorityThread(KeCurrentThread(), 4);
    while (Scene->Step < 3)                      /* once the middle one is at work, only a lent priority gets past this */
        KiPause();
    CHECK(KeCurrentThread()->Priority >= 12 && KeCurrentThread()->Priority < 15);     /* or, seconds later, the starving one's, 15 */
    ExReleaseResourceLite(&Scene->Resource);
}

static VOID Middle(SCENE *Scene)
{
    AwaitStep(Scene, 2);
    KeSetPriorityThread(KeCurrentThread(), 10);
    Scene->Step = 3;
    KeSetEvent(&Scene->Go, 0, FALSE);
    while (Scene->Step < 4)
        KiPause();
}

static VOID High(SCENE *Scene)
{
    KeSetPriorityThread(KeCurrentThread(), 12);
    InterlockedIncrement(&Scene->Step);
    KeWaitForSingleObject(&Scene->Go, Executive, KernelMode, FALSE, NULL);
    ExAcquireResourceExclusiveLite(&Scene->Resource, TRUE);
    Scene->Step = 4;
    ExReleaseResourceLite(&Scene->Resource);
}

static VOID LowMiddleHigh(PVOID Context, ULONG Index)
{
    static VOID (*const parts[])(SCENE *) = { Low, Middle, High };

    KeSetSystemAffinityThreadEx(1);
    KeEnterCriticalRegion();
    parts[Index](Context);
    KeLeaveCriticalRegion();
    KeRevertToUserAffinityThreadEx(0);
}

static VOID Inversion(VOID)
{
    SCENE *scene = MakeScene();
    TestRunThreads(3, LowMiddleHigh, scene);
    CHECK(scene->Step == 4);
    DropScene(scene);
}

static const KE_TEST tests[] = {
    { "ex.resource.exclusive", Exclusive, 0 },     { "ex.resource.shared", Shared, 0 },
    { "ex.resource.starve", Starvation, 0 },       { "ex.resource.alternates", Alternates, 0 },
    { "ex.resource.convert", Convert, 0 },         { "ex.resource.owner", Owner, 0 },
    { "ex.resource.region", Region, 0 },           { "ex.resource.reinitialize", Reinitialize, 0 },
    { "ex.resource.contention", Contention, 0 },   { "ex.resource.inversion", Inversion, 0 },
};
const KE_TEST_GROUP ExResourceTests = { tests, RTL_NUMBER_OF(tests) };
