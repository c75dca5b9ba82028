//! XML as manifests use it.

use roxmltree::{Document, Node};

/// The 1-based line of an element.
pub(crate) fn line(document: &Document<'_>, node: Node<'_, '_>) -> usize {
    document.text_pos_at(node.range().start).row as usize
}

/// The elements of this name in `node`, whatever their name space.
pub(crate) fn children<'n, 'd>(node: Node<'n, 'd>, name: &'static str) -> impl Iterator<Item = Node<'n, 'd>> {
    node.children().filter(move |child| child.is_element() && child.tag_name().name() == name)
}

/// The first element of this name in `node`.
pub(crate) fn child<'n, 'd>(node: Node<'n, 'd>, name: &'static str) -> Option<Node<'n, 'd>> {
    children(node, name).next()
}

/// The text of the first element of this name in `node`, trimmed.
pub(crate) fn text<'n>(node: Node<'n, '_>, name: &'static str) -> Option<&'n str> {
    child(node, name)?.text().map(str::trim)
}
