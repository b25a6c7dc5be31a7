"""What search reads: embedding indexes, built and compared, and the entries of search by words."""
