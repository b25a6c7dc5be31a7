"""Pictures of pages → text: the bundled models, or Tesseract where it is configured."""
