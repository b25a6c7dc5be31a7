"""Pages of the web: fetching them safely and politely, and reading what is the page's own."""
