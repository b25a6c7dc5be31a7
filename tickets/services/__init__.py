"""What changes tickets and conversations: typed, keyword-only functions, one module per noun."""
