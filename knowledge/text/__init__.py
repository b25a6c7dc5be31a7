"""Text as people read it: sentences, list items, steps and table rows of a passage."""
