"""From a file to passages with vectors: uploads, the queue, reading, splitting, embedding."""
