/* SPDX-License-Identifier: MIT
 * Generic tables on splay trees. An element is a header and the caller's data, which keep their address; the order of insertion
 * is kept in a list besides. The table's routines compare, allocate and free. Callers synchronize.
 */
#include "rtlp.h"

typedef struct RTLP_ELEMENT {
    RTL_SPLAY_LINKS Links;
    LIST_ENTRY InsertOrder;
    LONGLONG Data[];
} RTLP_ELEMENT;

static RTLP_ELEMENT *RtlpElement(PVOID links) { return (RTLP_ELEMENT *)links; }

VOID NTAPI RtlInitializeGenericTable(PRTL_GENERIC_TABLE Table, PRTL_GENERIC_COMPARE_ROUTINE CompareRoutine,
                                     PRTL_GENERIC_ALLOCATE_ROUTINE AllocateRoutine, PRTL_GENERIC_FREE_ROUTINE FreeRoutine,
                                     PVOID TableContext)
{
    memset(Table, 0, sizeof(*Table));
    InitializeListHead(&Table->InsertOrderList);
    Table->OrderedPointer = &Table->InsertOrderList;
    Table->CompareRoutine = CompareRoutine;
    Table->AllocateRoutine = AllocateRoutine;
    Table->FreeRoutine = FreeRoutine;
    Table->TableContext = TableContext;
}

/* The node that is equal to Buffer, or the one below which it belongs. */
static TABLE_SEARCH_RESULT RtlpSearch(PRTL_GENERIC_TABLE table, PVOID buffer, PRTL_SPLAY_LINKS *found)
{
    PRTL_SPLAY_LINKS node = table->TableRoot;
    TABLE_SEARCH_RESULT result = TableEmptyTree;

    *found = node;
    while (node != NULL) {
        RTL_GENERIC_COMPARE_RESULTS order = table->CompareRoutine(table, buffer, RtlpElement(node)->Data);
        *found = node;
        if (order == GenericEqual)
            return TableFoundNode;
        result = order == GenericLessThan ? TableInsertAsLeft : TableInsertAsRight;
        node = order == GenericLessThan ? node->LeftChild : node->RightChild;
    }
    return result;
}

PVOID NTAPI RtlLookupElementGenericTableFull(PRTL_GENERIC_TABLE Table, PVOID Buffer, PVOID *NodeOrParent,
                                             TABLE_SEARCH_RESULT *SearchResult)
{
    PRTL_SPLAY_LINKS node;

    *SearchResult = RtlpSearch(Table, Buffer, &node);
    *NodeOrParent = node;
    if (*SearchResult != TableFoundNode)
        return NULL;
    Table->TableRoot = RtlSplay(node);
    return RtlpElement(node)->Data;
}

PVOID NTAPI RtlLookupElementGenericTable(PRTL_GENERIC_TABLE Table, PVOID Buffer)
{
    TABLE_SEARCH_RESULT result;
    PVOID node;

    return RtlLookupElementGenericTableFull(Table, Buffer, &node, &result);
}

static RTLP_ELEMENT *RtlpAddElement(PRTL_GENERIC_TABLE table, PVOID buffer, CLONG size, PRTL_SPLAY_LINKS parent,
                                    TABLE_SEARCH_RESULT where)
{
    RTLP_ELEMENT *element = table->AllocateRoutine(table, size + (CLONG)sizeof(RTLP_ELEMENT));

    if (element == NULL)
        return NULL;
    memset(element, 0, sizeof(*element));
    memcpy(element->Data, buffer, size);
    InsertTailList(&table->InsertOrderList, &element->InsertOrder);
    table->NumberGenericTableElements++;
    element->Links.Parent = where == TableEmptyTree ? &element->Links : parent;
    if (where == TableInsertAsLeft)
        parent->LeftChild = &element->Links;
    else if (where == TableInsertAsRight)
        parent->RightChild = &element->Links;
    return element;
}

