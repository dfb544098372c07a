/* SPDX-License-Identifier: MIT
 * Splay links: binary trees whose last used node moves to the root. The root is its own parent. Callers synchronize.
 */
#include "rtlp.h"

static BOOLEAN RtlpIsRoot(PRTL_SPLAY_LINKS node) { return node->Parent == node; }

/* Puts New, which may be NULL, where Old is below its parent. */
static VOID RtlpReplaceChild(PRTL_SPLAY_LINKS old, PRTL_SPLAY_LINKS new)
{
    PRTL_SPLAY_LINKS parent = old->Parent;

    if (parent->LeftChild == old)
        parent->LeftChild = new;
    else
        parent->RightChild = new;
    if (new != NULL)
        new->Parent = parent;
}

static VOID RtlpSetLeft(PRTL_SPLAY_LINKS parent, PRTL_SPLAY_LINKS child)
{
    parent->LeftChild = child;
    if (child != NULL)
        child->Parent = parent;
}

static VOID RtlpSetRight(PRTL_SPLAY_LINKS parent, PRTL_SPLAY_LINKS child)
{
    parent->RightChild = child;
    if (child != NULL)
        child->Parent = parent;
}

/* Swaps a node with its parent, keeping the order. */
static VOID RtlpRotateUp(PRTL_SPLAY_LINKS node)
{
    PRTL_SPLAY_LINKS parent = node->Parent;

    if (RtlpIsRoot(parent))
        node->Parent = node;
    else
        RtlpReplaceChild(parent, node);
    if (parent->LeftChild == node) {
        RtlpSetLeft(parent, node->RightChild);
        RtlpSetRight(node, parent);
    } else {
        RtlpSetRight(parent, node->LeftChild);
        RtlpSetLeft(node, parent);
    }
}

/* Moves Links to the root, which it returns. */
PRTL_SPLAY_LINKS NTAPI RtlSplay(PRTL_SPLAY_LINKS Links)
{
    while (!RtlpIsRoot(Links)) {
        PRTL_SPLAY_LINKS parent = Links->Parent, grandparent = parent->Parent;
        if (!RtlpIsRoot(parent))
            RtlpRotateUp((parent->LeftChild == Links) == (grandparent->LeftChild == parent) ? parent : Links);
        RtlpRotateUp(Links);
    }
    return Links;
}

PRTL_SPLAY_LINKS NTAPI RtlSubtreeSuccessor(PRTL_SPLAY_LINKS Links)
{
    PRTL_SPLAY_LINKS node = Links->RightChild;

    while (node != NULL && node->LeftChild != NULL)
        node = node->LeftChild;
    return node;
}

PRTL_SPLAY_LINKS NTAPI RtlSubtreePredecessor(PRTL_SPLAY_LINKS Links)
{
    PRTL_SPLAY_LINKS node = Links->LeftChild;

    while (node != NULL && node->RightChild != NULL)
        node = node->RightChild;
    return node;
}

PRTL_SPLAY_LINKS NTAPI RtlRealSuccessor(PRTL_SPLAY_LINKS Links)
{
    if (Links->RightChild != NULL)
        return RtlSubtreeSuccessor(Links);
    while (!RtlpIsRoot(Links) && Links->Parent->RightChild == Links)
        Links = Links->Parent;
    return RtlpIsRoot(Links) ? NULL : Links->Parent;
}

PRTL_SPLAY_LINKS NTAPI RtlRealPredecessor(PRTL_SPLAY_LINKS Links)
{
    if (Links->LeftChild != NULL)
        return RtlSubtreePredecessor(Links);
    while (!RtlpIsRoot(Links) && Links->Parent->LeftChild == Links)
        Links = Links->Parent;
    return RtlpIsRoot(Links) ? NULL : Links->Parent;
}

/* Exchanges a node with two children and its subtree predecessor, which has no right child. */
static VOID RtlpSwapWithPredecessor(PRTL_SPLAY_LINKS node)
{
    PRTL_SPLAY_LINKS predecessor = RtlSubtreePredecessor(node), below = predecessor->LeftChild, above = predecessor->Parent;

    if (RtlpIsRoot(node))
        predecessor->Parent = predecessor;
    else
        RtlpReplaceChild(node, predecessor);
    RtlpSetRight(predecessor, node->RightChild);
    if (above == node) {
        RtlpSetLeft(predecessor, node);
    } else {
        RtlpSetLeft(predecessor, node->LeftChild);
        RtlpSetRight(above, node);
    }
    RtlpSetLeft(node, below);
    node->RightChild = NULL;
}

/* Takes the node out; the node that was above it then, or NULL with the new root in *Root. */
static PRTL_SPLAY_LINKS RtlpRemove(PRTL_SPLAY_LINKS node, PRTL_SPLAY_LINKS *root)
{
    PRTL_SPLAY_LINKS child;

    if (node->LeftChild != NULL && node->RightChild != NULL)
        RtlpSwapWithPredecessor(node);
    child = node->LeftChild != NULL ? node->LeftChild : node->RightChild;
    if (!RtlpIsRoot(node)) {
        RtlpReplaceChild(node, child);
        return node->Parent;
    }
    if (child != NULL)
        child->Parent = child;
    *root = child;
    return NULL;
}

/* The new root, NULL when the tree is empty now. */
PRTL_SPLAY_LINKS NTAPI RtlDelete(PRTL_SPLAY_LINKS Links)
{
    PRTL_SPLAY_LINKS root = NULL, above = RtlpRemove(Links, &root);

    return above != NULL ? RtlSplay(above) : root;
}

VOID NTAPI RtlDeleteNoSplay(PRTL_SPLAY_LINKS Links, PRTL_SPLAY_LINKS *Root)
{
    PRTL_SPLAY_LINKS above = RtlpRemove(Links, Root);

    if (above == NULL)
        return;
    while (!RtlpIsRoot(above))
        above = above->Parent;
    *Root = above;
}
