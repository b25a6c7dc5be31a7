"""What the product does with tickets by itself: rules, and similar solved tickets."""
