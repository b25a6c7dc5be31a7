"""The reader: a question and its best passages → how likely each unit answers it."""
