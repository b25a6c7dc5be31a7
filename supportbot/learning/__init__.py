"""What the content team learns from customers and agents: what the documents do not answer."""
