"""What becomes of a version once it is read: checked, published, served, changed, retired."""
