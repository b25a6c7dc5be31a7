"""The reader: a question and its best passages → which units answer it, and whether any does."""
