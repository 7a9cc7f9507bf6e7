"""A response becomes a page: text, tree, links."""
