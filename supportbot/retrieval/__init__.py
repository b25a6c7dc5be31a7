"""Questions → ranked passages. Reads knowledge; changes nothing."""