/* The search's results say where; the data are those of an equal element that is there already, NULL without memory. */
PVOID NTAPI RtlInsertElementGenericTableFull(PRTL_GENERIC_TABLE Table, PVOID Buffer, CLONG BufferSize, PBOOLEAN NewElement,
                                             PVOID NodeOrParent, TABLE_SEARCH_RESULT SearchResult)
{
    RTLP_ELEMENT *element = NodeOrParent;

    if (SearchResult != TableFoundNode)
        element = RtlpAddElement(Table, Buffer, BufferSize, NodeOrParent, SearchResult);
    if (NewElement != NULL)
        *NewElement = element != NULL && SearchResult != TableFoundNode;
    if (element == NULL)
        return NULL;
    Table->TableRoot = RtlSplay(&element->Links);
    return element->Data;
}

PVOID NTAPI RtlInsertElementGenericTable(PRTL_GENERIC_TABLE Table, PVOID Buffer, CLONG BufferSize, PBOOLEAN NewElement)
{
    PRTL_SPLAY_LINKS node;
    TABLE_SEARCH_RESULT result = RtlpSearch(Table, Buffer, &node);

    return RtlInsertElementGenericTableFull(Table, Buffer, BufferSize, NewElement, node, result);
}

BOOLEAN NTAPI RtlDeleteElementGenericTable(PRTL_GENERIC_TABLE Table, PVOID Buffer)
{
    PRTL_SPLAY_LINKS node;

    if (RtlpSearch(Table, Buffer, &node) != TableFoundNode)
        return FALSE;
    Table->TableRoot = RtlDelete(node);
    RemoveEntryList(&RtlpElement(node)->InsertOrder);
    Table->NumberGenericTableElements--;
    Table->OrderedPointer = &Table->InsertOrderList;
    Table->WhichOrderedElement = 0;
    Table->FreeRoutine(Table, node);
    return TRUE;
}

static PRTL_SPLAY_LINKS RtlpFirst(PRTL_GENERIC_TABLE table)
{
    PRTL_SPLAY_LINKS node = table->TableRoot;

    while (node != NULL && node->LeftChild != NULL)
        node = node->LeftChild;
    return node;
}

/* In sorted order. The root is the element returned last. */
PVOID NTAPI RtlEnumerateGenericTable(PRTL_GENERIC_TABLE Table, BOOLEAN Restart)
{
    PRTL_SPLAY_LINKS node = NULL;

    if (Table->TableRoot != NULL)
        node = Restart ? RtlpFirst(Table) : RtlRealSuccessor(Table->TableRoot);
    if (node == NULL)
        return NULL;
    Table->TableRoot = RtlSplay(node);
    return RtlpElement(node)->Data;
}

/* *RestartKey NULL starts; the table must not change meanwhile. */
PVOID NTAPI RtlEnumerateGenericTableWithoutSplaying(PRTL_GENERIC_TABLE Table, PVOID *RestartKey)
{
    PRTL_SPLAY_LINKS node = *RestartKey == NULL ? RtlpFirst(Table) : RtlRealSuccessor(*RestartKey);

    if (node == NULL)
        return NULL;
    *RestartKey = node;
    return RtlpElement(node)->Data;
}

/* By order of insertion, 0 first. The place of the last answer is kept, so that counting up is cheap. */
PVOID NTAPI RtlGetElementGenericTable(PRTL_GENERIC_TABLE Table, ULONG I)
{
    if (I >= Table->NumberGenericTableElements)
        return NULL;
    if (Table->WhichOrderedElement > I + 1) {
        Table->OrderedPointer = &Table->InsertOrderList;
        Table->WhichOrderedElement = 0;
    }
    for (; Table->WhichOrderedElement < I + 1; Table->WhichOrderedElement++)
        Table->OrderedPointer = Table->OrderedPointer->Flink;
    return CONTAINING_RECORD(Table->OrderedPointer, RTLP_ELEMENT, InsertOrder)->Data;
}

ULONG NTAPI RtlNumberGenericTableElements(PRTL_GENERIC_TABLE Table)
{
    return Table->NumberGenericTableElements;
}

BOOLEAN NTAPI RtlIsGenericTableEmpty(PRTL_GENERIC_TABLE Table)
{
    return Table->TableRoot == NULL;
}
