"""What people say to a support chat that is no question to the documents, and how to reply."""
