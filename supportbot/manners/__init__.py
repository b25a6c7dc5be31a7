"""Messages that are no question to the documents, such as greetings and complaints, and replies."""
