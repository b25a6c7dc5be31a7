"""Personal data in a text, by its form and its check digits; names and addresses by a model."""
