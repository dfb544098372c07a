/* SPDX-License-Identifier: MIT
 * Balancing of AVL trees (Knuth, volume 3, 6.2.3).
 */
#include "avl.h"

static VOID RtlpSetLeft(PRTL_BALANCED_LINKS parent, PRTL_BALANCED_LINKS child)
{
    parent->LeftChild = child;
    if (child != NULL)
        child->Parent = parent;
}

static VOID RtlpSetRight(PRTL_BALANCED_LINKS parent, PRTL_BALANCED_LINKS child)
{
    parent->RightChild = child;
    if (child != NULL)
        child->Parent = parent;
}

static VOID RtlpReplace(PRTL_BALANCED_LINKS old, PRTL_BALANCED_LINKS new)
{
    if (old->Parent->LeftChild == old)
        RtlpSetLeft(old->Parent, new);
    else
        RtlpSetRight(old->Parent, new);
}

/* Swaps a node with its parent, keeping the order; the balances are the caller's. */
static VOID RtlpRotateUp(PRTL_BALANCED_LINKS node)
{
    PRTL_BALANCED_LINKS parent = node->Parent;

    RtlpReplace(parent, node);
    if (parent->LeftChild == node) {
        RtlpSetLeft(parent, node->RightChild);
        RtlpSetRight(node, parent);
    } else {
        RtlpSetRight(parent, node->LeftChild);
        RtlpSetLeft(node, parent);
    }
}

/* Repairs a node that is two higher on one side (+1 right, -1 left). The new top of this subtree, and whether it is lower now. */
static PRTL_BALANCED_LINKS RtlpRebalance(PRTL_BALANCED_LINKS node, signed char side, BOOLEAN *isLower)
{
    PRTL_BALANCED_LINKS child = side > 0 ? node->RightChild : node->LeftChild, inner;

    *isLower = TRUE;
    if (child->Balance != -side) {
        *isLower = child->Balance != 0;
        node->Balance = child->Balance == 0 ? side : 0;
        child->Balance = child->Balance == 0 ? (signed char)-side : 0;
        RtlpRotateUp(child);
        return child;
    }
    inner = side > 0 ? child->LeftChild : child->RightChild;
    RtlpRotateUp(inner);
    RtlpRotateUp(inner);
    node->Balance = inner->Balance == side ? (signed char)-side : 0;
    child->Balance = inner->Balance == -side ? side : 0;
    inner->Balance = 0;
    return inner;
}

BOOLEAN RtlpAvlInsert(PRTL_BALANCED_LINKS Sentinel, PRTL_BALANCED_LINKS Node, PRTL_BALANCED_LINKS Parent, BOOLEAN AsLeft)
{
    BOOLEAN isLower;

    memset(Node, 0, sizeof(*Node));
    if (AsLeft)
        RtlpSetLeft(Parent, Node);
    else
        RtlpSetRight(Parent, Node);
    for (; Node->Parent != Sentinel; Node = Node->Parent) {
        signed char side = Node->Parent->LeftChild == Node ? -1 : 1;
        if (Node->Parent->Balance == side) {
            RtlpRebalance(Node->Parent, side, &isLower);
            return FALSE;
        }
        Node->Parent->Balance += side;
        if (Node->Parent->Balance == 0)
            return FALSE;
    }
    return TRUE;
}

/* Puts the successor of a node with two children into its place. Where the tree became lower: the node and its side. */
static PRTL_BALANCED_LINKS RtlpReplaceBySuccessor(PRTL_BALANCED_LINKS node, signed char *side)
{
    PRTL_BALANCED_LINKS successor = node->RightChild, lowered;

    while (successor->LeftChild != NULL)
        successor = successor->LeftChild;
    *side = successor->Parent == node ? 1 : -1;
    lowered = successor->Parent == node ? successor : successor->Parent;
    if (successor->Parent != node) {
        RtlpSetLeft(successor->Parent, successor->RightChild);
        RtlpSetRight(successor, node->RightChild);
    }
    RtlpSetLeft(successor, node->LeftChild);
    successor->Balance = node->Balance;
    RtlpReplace(node, successor);
    return lowered;
}

BOOLEAN RtlpAvlRemove(PRTL_BALANCED_LINKS Sentinel, PRTL_BALANCED_LINKS Node)
{
    PRTL_BALANCED_LINKS lowered = Node->Parent;
    signed char side = lowered->LeftChild == Node ? -1 : 1;   /* which of its sides became lower */
    BOOLEAN isLower;

    if (Node->LeftChild != NULL && Node->RightChild != NULL)
        lowered = RtlpReplaceBySuccessor(Node, &side);
    else
        RtlpReplace(Node, Node->LeftChild != NULL ? Node->LeftChild : Node->RightChild);
    while (lowered != Sentinel) {
        if (lowered->Balance == -side) {
            lowered = RtlpRebalance(lowered, (signed char)-side, &isLower);
            if (!isLower)
                return FALSE;
        } else {
            lowered->Balance = (signed char)(lowered->Balance - side);
            if (lowered->Balance != 0)
                return FALSE;
        }
        side = lowered->Parent->LeftChild == lowered ? -1 : 1;
        lowered = lowered->Parent;
    }
    return TRUE;
}

PRTL_BALANCED_LINKS RtlpAvlFirst(PRTL_BALANCED_LINKS Sentinel)
{
    PRTL_BALANCED_LINKS node = Sentinel->RightChild;

    while (node != NULL && node->LeftChild != NULL)
        node = node->LeftChild;
    return node;
}

PRTL_BALANCED_LINKS RtlpAvlNext(PRTL_BALANCED_LINKS Sentinel, PRTL_BALANCED_LINKS Node)
{
    if (Node->RightChild != NULL) {
        for (Node = Node->RightChild; Node->LeftChild != NULL; Node = Node->LeftChild)
            ;
        return Node;
    }
    while (Node->Parent != Sentinel && Node->Parent->RightChild == Node)
        Node = Node->Parent;
    return Node->Parent != Sentinel ? Node->Parent : NULL;
}

PRTL_BALANCED_LINKS RtlpAvlPrevious(PRTL_BALANCED_LINKS Sentinel, PRTL_BALANCED_LINKS Node)
{
    if (Node->LeftChild != NULL) {
        for (Node = Node->LeftChild; Node->RightChild != NULL; Node = Node->RightChild)
            ;
        return Node;
    }
    while (Node->Parent != Sentinel && Node->Parent->LeftChild == Node)
        Node = Node->Parent;
    return Node->Parent != Sentinel ? Node->Parent : NULL;
}
