"""PDF: letters with places on a page → text in reading order, tables, headings and lists."""
