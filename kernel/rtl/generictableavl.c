/* SPDX-License-Identifier: MIT
 * Generic tables on AVL trees: an element is balanced links and the caller's data, which keep their address. Callers synchronize.
 */
#include "avl.h"

typedef struct RTLP_ELEMENT {
    RTL_BALANCED_LINKS Links;
    LONGLONG Data[];
} RTLP_ELEMENT;

static RTLP_ELEMENT *RtlpElement(PVOID links) { return (RTLP_ELEMENT *)links; }

VOID NTAPI RtlInitializeGenericTableAvl(PRTL_AVL_TABLE Table, PRTL_AVL_COMPARE_ROUTINE CompareRoutine,
                                        PRTL_AVL_ALLOCATE_ROUTINE AllocateRoutine, PRTL_AVL_FREE_ROUTINE FreeRoutine,
                                        PVOID TableContext)
{
    memset(Table, 0, sizeof(*Table));
    Table->BalancedRoot.Parent = &Table->BalancedRoot;
    Table->CompareRoutine = CompareRoutine;
    Table->AllocateRoutine = AllocateRoutine;
    Table->FreeRoutine = FreeRoutine;
    Table->TableContext = TableContext;
}

static TABLE_SEARCH_RESULT RtlpSearch(PRTL_AVL_TABLE table, PVOID buffer, PRTL_BALANCED_LINKS *found)
{
    PRTL_BALANCED_LINKS node = table->BalancedRoot.RightChild;
    TABLE_SEARCH_RESULT result = TableEmptyTree;

    *found = NULL;
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

PVOID NTAPI RtlLookupElementGenericTableFullAvl(PRTL_AVL_TABLE Table, PVOID Buffer, PVOID *NodeOrParent,
                                                TABLE_SEARCH_RESULT *SearchResult)
{
    PRTL_BALANCED_LINKS node;

    *SearchResult = RtlpSearch(Table, Buffer, &node);
    *NodeOrParent = node;
    return *SearchResult == TableFoundNode ? RtlpElement(node)->Data : NULL;
}

PVOID NTAPI RtlLookupElementGenericTableAvl(PRTL_AVL_TABLE Table, PVOID Buffer)
{
    PRTL_BALANCED_LINKS node;

    return RtlpSearch(Table, Buffer, &node) == TableFoundNode ? RtlpElement(node)->Data : NULL;
}

/* The first in order of those that compare equal; *RestartKey continues an enumeration. */
PVOID NTAPI RtlLookupFirstMatchingElementGenericTableAvl(PRTL_AVL_TABLE Table, PVOID Buffer, PVOID *RestartKey)
{
    PRTL_BALANCED_LINKS node, previous;

    if (RtlpSearch(Table, Buffer, &node) != TableFoundNode)
        return NULL;
    while ((previous = RtlpAvlPrevious(&Table->BalancedRoot, node)) != NULL &&
           Table->CompareRoutine(Table, Buffer, RtlpElement(previous)->Data) == GenericEqual)
        node = previous;
    *RestartKey = node;
    return RtlpElement(node)->Data;
}

static VOID RtlpForgetOrder(PRTL_AVL_TABLE table)
{
    table->OrderedPointer = NULL;
    table->WhichOrderedElement = 0;
}

static RTLP_ELEMENT *RtlpAddElement(PRTL_AVL_TABLE table, PVOID buffer, CLONG size, PRTL_BALANCED_LINKS parent,
                                    TABLE_SEARCH_RESULT where)
{
    RTLP_ELEMENT *element = table->AllocateRoutine(table, size + (CLONG)sizeof(RTLP_ELEMENT));

    if (element == NULL)
        return NULL;
    memcpy(element->Data, buffer, size);
    if (where == TableEmptyTree)
        parent = &table->BalancedRoot;
    if (RtlpAvlInsert(&table->BalancedRoot, &element->Links, parent, where == TableInsertAsLeft))
        table->DepthOfTree++;
    table->NumberGenericTableElements++;
    RtlpForgetOrder(table);
    return element;
}

/* The search's results say where; the data are those of an equal element that is there already, NULL without memory. */
PVOID NTAPI RtlInsertElementGenericTableFullAvl(PRTL_AVL_TABLE Table, PVOID Buffer, CLONG BufferSize, PBOOLEAN NewElement,
                                                PVOID NodeOrParent, TABLE_SEARCH_RESULT SearchResult)
{
    RTLP_ELEMENT *element = NodeOrParent;

    if (SearchResult != TableFoundNode)
        element = RtlpAddElement(Table, Buffer, BufferSize, NodeOrParent, SearchResult);
    if (NewElement != NULL)
        *NewElement = element != NULL && SearchResult != TableFoundNode;
    return element != NULL ? element->Data : NULL;
}

PVOID NTAPI RtlInsertElementGenericTableAvl(PRTL_AVL_TABLE Table, PVOID Buffer, CLONG BufferSize, PBOOLEAN NewElement)
{
    PRTL_BALANCED_LINKS node;
    TABLE_SEARCH_RESULT result = RtlpSearch(Table, Buffer, &node);

    return RtlInsertElementGenericTableFullAvl(Table, Buffer, BufferSize, NewElement, node, result);
}

/* An enumeration that stands at the element goes on behind the one before it. */
BOOLEAN NTAPI RtlDeleteElementGenericTableAvl(PRTL_AVL_TABLE Table, PVOID Buffer)
{
    PRTL_BALANCED_LINKS node;

    if (RtlpSearch(Table, Buffer, &node) != TableFoundNode)
        return FALSE;
    if (Table->RestartKey == node)
        Table->RestartKey = RtlpAvlPrevious(&Table->BalancedRoot, node);
    if (RtlpAvlRemove(&Table->BalancedRoot, node))
        Table->DepthOfTree--;
    Table->NumberGenericTableElements--;
    Table->DeleteCount++;
    RtlpForgetOrder(Table);
    Table->FreeRoutine(Table, node);
    return TRUE;
}

/* *RestartKey NULL starts; the table must not change meanwhile. */
PVOID NTAPI RtlEnumerateGenericTableWithoutSplayingAvl(PRTL_AVL_TABLE Table, PVOID *RestartKey)
{
    PRTL_BALANCED_LINKS node = *RestartKey == NULL ? RtlpAvlFirst(&Table->BalancedRoot)
                                                   : RtlpAvlNext(&Table->BalancedRoot, *RestartKey);

    if (node == NULL)
        return NULL;
    *RestartKey = node;
    return RtlpElement(node)->Data;
}

PVOID NTAPI RtlEnumerateGenericTableAvl(PRTL_AVL_TABLE Table, BOOLEAN Restart)
{
    PVOID key = Restart ? NULL : Table->RestartKey, data = RtlEnumerateGenericTableWithoutSplayingAvl(Table, &key);

    Table->RestartKey = key;
    return data;
}

/* In sorted order, 0 first. The place of the last answer is kept, so that counting up is cheap. */
PVOID NTAPI RtlGetElementGenericTableAvl(PRTL_AVL_TABLE Table, ULONG I)
{
    if (I >= Table->NumberGenericTableElements)
        return NULL;
    if (Table->OrderedPointer == NULL || Table->WhichOrderedElement > I) {
        Table->OrderedPointer = RtlpAvlFirst(&Table->BalancedRoot);
        Table->WhichOrderedElement = 0;
    }
    for (; Table->WhichOrderedElement < I; Table->WhichOrderedElement++)
        Table->OrderedPointer = RtlpAvlNext(&Table->BalancedRoot, Table->OrderedPointer);
    return RtlpElement(Table->OrderedPointer)->Data;
}

ULONG NTAPI RtlNumberGenericTableElementsAvl(PRTL_AVL_TABLE Table)
{
    return Table->NumberGenericTableElements;
}

BOOLEAN NTAPI RtlIsGenericTableEmptyAvl(PRTL_AVL_TABLE Table)
{
    return Table->NumberGenericTableElements == 0;
}
