"""Office formats: zipped XML read part by part."""
