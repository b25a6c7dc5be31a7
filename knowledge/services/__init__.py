"""What changes knowledge: typed, keyword-only functions, one module per noun."""
